#include "emu/observe/recording/replay.hpp"

#include <algorithm>
#include <memory>

#include "emu/machine/user_error.hpp"
#include "emu/observe/recording/bytes.hpp"
#include "emu/observe/recording/decoder.hpp"

namespace hartbeat::observe::recording {
namespace {

std::string text_of(const Block& block) { return {block.bytes.begin(), block.bytes.end()}; }

std::shared_ptr<const ElfFile> file_of(const Block& block) {
  const auto zero = std::find(block.bytes.begin(), block.bytes.end(), std::uint8_t{0});
  if (zero == block.bytes.end()) throw Damage("a file in it has no name");
  return std::make_shared<const ElfFile>(
      ElfFile::parse({block.bytes.begin(), zero}, {zero + 1, block.bytes.end()}));
}

// Lets through what lies in a window.
class WindowGate final : public Listener {
 public:
  WindowGate(const Window& window, const EventHub& to) : window_(window), to_(to) {}
  Wants wants() const override {
    return {.traps = true,
            .walks = true,
            .fences = true,
            .ipis = true,
            .tracepoints = true,
            .retired = true,
            .commits = true};
  }
  void on(const TrapEvent& e) override { pass(e, to_.traps()); }
  void on(const TrapReturnEvent& e) override { pass(e, to_.traps()); }
  void on(const WalkEvent& e) override { pass(e, to_.walks()); }
  void on(const FenceEvent& e) override { pass(e, to_.fences()); }
  void on(const IpiEvent& e) override { pass(e, to_.ipis()); }
  void on(const TracepointEvent& e) override { pass(e, to_.tracepoints()); }
  void on(const RetireEvent& e) override { pass(e, to_.retired()); }
  void on(const ModelEvent& e) override { to_.emit(to_.commits(), e); }
  void on(const CommitEvent& e) override {
    if (inside(e.record.issue_cycle)) to_.emit(to_.commits(), e);
  }

 private:
  bool inside(std::uint64_t cycle) const { return cycle >= window_.from_cycle && cycle <= window_.to_cycle; }
  template <class Event>
  void pass(const Event& event, const Listeners& to) {
    if (inside(event.site.cycle.value)) to_.emit(to, event);
  }
  const Window& window_;
  const EventHub& to_;
};

}  // namespace

Replay::Replay(const std::string& path) : blocks_(path) { read_context(); }

Replay::Replay(std::string name, std::span<const std::uint8_t> bytes) : blocks_(std::move(name), bytes) {
  read_context();
}

// Everything but the events: in front of them, and behind.
void Replay::read_context() {
  try {
    bool known = false;
    std::vector<std::shared_ptr<const ElfFile>> files;
    const auto& index = blocks_.index();
    std::uint64_t at = blocks_.begin();
    while (at < blocks_.end()) {
      if (!index.empty() && at == index.front().offset) {  // behind the last one, the index goes on
        std::uint64_t behind = 0;
        blocks_.read(index.back().offset, behind);
        if (behind <= at) throw Damage("its index runs backwards");
        at = behind;
        continue;
      }
      const Block block = blocks_.read(at, at);
      if (block.kind == BlockKind::context) {
        context_ = context_from_json(text_of(block));
        known = true;
      }
      if (block.kind == BlockKind::file) files.push_back(file_of(block));
      if (block.kind == BlockKind::report) report_.json = text_of(block);
      if (block.kind == BlockKind::text) report_.screen = text_of(block);
      if (block.kind == BlockKind::full_text) report_.full = text_of(block);
    }
    if (!known) throw Damage("it does not say what was run");
    context_.files = std::move(files);
    context_.extensions();
  } catch (const UserError& error) {
    const std::string what = error.what();
    if (what.find(" is damaged: ") != std::string::npos) throw;
    blocks_.damaged(what);
  }
}

std::uint64_t Replay::retired() const {
  const auto& index = blocks_.index();
  return index.empty() ? 0 : index.back().retired_before + index.back().retired;
}

void Replay::run(const Window& window) {
  const bool whole = window.from_cycle == 0 && window.to_cycle == ~std::uint64_t{0};
  WindowGate gate(window, hub_);
  EventHub gated;
  gated.attach(gate);
  EventDecoder decoder(context_.harts, context_.extensions());
  for (const IndexEntry& entry : blocks_.index()) {
    if (entry.last_cycle < window.from_cycle || entry.first_cycle > window.to_cycle) continue;
    std::uint64_t next = 0;
    const Block block = blocks_.read(entry.offset, next);
    try {
      if (block.kind != BlockKind::events) throw Damage("its index points to something else than events");
      decoder.decode(block.bytes, whole ? hub_ : gated);
    } catch (const Damage& damage) {
      blocks_.damaged(damage.what());
    }
  }
}

}  // namespace hartbeat::observe::recording

// Any bytes as a recording: either a message for the user, or events. The first byte says what the rest is: an events
// block as it is before compression (even), or a file (odd).
#include <array>
#include <cstring>
#include <string>

#include "emu/observe/recording/block_file.hpp"
#include "emu/observe/recording/decoder.hpp"
#include "emu/observe/recording/encoder.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/isa/all_extensions.hpp"

namespace hartbeat::observe::recording {

namespace {

using fuzz::require;

constexpr unsigned harts = 2;

class Reader final : public Listener {
 public:
  Wants wants() const override {
    return {.traps = true,
            .walks = true,
            .fences = true,
            .ipis = true,
            .tracepoints = true,
            .retired = true,
            .commits = true};
  }
  void on(const TrapEvent& e) override { see(e.site); }
  void on(const TrapReturnEvent& e) override { see(e.site); }
  void on(const WalkEvent& e) override {
    see(e.site);
    require(e.walk->read_count <= e.walk->reads.size(), "a walk's reads are there");
  }
  void on(const FenceEvent& e) override { see(e.site); }
  void on(const IpiEvent& e) override { require(e.target.value < harts, "an IPI's target exists"); }
  void on(const TracepointEvent& e) override { see(e.site); }
  void on(const RetireEvent& e) override {
    see(e.site);
    require(e.operands->row < isa::row_count, "a retired instruction has a row");
    require(e.memory.size() <= 4 && e.csrs.size() <= 4, "effects are few");
  }
  void on(const CommitEvent& e) override { require(e.hart.value < harts, "a commit's hart exists"); }

 private:
  static void see(const EventSite& site) {
    require(site.hart.value < harts, "an event's hart exists");
    require(static_cast<unsigned>(site.privilege) != 2, "an event's privilege exists");
  }
};

void read(std::span<const std::uint8_t> bytes, bool is_file) {
  Reader reader;
  EventHub hub;
  hub.attach(reader);
  // Starts afresh with each block. Few bytes can stand for millions of instructions, all alike.
  static EventDecoder decoder(harts, isa::all_extensions(), 5000);
  if (!is_file) return decoder.decode(bytes, hub);
  BlockReader file("input", bytes);
  for (const IndexEntry& entry : file.index()) {
    std::uint64_t next = 0;
    const Block block = file.read(entry.offset, next);
    require(next > entry.offset, "blocks go forward");
    if (block.kind == BlockKind::events) decoder.decode(block.bytes, hub);
  }
}

}  // namespace

}  // namespace hartbeat::observe::recording

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hartbeat;
  if (size == 0) return 0;
  try {
    observe::recording::read({data + 1, size - 1}, (data[0] & 1) != 0);
  } catch (const UserError& error) {
    fuzz::require(std::strlen(error.what()) > 10, "an error says something");
  }
  return 0;
}

namespace hartbeat::fuzz {

namespace {

using namespace observe::recording;

// An event of each kind, and a few instructions.
std::vector<std::uint8_t> small_block(IndexEntry& entry) {
  const std::array<Start, harts> start{};
  EventEncoder encoder(start, true);
  EventSite site{HartId{0}, Cycle{0}, 0, VirtAddr{0}};
  mmu::Walk walk;
  walk.read_count = 2;
  walk.reads[0] = {PhysAddr{0x80001000}, 0x20000801, 2};
  walk.reads[1] = {PhysAddr{0x80002008}, 0x200010cf, 1};
  walk.address = PhysAddr{0x80004000};
  for (const std::uint32_t bits :
       {0x00100093u, 0x00008133u, 0x0000b183u, 0x0020b023u, 0xfe0098e3u, 0x30529073u}) {
    const isa::Decoded decoded = isa::decode(bits, isa::all_extensions());
    const MemoryEffect access{VirtAddr{1}, PhysAddr{1}, 7, 8, bits == 0x0020b023u};
    const CsrEffect csr{0x305, 0x80000100};
    RetireEvent event;
    event.site = site;
    event.bits = bits;
    event.length = 4;
    event.operands = &decoded.operands;
    event.next_pc = VirtAddr{site.pc.value + 4};
    event.writes_x = decoded.operands.rd != 0;
    event.rd_value = 7;
    if (bits == 0x0000b183u || bits == 0x0020b023u) event.memory = {&access, 1};
    if (bits == 0x30529073u) event.csrs = {&csr, 1};
    encoder.add(event);
    site = {HartId{0}, Cycle{site.cycle.value + 3}, site.instret + 1, VirtAddr{site.pc.value + 4}};
  }
  encoder.add(WalkEvent{site, VirtAddr{0x4000}, mmu::Access::load, &walk, {1, 2, 3}});
  encoder.add(TrapEvent{site, false, 13, 0x4000, mmu::Privilege::supervisor, &walk});
  site.hart = HartId{1};
  encoder.add(FenceEvent{site, true, true, VirtAddr{0x4000}, 3, 1, {0, 2, 300}});
  encoder.add(IpiEvent{site, HartId{0}, true});
  encoder.add(TracepointEvent{site, abi::Tracepoint::fork_end, {1, 2, 3, 4, 5, 6}});
  encoder.add(TrapReturnEvent{site, mmu::Privilege::user});
  encoder.add(CommitEvent{HartId{0}, {.commit_cycle = 4, .issue_cycle = 2, .bits = 0x00100093}});
  encoder.add(CommitEvent{HartId{0}, {.commit_cycle = 90, .issue_cycle = 70, .pc = 4, .bits = 0x00008133}});
  encoder.add(CommitEvent{HartId{1}, {.commit_cycle = 7, .issue_cycle = 1, .trapped = true, .cause = 3}});
  const auto raw = encoder.end_block(entry);
  return {raw.begin(), raw.end()};
}

void append(Input& input, std::span<const std::uint8_t> bytes) {
  input.insert(input.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::vector<Input> seeds() {
  IndexEntry entry;
  const std::vector<std::uint8_t> raw = small_block(entry);
  Input block{0}, file{1};
  append(block, raw);
  BlockCompressor compressor;
  append(file, file_header());
  entry.offset = file.size() - 1;
  append(file, compressor.block(BlockKind::events, raw));
  const std::uint64_t index = file.size() - 1;
  append(file, compressor.block(BlockKind::index, encode_index({&entry, 1})));
  append(file, trailer(index));
  return {block, block, block, file};
}

}  // namespace hartbeat::fuzz

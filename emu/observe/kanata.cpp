#include "emu/observe/kanata.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "emu/hart/names.hpp"
#include "emu/isa/disassemble.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

// Harts take turns by their clocks; one may be so many cycles ahead of what another still tells.
constexpr std::uint64_t most_skew = 20000;
constexpr std::uint64_t window = 1u << 15;  // cycles that are kept; a power of two
static_assert(window > most_skew);

struct Hex {
  std::uint64_t value;
};

void append(std::string& line, std::string_view text) { line += text; }
void append(std::string& line, std::uint64_t number) {
  char digits[20];
  line.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}
void append(std::string& line, Hex number) {
  char digits[16];
  line += "0x";
  line.append(digits, std::to_chars(digits, std::end(digits), number.value, 16).ptr);
}

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::string line;
  (append(line, parts), ...);
  return line;
}

}  // namespace

KanataTrace::KanataTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
    : places_(context),
      extensions_(context.extensions()),
      output_(std::move(output)),
      in_flight_(context.harts),
      walked_(context.harts),
      pending_(window) {
  output_->write("Kanata\t0004\n");
}

template <class... Parts>
void KanataTrace::command(std::uint64_t cycle, const Parts&... parts) {
  std::string& text = text_at(cycle);
  (append(text, parts), ...);
  text += '\n';
}

std::string& KanataTrace::text_at(std::uint64_t cycle) {
  if (behind_last_ == 0) first_ = cycle > most_skew ? cycle - most_skew : 0;
  cycle = std::max(cycle, first_);
  if (cycle - first_ >= window) settle(cycle - most_skew);
  behind_last_ = std::max(behind_last_, cycle + 1);
  return pending_[cycle % window];
}

void KanataTrace::settle(std::uint64_t cycle) {
  for (const std::uint64_t end = std::min(cycle, behind_last_); first_ < end; ++first_) {
    std::string& text = pending_[first_ % window];
    if (text.empty()) continue;
    output_->write(begun_ ? joined("C\t", first_ - now_, "\n") : joined("C=\t", first_, "\n"));
    output_->write(text);
    text.clear();
    begun_ = true;
    now_ = first_;
  }
  first_ = cycle;
}

KanataTrace::InFlight KanataTrace::begin(const EventSite& site, const std::string& text) {
  InFlight instruction{next_id_++, site.cycle.value, false, {}};
  const GuestPlaces::Function& function = places_.function(places_.at(site).function);
  const std::uint64_t cycle = site.cycle.value, id = instruction.id, hart = site.hart.value;
  command(cycle, "I\t", id, "\t", site.instret, "\t", hart);
  command(cycle, "L\t", id, "\t0\t", Hex{site.pc.value}, ": ", text);
  const char privilege[] = {privilege_letter(site.privilege), '\0'};
  command(cycle, "L\t", id, "\t1\thart ", hart, " ", privilege, " ", places_.name_of(places_.on(site.hart)),
          " ", function.object, ":", function.name);
  command(cycle, "S\t", id, "\t0\tIs");  // now, because behind a wfi the commit may come late
  instruction.walk = std::move(walked_[site.hart.value]);
  walked_[site.hart.value].clear();
  return instruction;
}

void KanataTrace::on(const RetireEvent& event) {
  if (!modelled_) return walked_[event.site.hart.value].clear();
  std::string text = isa::disassemble(event.bits, event.site.pc.value, extensions_);
  std::replace(text.begin(), text.end(), '\t', ' ');
  in_flight_[event.site.hart.value].push_back(begin(event.site, text));
}

void KanataTrace::on(const TrapEvent& event) {
  const std::string name = event.interrupt ? interrupt_name(event.cause) : exception_name(event.cause);
  if (modelled_) {
    InFlight trap = begin(event.site, "trap " + name);
    trap.trapped = true;
    in_flight_[event.site.hart.value].push_back(std::move(trap));
  }
  if (!event.interrupt) return;
  for (auto ipi = ipis_.begin(); ipi != ipis_.end();) {
    if (ipi->to != event.site.hart) {
      ++ipi;
      continue;
    }
    command(event.site.cycle.value, "E\t", ipi->id, "\t0\tIp");
    command(event.site.cycle.value, "R\t", ipi->id, "\t", next_retired_++, "\t0");
    ipi = ipis_.erase(ipi);
  }
}

void KanataTrace::on(const WalkEvent& event) {
  std::vector<WalkLevel>& levels = walked_[event.site.hart.value];
  for (unsigned i = 0; i < event.walk->read_count; ++i) {
    const mmu::PteRead& read = event.walk->reads[i];
    levels.push_back({read.level, joined("walk of ", Hex{event.address.value}, " level ", read.level, ": [",
                                         Hex{read.address.value}, "] = ", Hex{read.pte})});
  }
}

// A row of its own, from the store that raises the interrupt to the trap that takes it.
void KanataTrace::on(const IpiEvent& event) {
  const std::uint64_t cycle = event.site.cycle.value;
  command(cycle, "I\t", next_id_, "\t", event.site.instret, "\t", event.target.value);
  command(cycle, "L\t", next_id_, "\t0\tIPI from hart ", event.site.hart.value, " to hart ",
          event.target.value);
  command(cycle, "S\t", next_id_, "\t0\tIp");
  ipis_.push_back({next_id_++, event.site.hart, event.target});
}

void KanataTrace::stage(std::uint64_t id, unsigned lane, std::string_view name, std::uint64_t from,
                        std::uint64_t to) {
  command(from, "S\t", id, "\t", lane, "\t", name);
  command(to, "E\t", id, "\t", lane, "\t", name);
}

// The model tells when an instruction issues and when it commits; the reads of its walk share that time evenly.
void KanataTrace::walk_stages(const InFlight& instruction, std::uint64_t commit) {
  const std::uint64_t count = instruction.walk.size();
  if (count == 0 || commit <= instruction.issue) return;
  const std::uint64_t time = commit - instruction.issue;
  for (std::uint64_t i = 0; i < count; ++i) {
    const WalkLevel& level = instruction.walk[i];
    const std::uint64_t from = instruction.issue + time * i / count,
                        to = instruction.issue + time * (i + 1) / count;
    if (from == to) continue;
    command(from, "L\t", instruction.id, "\t1\t; ", level.label);
    stage(instruction.id, 1, joined("W", level.level), from, to);
  }
}

void KanataTrace::on(const CommitEvent& event) {
  std::deque<InFlight>& queue = in_flight_[event.hart.value];
  if (queue.empty()) return;
  const InFlight instruction = std::move(queue.front());
  queue.pop_front();
  const timing::TraceRecord& record = event.record;
  const std::uint64_t issue = instruction.issue, commit = std::max(record.commit_cycle, issue);
  const std::uint64_t issued = std::min(issue + 1, commit);
  command(issued, "E\t", instruction.id, "\t0\tIs");
  if (commit > issued) stage(instruction.id, 0, "Ex", issued, commit);
  walk_stages(instruction, commit);
  stage(instruction.id, 0, record.port == 0 ? "C0" : "C1", commit, commit + 1);
  command(commit + 1, "R\t", instruction.id, "\t", next_retired_++, "\t", instruction.trapped ? "1" : "0");
}

bool KanataTrace::finish() {
  settle(~std::uint64_t{0});
  return output_->flush();
}

}  // namespace hartbeat::observe

#include "emu/observe/kanata.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "emu/hart/names.hpp"
#include "emu/isa/disassemble.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

// Harts take turns by their clocks; one may be so many cycles ahead of what another still tells.
constexpr std::uint64_t most_skew = 20000;
constexpr std::size_t settle_at = 1u << 16;  // commands

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

KanataTrace::KanataTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
    : places_(context),
      extensions_(context.extensions()),
      output_(std::move(output)),
      in_flight_(context.harts),
      walked_(context.harts) {
  output_->write("Kanata\t0004\n");
}

void KanataTrace::write(std::uint64_t cycle, const std::string& text) {
  if (!begun_) {
    output_->write("C=\t" + number(cycle) + "\n");
    begun_ = true;
  } else if (cycle > now_) {
    output_->write("C\t" + number(cycle - now_) + "\n");
  }
  now_ = std::max(now_, cycle);
  output_->write(text);
}

void KanataTrace::command(std::uint64_t cycle, std::string text) {
  pending_.emplace(cycle, std::move(text += '\n'));
  if (pending_.size() > settle_at && pending_.rbegin()->first > most_skew)
    settle(pending_.rbegin()->first - most_skew);
}

void KanataTrace::settle(std::uint64_t cycle) {
  const auto end = pending_.lower_bound(cycle);
  for (auto at = pending_.begin(); at != end; ++at) write(at->first, at->second);
  pending_.erase(pending_.begin(), end);
}

KanataTrace::InFlight KanataTrace::begin(const EventSite& site, const std::string& text) {
  InFlight instruction{next_id_++, site.cycle.value, false, {}};
  const GuestPlaces::Function& function = places_.function(places_.at(site).function);
  const std::string id = number(instruction.id);
  command(site.cycle.value, "I\t" + id + "\t" + number(site.instret) + "\t" + number(site.hart.value));
  command(site.cycle.value, "L\t" + id + "\t0\t" + hex(site.pc.value) + ": " + text);
  command(site.cycle.value,
          "L\t" + id + "\t1\thart " + number(site.hart.value) + " " + privilege_letter(site.privilege) + " " +
              places_.name_of(places_.on(site.hart)) + " " + function.object + ":" + function.name);
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
    const std::string id = number(ipi->id);
    command(event.site.cycle.value, "E\t" + id + "\t0\tIp");
    command(event.site.cycle.value, "R\t" + id + "\t" + number(next_retired_++) + "\t0");
    ipi = ipis_.erase(ipi);
  }
}

void KanataTrace::on(const WalkEvent& event) {
  std::vector<WalkLevel>& levels = walked_[event.site.hart.value];
  for (unsigned i = 0; i < event.walk->read_count; ++i) {
    const mmu::PteRead& read = event.walk->reads[i];
    levels.push_back({read.level, "walk of " + hex(event.address.value) + " level " + number(read.level) +
                                      ": [" + hex(read.address.value) + "] = " + hex(read.pte)});
  }
}

// A row of its own, from the store that raises the interrupt to the trap that takes it.
void KanataTrace::on(const IpiEvent& event) {
  const std::uint64_t cycle = event.site.cycle.value;
  const std::string id = number(next_id_);
  command(cycle, "I\t" + id + "\t" + number(event.site.instret) + "\t" + number(event.target.value));
  command(cycle, "L\t" + id + "\t0\tIPI from hart " + number(event.site.hart.value) + " to hart " +
                     number(event.target.value));
  command(cycle, "S\t" + id + "\t0\tIp");
  ipis_.push_back({next_id_++, event.site.hart, event.target});
}

void KanataTrace::stage(std::uint64_t id, unsigned lane, const std::string& name, std::uint64_t from,
                        std::uint64_t to) {
  command(from, "S\t" + number(id) + "\t" + number(lane) + "\t" + name);
  command(to, "E\t" + number(id) + "\t" + number(lane) + "\t" + name);
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
    command(from, "L\t" + number(instruction.id) + "\t1\t; " + level.label);
    stage(instruction.id, 1, "W" + number(level.level), from, to);
  }
}

void KanataTrace::on(const CommitEvent& event) {
  std::deque<InFlight>& queue = in_flight_[event.hart.value];
  if (queue.empty()) return;
  const InFlight instruction = std::move(queue.front());
  queue.pop_front();
  const timing::TraceRecord& record = event.record;
  const std::uint64_t issue = instruction.issue, commit = std::max(record.commit_cycle, issue);
  if (commit > issue) {
    stage(instruction.id, 0, "Is", issue, issue + 1);
    if (commit > issue + 1) stage(instruction.id, 0, "Ex", issue + 1, commit);
  }
  walk_stages(instruction, commit);
  stage(instruction.id, 0, record.port == 0 ? "C0" : "C1", commit, commit + 1);
  command(commit + 1, "R\t" + number(instruction.id) + "\t" + number(next_retired_++) + "\t" +
                          (instruction.trapped ? "1" : "0"));
}

bool KanataTrace::finish() {
  settle(~std::uint64_t{0});
  return output_->flush();
}

}  // namespace hartbeat::observe

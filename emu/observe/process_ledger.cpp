#include "emu/observe/process_ledger.hpp"

#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

ProcessLedger::ProcessLedger(std::vector<HartView> harts)
    : harts_(std::move(harts)), running_(harts_.size()) {
  processes_.emplace_back();
  processes_.front().kind = ProcessFigures::Kind::boot;
  processes_.front().name = "firmware and boot";
}

void ProcessLedger::on(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  const auto& a = event.arguments;
  const EventSite& at = event.site;
  switch (event.number) {
    case process_switch: return switch_to(event);
    case process_name: return set_name(event);
    case fork_begin: return forks_.begin(at.hart, a[0], 0, at.cycle);
    case fork_end: return end_fork(event);
    case exit: processes_[index_of(a[0])].wait_status = a[1]; return;
    case syscall_enter: ++processes_[index_of(a[0])].system_calls; return;
    case fault_begin: return faults_.begin(at.hart, a[0], a[1], at.cycle);
    case fault_end: return end_fault(event);
    case copy_begin: return copies_.begin(at.hart, a[0], a[3], at.cycle);
    case copy_end: return end_copy(event);
    case shootdown_begin:
      if ((a[4] & ~(std::uint64_t{1} << (at.hart.value % 64))) != 0) ++processes_[index_of(a[1])].shootdowns;
      return;
    default: return;
  }
}

std::size_t ProcessLedger::add(std::uint64_t pid) {
  const std::size_t index = processes_.size();
  ProcessFigures& process = processes_.emplace_back();
  process.pid = pid;
  if (pid == 0) {
    process.kind = ProcessFigures::Kind::kernel;
    process.name = "kernel and idle";
  }
  latest_[pid] = index;
  return index;
}

std::size_t ProcessLedger::index_of(std::uint64_t pid) {
  const auto found = latest_.find(pid);
  return found == latest_.end() ? add(pid) : found->second;
}

void ProcessLedger::settle(std::size_t hart) {
  Running& running = running_[hart];
  const HartFigures now = figures_of(harts_[hart]);
  add_difference(processes_[running.process].ran, now, running.since);
  running.since = now;
}

void ProcessLedger::switch_to(const TracepointEvent& event) {
  const std::size_t hart = event.site.hart.value;
  if (hart >= harts_.size()) return;
  settle(hart);
  running_[hart].process = index_of(event.arguments[0]);
}

void ProcessLedger::finish() {
  for (std::size_t hart = 0; hart < harts_.size(); ++hart) settle(hart);
}

void ProcessLedger::set_name(const TracepointEvent& event) {
  processes_[index_of(event.arguments[0])].name = name_in(event.arguments);
}

// A child may have run, and even ended, before its parent's fork_end: then its row is there, without a
// parent.
void ProcessLedger::end_fork(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const std::size_t parent = index_of(a[0]);
  const auto cycles = forks_.end(event.site.hart, a[0], 0, event.site.cycle);
  processes_[parent].forks.cycles += cycles.value_or(0);
  if (static_cast<std::int64_t>(a[1]) <= 0) {
    ++processes_[parent].forks.failed;
    return;
  }
  std::size_t child = index_of(a[1]);
  if (processes_[child].parent) child = add(a[1]);  // an old number again
  processes_[child].parent = a[0];
  if (processes_[child].name.empty()) processes_[child].name = processes_[parent].name;
  ForkFigures& forks = processes_[parent].forks;
  ++forks.count;
  forks.page_table_bytes += a[2];
  forks.shared_pages += a[3];
}

void ProcessLedger::end_fault(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const auto cycles = faults_.end(event.site.hart, a[0], a[1], event.site.cycle);
  if (a[2] >= abi::fault_resolution_count) return;
  FaultFigures& faults = processes_[index_of(a[0])].faults;
  ++faults.count[a[2]];
  faults.cycles[a[2]] += cycles.value_or(0);
}

void ProcessLedger::end_copy(const TracepointEvent& event) {
  const auto& a = event.arguments;
  CopyFigures& copies = processes_[index_of(a[0])].copies;
  ++copies.pages;
  copies.bytes += a[4];
  copies.cycles += copies_.end(event.site.hart, a[0], a[3], event.site.cycle).value_or(0);
}

}  // namespace hartbeat::observe

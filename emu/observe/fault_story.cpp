#include "emu/observe/fault_story.hpp"

#include <algorithm>
#include <bit>

namespace hartbeat::observe {
namespace {

enum Moment : std::uint8_t { trap, begin_, decided, copy_begins, copy_ends, fenced, back };

constexpr VirtAddr page_of(VirtAddr address) { return {address.value >> page_shift << page_shift}; }

}  // namespace

StepCycles FaultRecord::steps() const {
  std::array<Cycle, fault_steps.size() + 1> at{};
  at.back() = moments.back().value_or(Cycle{});
  for (std::size_t i = moments.size() - 1; i > 0; --i) {
    at[i - 1] = std::min(moments[i - 1].value_or(at[i]), at[i]);
  }
  StepCycles cycles{};
  for (std::size_t i = 0; i < cycles.size(); ++i) cycles[i] = at[i + 1].value - at[i].value;
  return cycles;
}

std::uint64_t FaultRecord::cycles() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t step : steps()) sum += step;
  return sum;
}

FaultStory::PerHart& FaultStory::hart(HartId id) {
  if (id.value >= harts_.size()) harts_.resize(id.value + 1);
  return harts_[id.value];
}

void FaultStory::on(const TrapEvent& event) {
  const bool page_fault = event.cause == 12 || event.cause == 13 || event.cause == 15;
  if (event.interrupt || !page_fault || event.target == mmu::Privilege::machine) return;
  PerHart& here = hart(event.site.hart);
  if (here.trapped) finished_(*here.trapped);  // a kernel that tells nothing
  FaultRecord& fault = here.trapped.emplace();
  fault.number = ++faults_;
  fault.site = event.site;
  fault.cause = event.cause;
  fault.address = {event.tval};
  if (event.walk != nullptr) fault.walk = *event.walk;
  fault.moments[trap] = fault.moments[back] = event.site.cycle;
}

void FaultStory::on(const TrapReturnEvent& event) {
  const PerHart& here = hart(event.site.hart);
  if (here.returning && here.returning->site.privilege == event.target)
    leave(event.site.hart, event.site.cycle);
}

void FaultStory::on(const FenceEvent& event) {
  if (event.site.privilege != mmu::Privilege::supervisor) return;
  if (FaultRecord* fault = running_fault(event.site)) fault->moments[fenced] = event.site.cycle;
}

void FaultStory::on(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  switch (event.number) {
    case fault_begin: begin(event); break;
    case copy_decided: decide(event); break;
    case copy_begin: begin_copy(event); break;
    case copy_end: end_copy(event); break;
    case shootdown_begin: shoot(event); break;
    case shootdown_end:
      if (FaultRecord* fault = running_fault(event.site)) fault->moments[fenced] = event.site.cycle;
      break;
    case fault_end: end(event); break;
    case fault_message:
      if (auto& fault = hart(event.site.hart).returning; fault && fault->process == event.arguments[0])
        fault->signal = event.arguments[4];
      break;
    case process_switch: leave(event.site.hart, event.site.cycle); break;
    case exit: drop(event); break;
    default: break;
  }
  family_.hear(event);
}

FaultRecord* FaultStory::find(HartId on, std::uint64_t process, VirtAddr address) {
  FaultRecord* found = nullptr;
  for (FaultRecord& fault : open_) {
    if (fault.process != process || page_of(fault.address) != page_of(address)) continue;
    found = &fault;
    if (fault.site.hart == on) break;
  }
  return found;
}

FaultRecord* FaultStory::running_fault(const EventSite& site) {
  for (FaultRecord& fault : open_) {
    if (fault.site.hart == site.hart && fault.process == family_.running_on(site.hart)) return &fault;
  }
  return nullptr;
}

void FaultStory::begin(const TracepointEvent& event) {
  const auto& a = event.arguments;
  PerHart& here = hart(event.site.hart);
  if (!here.trapped || here.trapped->address.value != a[1]) {
    if (here.trapped) finished_(*here.trapped);
    here.trapped.emplace();
    here.trapped->number = ++faults_;
    here.trapped->site = event.site;
    here.trapped->site.pc = {a[3]};
    here.trapped->address = {a[1]};
    here.trapped->cause = a[2];
  }
  FaultRecord fault = std::move(*here.trapped);
  here.trapped.reset();
  fault.told = true;
  fault.process = a[0];
  fault.program = family_.member(a[0]).name;
  fault.moments[begin_] = event.site.cycle;
  open_.push_back(std::move(fault));
}

void FaultStory::decide(const TracepointEvent& event) {
  const auto& a = event.arguments;
  FaultRecord* fault = find(event.site.hart, a[0], {a[1]});
  if (fault == nullptr) return;
  fault->moments[decided] = event.site.cycle;
  fault->range = MappedRange{.first = {a[2]},
                             .end = {a[3]},
                             .protection = a[4] & abi::range_protection,
                             .grows_down = (a[4] & abi::range_grows_down) != 0,
                             .of_file = (a[4] & abi::range_of_file) != 0,
                             .references = a[5]};
}

void FaultStory::begin_copy(const TracepointEvent& event) {
  if (FaultRecord* fault = find(event.site.hart, event.arguments[0], {event.arguments[1]})) {
    fault->moments[copy_begins] = event.site.cycle;
  }
}

void FaultStory::end_copy(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const CopyPart copy{copies_++, a[2], a[3], a[4]};
  ProcessFamily::Member& member = family_.member(a[0]);
  if (FaultRecord* fault = find(event.site.hart, a[0], {a[1]})) {
    fault->moments[copy_ends] = event.site.cycle;
    fault->copy = copy;
    if (!fault->range || !fault->range->of_file) fault->fork = member.last_fork;
    return;
  }
  FaultRecord alone;  // the kernel writes to the user's page itself, in a system call
  alone.site = event.site;
  alone.address = {a[1]};
  alone.told = true;
  alone.process = a[0];
  alone.program = member.name;
  alone.copy = copy;
  alone.fork = member.last_fork;
  alone.system_call = member.system_call;
  alone.moments[back] = event.site.cycle;
  finished_(alone);
}

void FaultStory::shoot(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const std::uint64_t others = a[4] & ~(std::uint64_t{1} << (event.site.hart.value % 64));
  FaultRecord* fault = running_fault(event.site);
  if (fault == nullptr || fault->process != a[1] || others == 0) return;
  fault->shootdown = a[0];
  fault->shootdown_targets = static_cast<std::uint64_t>(std::popcount(others));
}

void FaultStory::end(const TracepointEvent& event) {
  const auto& a = event.arguments;
  FaultRecord* found = find(event.site.hart, a[0], {a[1]});
  if (found == nullptr) return;
  FaultRecord fault = std::move(*found);
  open_.erase(open_.begin() + (found - open_.data()));
  if (a[2] < abi::fault_resolution_count) fault.resolution = static_cast<abi::FaultResolution>(a[2]);
  fault.before = a[3];
  fault.after = a[4];
  const Cycle copied = fault.moments[copy_ends].value_or(Cycle{});
  fault.moments[fenced] = std::max(fault.moments[fenced].value_or(event.site.cycle), copied);
  fault.moments[back] = event.site.cycle;
  leave(event.site.hart, event.site.cycle);
  hart(event.site.hart).returning = std::move(fault);
}

void FaultStory::leave(HartId id, Cycle at) {
  auto& returning = hart(id).returning;
  if (!returning) return;
  returning->moments[back] = at;
  finished_(*returning);
  returning.reset();
}

// A process ends. If a fault's signal was what ended it, it has not been back since.
void FaultStory::drop(const TracepointEvent& event) {
  const std::uint64_t process = event.arguments[0];
  const Cycle at = event.site.cycle;
  auto& returning = hart(event.site.hart).returning;
  if (returning && returning->process == process && returning->signal != 0) {
    returning->fatal = (event.arguments[1] & 0x7f) == returning->signal;
    leave(event.site.hart, at);
  }
  for (FaultRecord& fault : open_) {
    if (fault.process != process) continue;
    fault.moments[back] = at;
    finished_(fault);
  }
  std::erase_if(open_, [&](const FaultRecord& fault) { return fault.process == process; });
}

void FaultStory::finish() {
  for (PerHart& here : harts_) {
    if (here.trapped) finished_(*here.trapped);
    if (here.returning) finished_(*here.returning);
    here = {};
  }
  for (const FaultRecord& fault : open_) finished_(fault);
  open_.clear();
}

}  // namespace hartbeat::observe

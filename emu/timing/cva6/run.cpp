#include "emu/timing/cva6/lane.hpp"

#include <algorithm>
#include <utility>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/trap.hpp"

namespace hartbeat::timing::cva6 {
namespace {

// The core's fence, on the functional TLBs: usually what SFENCE.VMA has done already, sometimes more
// (core.cpp, fence_operand).
void repeat_fence(Hart& hart, const TlbFlush& fence) {
  FenceOperands operands;
  if (fence.address) operands.address = VirtAddr{fence.address};
  if (fence.asid) operands.asid = fence.asid;
  extend_fence(hart, hart.clock, hart.pc, operands);
}

}  // namespace

Cva6Run::Cva6Run(System& system, Cva6Parameters parameters) : system_(system) {
  std::vector<const HartView*> views;
  for (const auto& hart : system.harts) {
    lanes_.push_back(std::make_unique<Lane>(*hart));
    hart->recorder = &lanes_.back()->recorder;
    views.push_back(&lanes_.back()->view);
  }
  parameters.boot_address = system.harts.front()->pc;
  // The functional core executes from all RAM, and so must the model; the RTL has one GiB of it.
  parameters.executable_length = std::max(parameters.executable_length, system.ram.size());
  timing_ = std::make_unique<Cva6Timing>(parameters, views, system.harts[0]->config.extensions);
  std::uint64_t now = 0;  // those that sleep have stayed behind
  for (const auto& hart : system.harts) now = std::max(now, hart->clock);
  for (const auto& lane : lanes_) {
    Hart& hart = lane->hart;
    if (hart.sleeping) system.wake(hart, now, nullptr);
    account_privilege(hart, hart.clock);
    hart.op = nullptr;
    lane->core = &timing_->core(hart.id.value);
    Retirement state;
    tell_state(hart, state);
    lane->core->take_over(hart.clock, hart.pc, state);
    lane->cycle = hart.clock;
    lane->cycles_by_privilege = hart.counters.cycles_by_privilege;
    const WtAxiAdapter& adapter = lane->core->adapter();
    hpm::follow_model(hart.hpm,
                      {&lane->core->mispredictions(), &adapter.icache_refills(), &adapter.dcache_refills()});
  }
  queue_.resize(lanes_.size());
  line_delay_ = device_distance + parameters.memory.ipi_wire_delay;
  invalidation_latency_ = parameters.memory.invalidation_latency;
  system.in_blocks = false;
  take_over_clint();
}

Cva6Run::~Cva6Run() {
  for (const auto& lane : lanes_) {
    hpm::follow_model(lane->hart.hpm, {});
    lane->hart.recorder = nullptr;
  }
}

// The interrupt wires as the functional run left them.
void Cva6Run::take_over_clint() {
  ClintWires& wires = timing_->interconnect().clint;
  std::uint64_t now = 0;
  for (const auto& lane : lanes_) now = std::max(now, lane->hart.clock);
  if (now == 0) return;  // reset
  const auto copy = [&](std::uint64_t offset, std::uint64_t more) {
    std::uint64_t value = 0;
    if (system_.platform.read(PhysAddr{ClintWires::base + offset}, 8, Cycle{now}, value))
      wires.write(ClintWires::base + offset, value + more, 0xFF, now);
  };
  for (unsigned hart = 0; hart < lanes_.size(); ++hart) {
    if (hart % 2 == 0) copy(4 * hart, 0);
    copy(0x4000 + 8 * hart, 0);
  }
  copy(0xBFF8, 1);  // a write takes the cycle
}

void Cva6Run::run() {
  some_sleep_ = true;  // somebody else may have moved the harts
  glides_ = system_.harts.front()->config.extensions.has(isa::Extension::c);
  listens_ = system_.events.wants_retired();
  tell_lines(lanes_[last_]->core->cycle());
  while (system_.stop == Stop::none) {
    const std::optional<unsigned> first = next_lane();
    if (!first) return system_.end(Stop::deadlock, 1);
    Lane& lane = *lanes_[*first];
    if (lane.sleeps) lane.core->sleep_until(lane.moment);
    last_ = *first;
    advance(lane);
  }
  level();
}

// Where the run stops for harts other than the one that stops it is not to depend on how far they may be ahead of each other,
// nor on what the memo has come to know.
void Cva6Run::level() {
  const std::uint64_t now = lanes_[last_]->core->cycle();
  timing_->want_all_nodes(true);
  for (const auto& lane : lanes_) {
    if (lane->hart.id.value == last_) continue;
    const std::uint64_t moment = next_moment(*lane);
    if (lane->sleeps) {
      lane->core->sleep_until(std::min(now, moment));
    } else if (glides_) {
      keep_due(*lane);
      lane->core->enter_node();
      stretch(*lane, now);
    }
  }
  timing_->want_all_nodes(false);
}

// Lines that have been moved in this cycle, by whoever: no hart hears of it sooner than a store reaches a device, and a wire's
// end.
void Cva6Run::tell_lines(std::uint64_t cycle) {
  for (const auto& lane : lanes_)
    if (lines_moved(*lane) && lane->hears_at == never_cycle) lane->hears_at = cycle + line_delay_;
}

bool Cva6Run::lines_moved(const Lane& lane) {
  return (pending_interrupts(lane.hart) & told_lines) != lane.seen_mip;
}

// The hart whose turn it is: the smallest moment, ties to the smallest id; the others' set the horizon. None
// when all sleep and nothing will wake one.
std::optional<unsigned> Cva6Run::next_lane() {
  if (!some_sleep_ && !lanes_[last_]->core->asleep()) {  // only the last one has moved
    queue_last();
    const unsigned first = queue_[0] & queue_id;
    others_ = queue_.size() > 1 ? queue_[1] >> queue_shift : never_cycle;
    horizon_ = others_ == never_cycle ? never_cycle : others_ + (first < (queue_[1] & queue_id) ? 1 : 0);
    return first;
  }
  unsigned first = 0;
  all_asleep_ = true;
  some_sleep_ = false;
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    lane.moment = next_moment(lane);
    queue_[i] = lane.moment << queue_shift | i;
    all_asleep_ = all_asleep_ && lane.sleeps;
    some_sleep_ = some_sleep_ || lane.core->asleep();
    if (lane.moment < lanes_[first]->moment) first = i;
  }
  std::sort(queue_.begin(), queue_.end());
  const std::uint64_t moment = lanes_[first]->moment;
  horizon_ = others_ = never_cycle;
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    if (i == first) continue;
    Lane& lane = *lanes_[i];
    if (lane.moment != never_cycle) horizon_ = std::min(horizon_, lane.moment + (first < i ? 1 : 0));
    others_ = std::min(others_, lane.moment);
    if (lane.sleeps && moment != never_cycle) lane.core->sleep_until(std::min(moment, lane.moment));
  }
  return moment == never_cycle ? std::nullopt : std::optional(first);
}

// The hart whose turn it was, and who stood first, to its new place.
void Cva6Run::queue_last() {
  const std::uint64_t place = lanes_[last_]->core->cycle() << queue_shift | last_;
  unsigned i = 0;
  for (; i + 1 < queue_.size() && queue_[i + 1] < place; ++i) queue_[i] = queue_[i + 1];
  queue_[i] = place;
}

// When a hart has something to do.
std::uint64_t Cva6Run::next_moment(Lane& lane) {
  Core& core = *lane.core;
  lane.sleeps = core.asleep() && core.dormant();
  if (!lane.sleeps) return core.cycle();
  return std::max(core.cycle(),
                  std::min({core.wake(), lane.hears_at, system_.next_event, system_.clock_limit}));
}

void Cva6Run::drain() {
  for (const auto& lane : lanes_) {
    if (!lane->core->asleep()) timing_->drain(lane->hart.id.value);
  }
  settle();
}

void Cva6Run::settle() {
  for (const auto& lane : lanes_) {
    set_clock(lane->hart, lane->core->cycle());
    account_privilege(lane->hart, lane->hart.clock);  // instructions
    settle(*lane, lane->hart.privilege);
  }
}

void Cva6Run::count_stalls(bool on) {
  settle();
  if (on && !counting_) uncounted_ = timing_->interconnect().counters();
  counting_ = on;
}

// Gives the cycles since the last time, and their causes, to a privilege. The model's cycles are what counts:
// the functional core sees an instruction's clock only while it executes.
void Cva6Run::settle(Lane& lane, Privilege privilege) {
  const unsigned level = static_cast<unsigned>(privilege);
  HartCounters& counters = lane.hart.counters;
  const StallCounters& stalls = lane.core->stalls();
  for (unsigned i = 0; i < stalls.cycles.size(); ++i) {
    const std::uint64_t more = stalls.cycles[i] - lane.stalls.cycles[i];
    if (counting_) counters.stalls[level][i] += more;
    if (static_cast<Stall>(i) == Stall::wfi) counters.wfi_cycles += more;
  }
  lane.stalls = stalls;
  lane.cycles_by_privilege[level] += lane.core->cycle() - lane.cycle;
  lane.cycle = lane.core->cycle();
  counters.cycles_by_privilege = lane.cycles_by_privilege;
  lane.hart.stats_clock = lane.cycle;
}

bool Cva6Run::is_due(const Lane& lane) const {
  return lane.core->cycle() >= lane.due_at || system_.code.wants_collection() || limit_reached(lane.hart);
}

bool Cva6Run::limit_reached(const Hart& hart) const {
  return hart.instret_at(hart.clock) >= system_.instret_limit;
}

// Nothing is due, and will not be before this cycle and so many instructions.
void Cva6Run::keep_due(Lane& lane) const {
  lane.due_at = std::min({system_.next_event, system_.clock_limit, system_.poll_at, lane.hears_at});
  lane.due_after = system_.instret_limit - lane.hart.instret_at(lane.hart.clock);
}

// Device events and limits at the model's time, when all harts have come there. False: the run stops.
bool Cva6Run::attend(Lane& lane) {
  Hart& hart = lane.hart;
  set_clock(hart, lane.core->cycle());
  if (system_.next_event <= hart.clock) {
    const std::size_t dropped = system_.code.dropped();
    system_.handle_events(hart.clock, all_asleep_);
    tell_lines(hart.clock);
    if (system_.code.dropped() != dropped) leave_blocks();  // a device has written over them
  }
  if (hart.clock >= system_.clock_limit || limit_reached(hart)) system_.end(Stop::limit, 0);
  if (hart.clock >= system_.poll_at) {
    system_.poll_at = hart.clock + poll_interval;
    if (system_.keep_going && !system_.keep_going()) system_.end(Stop::interrupted, 130);
  }
  if (system_.code.wants_collection()) {
    leave_blocks();
    system_.code.collect();
  }
  if (hart.clock >= lane.hears_at) {
    lane.hears_at = never_cycle;
    lane.seen_mip = pending_interrupts(hart) & told_lines;
    lane.core->set_external_lines(lane.seen_mip);
  }
  keep_due(lane);
  return system_.stop == Stop::none;
}

void Cva6Run::leave_blocks() {
  for (const auto& hart : system_.harts) hart->op = nullptr;
}

// The core's fence has committed: it reaches the functional TLBs in the same cycle.
void Cva6Run::follow_fence(Lane& lane) {
  if (lane.core->fences() == lane.seen_fences) return;
  lane.seen_fences = lane.core->fences();
  set_clock(lane.hart, lane.core->cycle());
  repeat_fence(lane.hart, lane.core->last_fence());
}

}  // namespace hartbeat::timing::cva6

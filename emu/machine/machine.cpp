#include "emu/machine/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emu/hart/csr.hpp"
#include "emu/hart/engine.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/names.hpp"
#include "emu/hart/recorder.hpp"
#include "emu/hart/trap.hpp"
#include "emu/machine/loader.hpp"
#include "emu/timing/cva6/run.hpp"

namespace hartbeat {

Machine::Machine(const MachineConfig& config)
    : config_(config),
      platform_(std::make_unique<Platform>(config_.platform, static_cast<Board&>(*this))),
      system_(std::make_unique<System>(*platform_, config_.hart, config_.platform.harts,
                                       fast_handlers(config_.platform.harts > 1))) {}

// A hart's commits as events.
class Machine::CommitPort final : public timing::TraceSink {
 public:
  CommitPort(const EventHub& events, HartId hart) : events_(events), hart_(hart) {}
  void on_commit(const timing::TraceRecord& record) override {
    events_.emit(events_.commits(), CommitEvent{hart_, record});
  }

 private:
  const EventHub& events_;
  HartId hart_;
};

Machine::~Machine() = default;

void Machine::boot(const Image& image) {
  place(image, *platform_);
  if (config_.reset == ResetTarget::rom) return;
  for (const auto& hart : system_->harts) {
    hart->pc = image.target.entry;
    hart->x[10] = hart->id.value;
    hart->x[11] = image.target.device_tree;
    hart->x[12] = BootRom::base.value + boot_info_offset;
  }
}

void Machine::set_interrupt(HartId hart, unsigned mip_bit, bool level) {
  if (system_) system_->set_interrupt(hart, mip_bit, level);
}

void Machine::memory_written(PhysAddr address, std::uint64_t length) {
  std::uint64_t at = address.value;
  const std::uint64_t end = at + length;
  while (at < end) {
    const std::uint64_t page_end = (at | page_offset_mask) + 1;
    const std::uint64_t part = std::min(end, page_end) - at;
    system_->written(nullptr, 0, at, static_cast<unsigned>(part));
    at += part;
  }
}

void Machine::event_moved() {
  if (system_) system_->event_moved();
}

void Machine::power_off(int status) { system_->end(Stop::power_off, status); }

void Machine::reset() { system_->end(Stop::reset, 0); }

void Machine::time_only(const TimingRegion& region) {
  region_ = region;
  region_watch_ = std::make_unique<RegionWatch>(*system_, region);
  attach(*region_watch_);
  const bool at_once = region.from.kind == TimingPoint::Kind::none;
  begin_part(!at_once ? TimingPart::before : region.warm != 0 ? TimingPart::warming : TimingPart::inside);
}

void Machine::begin_part(TimingPart part) {
  account_part();
  part_ = part;
  part_instret_ = part_cycle_ = ~std::uint64_t{0};
  TimingPoint end;
  if (part == TimingPart::before) end = region_.from;
  if (part == TimingPart::inside) end = region_.to;
  if (part == TimingPart::warming) {
    end = {TimingPoint::Kind::instret, region_.warm};
    std::uint64_t most = 0;
    for (unsigned i = 0; i < hart_count(); ++i) most = std::max(most, counters(HartId{i}).instret);
    end.value += most;
  }
  if (end.kind == TimingPoint::Kind::instret) part_instret_ = end.value;
  if (end.kind == TimingPoint::Kind::cycle) part_cycle_ = end.value;
  region_watch_->arm(end);
  if (cycle_model_) cycle_model_->count_stalls(part == TimingPart::inside);
}

const std::array<TimingPartFigures, 4>& Machine::timing_parts() {
  account_part();
  return parts_;
}

void Machine::account_part() {
  TimingPartFigures now;
  for (unsigned i = 0; i < hart_count(); ++i) {
    const HartCounters& counted = counters(HartId{i});
    now.instret += counted.instret;
    now.cycles += counted.cycles;
  }
  TimingPartFigures& part = parts_[static_cast<unsigned>(part_)];
  part.instret += now.instret - accounted_.instret;
  part.cycles += now.cycles - accounted_.cycles;
  accounted_ = now;
}

// The model takes over harts that run: one in wfi goes on behind it, as the specification lets it. Its sleep belongs
// to the part that ends.
void Machine::wake_sleepers() {
  std::uint64_t now = 0;
  for (const auto& hart : system_->harts) now = std::max(now, hart->clock);
  for (const auto& hart : system_->harts) {
    if (hart->sleeping) system_->wake(*hart, now, nullptr);
  }
}

void Machine::set_limits(const RunLimits& limits) {
  system_->clock_limit = std::min(limits.max_cycles, part_cycle_);
  system_->instret_limit = std::min(limits.max_instret, part_instret_);
  system_->event_moved();
}

bool Machine::at_limit_of_part() const {
  return std::any_of(system_->harts.begin(), system_->harts.end(), [&](const auto& hart) {
    return hart->clock >= part_cycle_ || hart->instret_at(hart->clock) >= part_instret_;
  });
}

bool Machine::goes_on(const RunLimits& limits) {
  System& system = *system_;
  if (system.stop != Stop::engine && system.stop != Stop::limit) return false;
  system.telling = nullptr;
  const bool watched = region_watch_ && region_watch_->reached();
  const bool end_of_part = watched || (system.stop == Stop::limit && at_limit_of_part());
  if (!end_of_part) return system.stop == Stop::engine;
  system.stop = Stop::none;
  switch (part_) {
    case TimingPart::before:
      wake_sleepers();
      begin_part(region_.warm != 0 ? TimingPart::warming : TimingPart::inside);
      break;
    case TimingPart::warming: begin_part(TimingPart::inside); break;
    default:
      leave_cycle_model();
      begin_part(TimingPart::after);
      break;
  }
  set_limits(limits);
  return true;
}

RunResult Machine::run(const RunLimits& limits) {
  System& system = *system_;
  system.stop = Stop::none;
  system.exit_status = 0;
  system.keep_going = limits.keep_going;
  set_limits(limits);
  do {
    if (system.stop == Stop::engine) system.stop = Stop::none;
    run_engine();
  } while (goes_on(limits));
  system.telling = nullptr;
  platform_->flush();
  RunResult result{system.stop, system.exit_status, {}};
  if (system.stop == Stop::deadlock || system.stop == Stop::trap_loop) result.diagnosis = diagnose();
  return result;
}

void Machine::trace_commits() {
  commit_ports_.clear();
  Listener* const only = system_->events.commits().only();
  for (unsigned i = 0; i < hart_count(); ++i) {
    timing::TraceSink* sink = only != nullptr ? only->commits_of(HartId{i}) : nullptr;
    if (sink == nullptr) {
      commit_ports_.push_back(std::make_unique<CommitPort>(system_->events, HartId{i}));
      sink = commit_ports_.back().get();
    }
    cycle_model_->timing().core(i).set_trace(sink);
  }
}

void Machine::trace_retirements() {
  Listener* const only = system_->events.retired().only();
  for (const auto& hart : system_->harts)
    hart->recorder->sink = only != nullptr ? only->retirements_of(hart->id) : nullptr;
}

void Machine::run_cycle_model() {
  system_->engine_may_change = false;
  if (!cycle_model_) {
    cycle_model_ = std::make_unique<timing::cva6::Cva6Run>(*system_, config_.cva6);
    if (!system_->events.commits().empty()) trace_commits();
    cycle_model_->count_stalls(part_ == TimingPart::inside);
  }
  trace_retirements();
  cycle_model_->run();
  // Where the run may go on, nothing but the stop has happened; else what is in flight has its end, too.
  const Stop stop = system_->stop;
  const bool may_go_on = stop == Stop::limit || stop == Stop::interrupted || stop == Stop::engine;
  if (!may_go_on) cycle_model_->drain();
  cycle_model_->settle();
}

void Machine::leave_cycle_model() {
  cycle_model_->drain();
  left_memory_counters_ = cycle_model_->memory_counters();
  cycle_model_.reset();
  for (const auto& hart : system_->harts) hart->op = nullptr;
}

void Machine::run_engine() {
  System& system = *system_;
  const bool modelled = part_ == TimingPart::warming || part_ == TimingPart::inside;
  if (modelled != told_modelled_) system.events.emit(system.events.commits(), ModelEvent{modelled});
  told_modelled_ = modelled;
  if (config_.timing == "cva6" && modelled) return run_cycle_model();
  system.engine_may_change = !system.events.wants_retired();
  system.engine_observes = system.events.wants_retired() || system.counters_need_instructions();
  if (system.engine_observes) {
    std::vector<Recorder> recorders(hart_count());
    for (unsigned i = 0; i < hart_count(); ++i) system.harts[i]->recorder = &recorders[i];
    run_observed(system);
    for (const auto& hart : system.harts) hart->recorder = nullptr;
  } else {
    run_fast(system);
  }
}

const HartCounters& Machine::counters(HartId id) {
  Hart& h = hart(id);
  if (cycle_model_ && !system_->telling) cycle_model_->settle();
  const std::uint64_t now = system_->clock_of(h);
  account_privilege(h, now);
  fold_access_counts(h);
  h.counters.cycles = now;
  h.counters.instret = h.instret_at(now);
  h.counters.blocks_decoded = system_->code.blocks_decoded();
  return h.counters;
}

timing::MemoryCounters Machine::memory_counters() const {
  return cycle_model_ ? cycle_model_->memory_counters() : left_memory_counters_;
}

std::string Machine::diagnose() const {
  std::string text;
  for (const auto& hart : system_->harts) {
    text += fmt::format(
        "hart {}: {} at pc {:#x} in {}-mode, {} instructions retired; last trap {} (xtval {:#x})\n",
        hart->id.value, hart->sleeping ? fmt::format("asleep in {}", hart->asleep_in()) : "running", hart->pc,
        privilege_letter(hart->privilege), hart->instret_at(hart->clock), exception_name(hart->trap.code),
        hart->trap.value);
  }
  return text;
}

}  // namespace hartbeat

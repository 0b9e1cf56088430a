#include "emu/machine/machine.hpp"

#include <fmt/format.h>

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
                                       fast_handlers(config_.platform.harts > 1))),
      commit_sinks_(config_.platform.harts) {}

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
    system_->written(nullptr, at, static_cast<unsigned>(part));
    at += part;
  }
}

void Machine::event_moved() {
  if (system_) system_->event_moved();
}

void Machine::power_off(int status) { system_->end(Stop::power_off, status); }

void Machine::reset() { system_->end(Stop::reset, 0); }

RunResult Machine::run(const RunLimits& limits) {
  System& system = *system_;
  system.stop = Stop::none;
  system.exit_status = 0;
  system.clock_limit = limits.max_cycles;
  system.instret_limit = limits.max_instret;
  system.keep_going = limits.keep_going;
  system.event_moved();
  system.engine_may_change = !system.events.wants_retired();
  do {
    if (system.stop == Stop::engine) system.stop = Stop::none;
    run_engine();
  } while (system.stop == Stop::engine);
  system.telling = nullptr;
  platform_->flush();
  RunResult result{system.stop, system.exit_status, {}};
  if (system.stop == Stop::deadlock || system.stop == Stop::trap_loop) result.diagnosis = diagnose();
  return result;
}

void Machine::run_cycle_model() {
  if (!cycle_model_) {
    cycle_model_ = std::make_unique<timing::cva6::Cva6Run>(*system_, config_.cva6);
    for (unsigned i = 0; i < hart_count(); ++i) cycle_model_->timing().core(i).set_trace(commit_sinks_[i]);
  }
  cycle_model_->run();
  // Beyond a limit the run may go on; beyond any other end what is in flight has its end, too.
  if (system_->stop != Stop::limit && system_->stop != Stop::interrupted)
    cycle_model_->drain();
  else
    cycle_model_->settle();
}

void Machine::run_engine() {
  System& system = *system_;
  if (config_.timing == "cva6") return run_cycle_model();
  system.engine_observes = system.events.wants_retired() || system.counters_need_instructions();
  if (system.engine_observes) {
    std::vector<Recorder> recorders(hart_count());
    for (unsigned i = 0; i < hart_count(); ++i) system.harts[i]->recorder = &recorders[i];
    NoTiming timing;
    run_observed(system, timing);
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

std::string Machine::diagnose() const {
  std::string text;
  for (const auto& hart : system_->harts) {
    text += fmt::format(
        "hart {}: {} at pc {:#x} in {}-mode, {} instructions retired; last trap {} (xtval {:#x})\n",
        hart->id.value, hart->sleeping ? "asleep in wfi" : "running", hart->pc,
        privilege_letter(hart->privilege), hart->instret_at(hart->clock), exception_name(hart->trap.code),
        hart->trap.value);
  }
  return text;
}

}  // namespace hartbeat

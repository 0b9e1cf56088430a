// The machine: harts, board and the run of both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emu/devices/platform.hpp"
#include "emu/hart/system.hpp"
#include "emu/machine/config.hpp"
#include "emu/machine/timing_region.hpp"
#include "emu/timing/memory_counters.hpp"

namespace hartbeat {

struct Image;
namespace timing::cva6 {
class Cva6Run;
}

struct RunLimits {
  std::uint64_t max_cycles = ~std::uint64_t{0};   // stop when a hart's clock gets there
  std::uint64_t max_instret = ~std::uint64_t{0};  // stop when a hart has retired so many instructions
  std::function<bool()> keep_going;               // asked every few million cycles; false ends the run
};

struct RunResult {
  Stop stop = Stop::none;
  int exit_status = 0;
  std::string diagnosis;  // of a deadlock or trap loop: hart, pc, cause by name; else empty
};

class Machine : private Board {
 public:
  // Throws std::invalid_argument for a TLB that cannot be built, std::bad_alloc when the host lacks address
  // space for RAM.
  explicit Machine(const MachineConfig& config);
  ~Machine() override;

  const MachineConfig& config() const { return config_; }
  Platform& platform() { return *platform_; }
  System& system() { return *system_; }
  unsigned hart_count() const { return static_cast<unsigned>(system_->harts.size()); }
  Hart& hart(HartId id) { return *system_->harts[id.value]; }

  // Lays an image out and puts the harts where the configuration's `reset` says. Before the first run().
  void boot(const Image& image);

  // The part of the run that is under the cycle model, instead of all of it. Before the first run().
  void time_only(const TimingRegion& region);
  // What the parts of the run up to now were, in the order of TimingPart.
  const std::array<TimingPartFigures, 4>& timing_parts();

  // Listeners must outlive the machine's runs. Attach before run().
  void attach(Listener& listener) { system_->events.attach(listener); }

  // Runs until the guest powers off or a limit is reached; may be called again after a limit.
  RunResult run(const RunLimits& limits = {});

  // A hart's counters, up to date at any moment outside of its own instruction.
  const HartCounters& counters(HartId id);
  // What the memory system of the cycle model has counted in the cycle-accurate part of the run.
  timing::MemoryCounters memory_counters() const;
  const mmu::TranslationUnit& translation(HartId id) const { return system_->harts[id.value]->translation; }

 private:
  void set_interrupt(HartId hart, unsigned mip_bit, bool level) override;
  void memory_written(PhysAddr address, std::uint64_t length) override;
  void event_moved() override;
  void power_off(int status) override;
  void reset() override;

  void run_cycle_model();
  void trace_commits();
  void trace_retirements();
  void leave_cycle_model();
  void begin_part(TimingPart part);
  void set_limits(const RunLimits& limits);
  // The engine has come back. True: it is to go on, in the next part of the run perhaps.
  bool goes_on(const RunLimits& limits);
  bool at_limit_of_part() const;
  void account_part();
  void wake_sleepers();
  // Runs with the engine that listeners and counters ask for.
  void run_engine();
  std::string diagnose() const;

  MachineConfig config_;
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<System> system_;
  std::unique_ptr<timing::cva6::Cva6Run> cycle_model_;  // while harts run under it, across limits
  class CommitPort;
  std::vector<std::unique_ptr<CommitPort>> commit_ports_;  // by hart, while somebody listens to commits
  TimingRegion region_;
  std::unique_ptr<RegionWatch> region_watch_;
  bool told_modelled_ = true;  // by the last ModelEvent
  TimingPart part_ = TimingPart::inside;
  std::uint64_t part_instret_ = ~std::uint64_t{0}, part_cycle_ = ~std::uint64_t{0};  // where it ends
  std::array<TimingPartFigures, 4> parts_{};
  TimingPartFigures accounted_;
  timing::MemoryCounters left_memory_counters_;  // of cycle models that are gone
};

}  // namespace hartbeat

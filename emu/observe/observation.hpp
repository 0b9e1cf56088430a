// The listeners behind the standard report, as one thing: attach them to a machine, run it, ask for the
// report.
#pragma once

#include <array>
#include <vector>

#include "emu/observe/copy_watch.hpp"
#include "emu/observe/hardware_story.hpp"
#include "emu/observe/kernel_story.hpp"
#include "emu/observe/process_ledger.hpp"
#include "emu/observe/report.hpp"
#include "emu/observe/shootdown_story.hpp"

namespace hartbeat::observe {

class Observation {
 public:
  // `harts` in the order of their numbers; what they point to must outlive this. Without `read_memory` the
  // use of the copies is not measured.
  explicit Observation(std::vector<HartView> harts, ReadMemory read_memory = {});

  // To be attached to the machine before it runs. Stay where they are.
  std::array<Listener*, 5> listeners();

  // After the run, once.
  Report report(RunFacts facts);

  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

 private:
  std::vector<HartView> harts_;
  ProcessLedger ledger_;
  KernelStory kernel_;
  ShootdownStory shootdowns_;
  CopyWatch copies_;
  HardwareStory hardware_;
};

}  // namespace hartbeat::observe

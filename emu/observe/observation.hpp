// The listeners behind the standard report, as one thing: attach them to a machine, run it, ask for the
// report.
#pragma once

#include <array>
#include <vector>

#include "emu/observe/copy_watch.hpp"
#include "emu/observe/cow_attribution.hpp"
#include "emu/observe/fault_journal.hpp"
#include "emu/observe/fault_story.hpp"
#include "emu/observe/hardware_story.hpp"
#include "emu/observe/kernel_story.hpp"
#include "emu/observe/process_ledger.hpp"
#include "emu/observe/report.hpp"
#include "emu/observe/shootdown_story.hpp"

namespace hartbeat::observe {

// How much is kept beside the sums.
struct Detail {
  bool lists = false;         // copies, shootdowns and faults one by one, as far as lists go (list_limit)
  std::uint64_t explain = 0;  // the number of a fault that is kept in any case
  FindCode find_code = {};    // names the stores
};
inline constexpr std::size_t list_limit = 2000;   // entries of each list
inline constexpr std::size_t moment_limit = 100;  // of the sharing map

class Observation {
 public:
  // `harts` in the order of their numbers; what they point to must outlive this. Without `read_memory` the
  // use of the copies is not measured.
  explicit Observation(std::vector<HartView> harts, ReadMemory read_memory = {}, Detail detail = {});

  // To be attached to the machine before it runs. Stay where they are.
  std::array<Listener*, 9> listeners();

  // After the run, once.
  Report report(RunFacts facts);

  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

 private:
  void explain_faults(Report& report) const;

  std::vector<HartView> harts_;
  Detail detail_;
  ProcessLedger ledger_;
  KernelStory kernel_;
  ShootdownStory shootdowns_;
  CopyWatch copies_;
  HardwareStory hardware_;
  CowAttribution attribution_;
  FaultJournal journal_;
  FaultStory faults_;
  SharingMap sharing_;
  Timeline timeline_;
  TlbMap walks_;
};

}  // namespace hartbeat::observe

// Everything that is known about a finished run, as data. text_report.hpp and json_report.hpp render it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/observe/comparison.hpp"
#include "emu/observe/copy_watch.hpp"
#include "emu/observe/cow_attribution.hpp"
#include "emu/observe/fault_record.hpp"
#include "emu/observe/figures.hpp"
#include "emu/observe/process_ledger.hpp"
#include "emu/observe/sharing_map.hpp"
#include "emu/observe/shootdown_story.hpp"
#include "emu/observe/timeline.hpp"
#include "emu/observe/tlb_map.hpp"
#include "emu/timing/memory_counters.hpp"

namespace hartbeat::observe {

// What was run on what, and how it ended. The machine or the command line fills it in; all of it is a
// function of image, configuration and input.
struct TimingPart {  // of a run with a region of interest
  std::string name;
  std::uint64_t instret = 0, cycles = 0;  // of all harts
};

// The configuration that made a run, so that it can be made again.
struct RunConfiguration {
  std::string isa;
  std::string machine_file;            // TOML
  std::vector<std::string> overrides;  // key=value
  std::string kernel_command_line;
  struct Tlb {
    std::string name;
    std::uint64_t entries = 0, ways = 0;
  };
  std::vector<Tlb> tlbs;  // of each hart
};

struct RunFacts {
  std::string program;  // as the user named it
  std::vector<std::string> arguments;
  std::string machine;          // name of the configuration
  std::string timing = "none";  // cycle model
  std::uint64_t memory_bytes = 0;
  int exit_status = 0;
  std::vector<TimingPart> timing_parts{};  // which part of the run was how, with a cycle model
  timing::MemoryCounters memory_system{};  // of the cycle model
  RunConfiguration configuration{};
  std::string ending;  // why the run ended, one sentence without a full stop
};

struct ExplainedFault {
  FaultRecord record;
  std::string explanation;
};

struct WalkMap {
  std::uint64_t cycles_per_bin = 0, pages = 0;
  std::map<std::uint64_t, TlbMap::Row> rows{};
};

struct Report {
  RunFacts facts;
  std::vector<HartFigures> harts;
  HartFigures total;  // of all harts; `cycles` too, see Report::elapsed
  std::vector<ProcessFigures> processes;
  KernelFigures kernel;
  ShootdownFigures shootdowns;
  CopyUseFigures copy_use;
  InferredFigures hardware;
  Comparison comparison;
  CowFigures cow;
  std::vector<ForkRecord> forks;
  std::vector<ExplainedFault> faults;  // those kept one by one
  std::uint64_t fault_count = 0;       // page faults of the run
  std::vector<SharingMoment> sharing;
  std::vector<TimelineSpan> timeline;
  std::uint64_t timeline_left_out = 0;
  WalkMap walks;

  // Cycles from reset to the end of the run: the furthest hart's clock.
  std::uint64_t elapsed() const;
};

// What the timing model means for the reader, in one sentence.
std::string timing_sentence(const std::string& model);

}  // namespace hartbeat::observe

// Where a hart's cycles went under a cycle model: sums over its stall counters, and the tables of the text report.
#pragma once

#include <cstdint>
#include <string>

#include "emu/observe/figures.hpp"
#include "emu/observe/report.hpp"

namespace hartbeat::observe {

// Cycles by cause, all privileges together.
timing::StallCycles stalls_of(const HartCounters& hart);
// Cycles that have a cause: all that the model has counted.
std::uint64_t stalled_cycles(const HartCounters& hart);

// "Where the cycles went" and "What it cost", empty without a cycle model.
std::string cycle_stack_text(const Report& report);
std::string costs_text(const Report& report);

// What one of each takes in cycles, from tracepoint to tracepoint of the guest kernel.
struct Cost {
  const char* key;
  const char* sentence;
  std::uint64_t count;
  std::uint64_t cycles;
};
std::array<Cost, 6> costs_of(const Report& report);

}  // namespace hartbeat::observe

// Where the cycles went: every cycle of a hart has exactly one cause, and the causes sum to the cycles.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace hartbeat::timing {

enum class Stall : std::uint8_t {
  issued,        // an instruction was issued
  icache_miss,   // nothing to issue: the I$ waits for memory
  itlb_walk,     // nothing to issue: the fetch address is being walked
  fetch_bubble,  // nothing to issue: taken branch, refilling after the queue ran dry
  mispredict,    // nothing to issue: the wrong path was dropped
  raw,           // an operand is being computed
  load_use,      // an operand is being loaded and hits the D$
  load_miss,     // an operand or the unit waits for a line from memory
  dtlb_walk,     // the load/store unit waits for a translation
  unit_busy,     // the functional unit is taken (divider, multiplier's port, FPU, load/store queue)
  store_buffer,  // commit waits for room in the store buffer
  atomic,        // an atomic is at commit
  fence,         // a fence waits for the stores before it, or the I$ is being cleared
  csr_flush,     // nothing to issue: the pipeline restarts after a CSR write or fence
  trap,          // nothing to issue: the pipeline restarts after a trap or xRET
  wfi,           // asleep
  reset,         // the caches clear themselves after reset
  count_,
};

inline constexpr std::array<std::string_view, static_cast<unsigned>(Stall::count_)> stall_names = {
    "issued",   "icache_miss", "itlb_walk", "fetch_bubble", "mispredict",   "raw",
    "load_use", "load_miss",   "dtlb_walk", "unit_busy",    "store_buffer", "atomic",
    "fence",    "csr_flush",   "trap",      "wfi",          "reset"};

using StallCycles = std::array<std::uint64_t, static_cast<unsigned>(Stall::count_)>;

struct StallCounters {
  StallCycles cycles{};
  std::uint64_t& operator[](Stall cause) { return cycles[static_cast<unsigned>(cause)]; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : cycles) sum += n;
    return sum;
  }
};

}  // namespace hartbeat::timing

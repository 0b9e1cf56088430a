// The counters' registers by number: mcycle, minstret, mhpmcounter3 to 31 and their mhpmevents.
#pragma once

#include <cstdint>

namespace hartbeat::firmware {

struct CounterCsrs {
  std::uint64_t (*read)();
  void (*write)(std::uint64_t value);
  // nullptr: mcycle and minstret, which count one thing.
  std::uint64_t (*read_event)();
  void (*write_event)(std::uint64_t value);
  // All ones written, and what was read back; the counter is 0 afterwards. 0: there is no such counter.
  std::uint64_t (*probe_bits)();
};

// counter: 0, or 2 to 31.
const CounterCsrs& counter_csrs(unsigned counter);

}  // namespace hartbeat::firmware

// What a memory system behind the cores has counted, under a cycle model that has one.
#pragma once

#include <cstdint>

namespace hartbeat::timing {

struct L2Counters {
  std::uint64_t read_hits = 0, read_misses = 0;
  std::uint64_t write_hits = 0, write_misses = 0;
  std::uint64_t merged = 0;      // hits of a line that is still on its way
  std::uint64_t writebacks = 0;  // dirty lines that made room
  std::uint64_t mshr_waits = 0;  // cycles that misses waited for an MSHR
};

struct DramCounters {
  std::uint64_t reads = 0, writes = 0;
  std::uint64_t row_hits = 0, row_misses = 0, row_conflicts = 0;
  std::uint64_t beats = 0;          // of 8 bytes, on the data bus
  std::uint64_t refresh_waits = 0;  // cycles that accesses waited for a refresh to end
};

struct MemoryCounters {
  bool has_l2 = false, has_dram = false;
  L2Counters l2;
  DramCounters dram;

  // What has been counted since `then`.
  MemoryCounters operator-(const MemoryCounters& then) const {
    MemoryCounters out = *this;
    for (std::uint64_t L2Counters::*n :
         {&L2Counters::read_hits, &L2Counters::read_misses, &L2Counters::write_hits,
          &L2Counters::write_misses, &L2Counters::merged, &L2Counters::writebacks, &L2Counters::mshr_waits})
      out.l2.*n -= then.l2.*n;
    for (std::uint64_t DramCounters::*n :
         {&DramCounters::reads, &DramCounters::writes, &DramCounters::row_hits, &DramCounters::row_misses,
          &DramCounters::row_conflicts, &DramCounters::beats, &DramCounters::refresh_waits})
      out.dram.*n -= then.dram.*n;
    return out;
  }
};

}  // namespace hartbeat::timing

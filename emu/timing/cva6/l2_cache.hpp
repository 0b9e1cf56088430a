// A second-level cache that all harts share: write-back, write-allocate, banked, with MSHRs. Not CVA6's: what a
// machine may have behind it (docs/timing.md). Neither inclusive nor exclusive: the write-through L1s never hold what
// memory lacks, and the interconnect's filter looks at their tags, so an eviction here concerns nobody.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/timing/cva6/cache_geometry.hpp"
#include "emu/timing/cva6/dram.hpp"
#include "emu/timing/cva6/lfsr.hpp"

namespace hartbeat::timing::cva6 {

// What is behind the caches: memory of one latency, or a DRAM.
class MainMemory {
 public:
  explicit MainMemory(const MemoryParameters& parameters) : p_(parameters), dram_(parameters.dram) {}

  MemoryAnswer read(std::uint64_t address, unsigned beats, std::uint64_t cycle) {
    if (!p_.dram.enabled) return {cycle + p_.read_latency, 1};
    return dram_.access(address, beats, false, cycle);
  }
  // When it has taken the last beat.
  std::uint64_t write(std::uint64_t address, unsigned beats, std::uint64_t cycle) {
    if (!p_.dram.enabled) return cycle + p_.write_latency;
    const MemoryAnswer answer = dram_.access(address, beats, true, cycle);
    return answer.first + std::uint64_t{beats - 1} * answer.gap;
  }
  const DramCounters& counters() const { return dram_.counters(); }

 private:
  MemoryParameters p_;
  Dram dram_;
};

class L2Cache {
 public:
  explicit L2Cache(const L2Parameters& parameters);

  // An access to 8-byte beats in one line, accepted in `cycle`: when a read's beats come, or a write's response.
  MemoryAnswer access(std::uint64_t address, bool write, std::uint64_t cycle, MainMemory& memory);
  const L2Counters& counters() const { return counters_; }

  // While on, what changes is kept, and taken back with the off.
  void rehearse(bool on);

 private:
  struct Line {
    std::uint64_t number = 0;  // address / line size
    std::uint64_t ready = 0;   // from when on it is here
    std::uint64_t used = 0;    // order of last uses, for LRU
    bool valid = false, dirty = false;
  };
  // All but the lines.
  struct Registers {
    std::vector<std::uint64_t> bank_free, mshr_free;  // from when on
    std::uint64_t uses = 0;
    Lfsr8 lfsr;
  };
  Line* set_of(std::uint64_t address);
  unsigned victim(const Line* set, unsigned number);
  void touch(Line& line, unsigned set, unsigned way);
  MemoryAnswer fill(std::uint64_t address, bool write, unsigned way, std::uint64_t cycle, MainMemory& memory);

  L2Parameters p_;
  CacheGeometry geometry_;
  std::vector<Line> lines_;           // by set and way
  std::vector<std::uint32_t> trees_;  // by set, for tree-PLRU
  Registers registers_, saved_registers_;
  L2Counters counters_, saved_counters_;
  bool rehearsing_ = false;
  // Sets as they were before a rehearsal's changes, in their order.
  std::vector<unsigned> saved_sets_;
  std::vector<std::uint32_t> saved_trees_;
  std::vector<Line> saved_lines_;
};

}  // namespace hartbeat::timing::cva6

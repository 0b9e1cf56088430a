// A DRAM of one channel: banks with a row each, one data bus, first come first served. Not CVA6's: what a machine may
// have behind it (docs/timing.md).
#pragma once

#include <cstdint>
#include <vector>

#include "emu/timing/cva6/parameters.hpp"
#include "emu/timing/memory_counters.hpp"

namespace hartbeat::timing::cva6 {

// When a read's beats of 8 bytes are at the requester.
struct MemoryAnswer {
  std::uint64_t first = 0;
  unsigned gap = 1;  // cycles from each to the next
};

class Dram {
 public:
  explicit Dram(const DramParameters& parameters) : p_(parameters), banks_(parameters.banks) {}

  // A transfer of so many beats, all in one row, asked for in `cycle`.
  MemoryAnswer access(std::uint64_t address, unsigned beats, bool write, std::uint64_t cycle);
  const DramCounters& counters() const { return counters_; }

 private:
  struct Bank {
    bool open = false;
    std::uint64_t row = 0;
    std::uint64_t ready = 0;          // when it takes the next command
    std::uint64_t may_precharge = 0;  // tRAS and tWR
    std::uint64_t refreshes = 0;      // how many it has seen
  };
  std::uint64_t behind_refresh(Bank& bank, std::uint64_t cycle);
  std::uint64_t column_command(Bank& bank, std::uint64_t row, std::uint64_t cycle);

  DramParameters p_;
  std::vector<Bank> banks_;
  std::uint64_t bus_free_ = 0;
  DramCounters counters_;
};

}  // namespace hartbeat::timing::cva6

// Module cva6_shared_tlb in the configuration without a second-level TLB: what remains is the register
// between the first-level TLBs and the walker, and the flush machine, which still walks its sets and admits
// no miss meanwhile.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_tlb.hpp"

namespace hartbeat::timing::cva6 {

class Cva6SharedTlb {
 public:
  explicit Cva6SharedTlb(unsigned sets) : sets_(sets) {}

  struct Side {
    bool enabled = false;  // translation is on
    bool access = false;   // a look-up in this cycle
    bool hit = false;
    std::uint64_t address = 0;
  };

  // The registered miss that the walker sees in this cycle.
  bool access() const { return access_; }
  bool for_instruction() const { return itlb_req_; }
  bool for_data() const { return dtlb_req_; }
  std::uint64_t address() const { return address_; }
  // The first cycle in which misses are admitted again.
  std::uint64_t flush_end() const { return flush_end_; }
  bool flushing(std::uint64_t cycle) const { return cycle < flush_end_; }

  void clock(const Side& instruction, const Side& data, bool flush, std::uint64_t cycle) {
    access_ = itlb_req_ = dtlb_req_ = false;
    if (flushing(cycle)) return;
    if (flush) {
      flush_end_ = cycle + 1 + 2 * sets_;
      return;
    }
    if (instruction.enabled && instruction.access && !instruction.hit && !data.access) {
      access_ = itlb_req_ = true;
      address_ = instruction.address;
    } else if (data.enabled && data.access && !data.hit) {
      access_ = dtlb_req_ = true;
      address_ = data.address;
    }
  }

 private:
  unsigned sets_;
  std::uint64_t flush_end_ = 0;
  bool access_ = false, itlb_req_ = false, dtlb_req_ = false;
  std::uint64_t address_ = 0;
};

}  // namespace hartbeat::timing::cva6

// Module wt_dcache_mem: tags and valid bits of the write-through D$, and which port reads them in a cycle.
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/rr_arb_tree.hpp"

namespace hartbeat::timing::cva6 {

class WtDcacheMem {
 public:
  static constexpr unsigned ways = 8, sets = 256, ports = 4, offset_bits = 4, index_bits = 12;
  static constexpr unsigned write_port = 3;
  static constexpr unsigned set_of(std::uint64_t address) { return (address >> offset_bits) % sets; }
  static constexpr std::uint32_t tag_of(std::uint64_t address) {
    return static_cast<std::uint32_t>(address >> index_bits);
  }

  // Ways of `set` that hold `tag`, one-hot.
  std::uint8_t hit(unsigned set, std::uint32_t tag) const {
    const auto& tags = tags_[set];
    unsigned mask = 0;
    for (unsigned way = 0; way < ways; ++way) mask |= (tags[way] == tag ? 1u : 0u) << way;
    return static_cast<std::uint8_t>(mask & valid_[set]);
  }
  std::uint8_t valid(unsigned set) const { return valid_[set]; }
  bool holds(std::uint64_t address) const { return hit(set_of(address), tag_of(address)) != 0; }

  // The read arbiter: requests by port (bit 0 walker, 1 loads, 3 write buffer); the port acknowledged or
  // `ports`. Walker and loads have priority over the write buffer's tag checks.
  unsigned arbitrate(std::uint32_t requests, bool blocked) {
    if (requests & 3) requests &= 3;
    selected_ = arbiter_.pick(requests);
    if (requests == 0 || blocked) return ports;
    arbiter_.grant(requests);
    return selected_;
  }
  // vld_sel_d of this cycle, also when nothing asks (then the last port).
  unsigned selected() const { return selected_; }

  void write_line(unsigned set, unsigned way, std::uint32_t tag) {
    tags_[set][way] = tag;
    valid_[set] |= static_cast<std::uint8_t>(1u << way);
  }
  void invalidate(unsigned set, std::uint8_t way_mask) {
    valid_[set] &= static_cast<std::uint8_t>(~way_mask);
  }

 private:
  std::array<std::array<std::uint32_t, ways>, sets> tags_{};
  std::array<std::uint8_t, sets> valid_{};
  RoundRobin<ports> arbiter_;
  unsigned selected_ = write_port;
};

}  // namespace hartbeat::timing::cva6

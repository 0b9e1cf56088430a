// Module wt_dcache_mem: tags and valid bits of the write-through D$, and which port reads them in a cycle.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "emu/timing/cva6/cache_geometry.hpp"
#include "emu/timing/cva6/rr_arb_tree.hpp"

namespace hartbeat::timing::cva6 {

class WtDcacheMem {
 public:
  static constexpr unsigned ports = 4, write_port = 3;

  explicit WtDcacheMem(const CacheGeometry& geometry)
      : geometry_(geometry),
        tags_(std::size_t{geometry.sets} * geometry.ways),
        valid_(geometry.sets),
        usual_way_(geometry.sets) {}

  const CacheGeometry& geometry() const { return geometry_; }
  unsigned set_of(std::uint64_t address) const { return geometry_.set_of(address); }
  std::uint32_t tag_of(std::uint64_t address) const {
    return static_cast<std::uint32_t>(address >> geometry_.index_bits);
  }

  // Ways of `set` that hold `tag`, one-hot.
  std::uint16_t hit(unsigned set, std::uint32_t tag) const {
    const std::uint32_t* tags = &tags_[std::size_t{set} * geometry_.ways];
    unsigned mask = 0;
    if (geometry_.ways == 8) {  // the RTL's
      mask = equal_of_eight(tags, tag);
    } else {
      for (unsigned way = 0; way < geometry_.ways; ++way) mask |= (tags[way] == tag ? 1u : 0u) << way;
    }
    return static_cast<std::uint16_t>(mask & valid_[set]);
  }
  std::uint16_t valid(unsigned set) const { return valid_[set]; }
  bool holds(std::uint64_t address) const {
    const unsigned set = set_of(address);
    const std::uint32_t tag = tag_of(address);
    const unsigned usual = usual_way_[set];
    if (tags_[std::size_t{set} * geometry_.ways + usual] == tag && ((valid_[set] >> usual) & 1)) return true;
    const std::uint16_t ways = hit(set, tag);
    if (ways) usual_way_[set] = static_cast<std::uint8_t>(std::countr_zero(ways));
    return ways != 0;
  }

  // The read arbiter: requests by port (bit 0 walker, 1 loads, 3 write buffer); the port acknowledged or
  // `ports`. Walker and loads have priority over the write buffer's tag checks.
  unsigned arbitrate(std::uint32_t requests, bool blocked) {
    if (requests & 3) requests &= 3;
    if (requests == 0 || blocked) return ports;
    if (std::has_single_bit(requests)) return arbiter_.grant_only(requests);
    const unsigned selected = arbiter_.pick(requests);
    arbiter_.grant(requests);
    return selected;
  }

  template <class Archive>
  void visit(Archive& a) {
    arbiter_.visit(a);
  }

  void write_line(unsigned set, unsigned way, std::uint32_t tag) {
    tags_[std::size_t{set} * geometry_.ways + way] = tag;
    valid_[set] |= static_cast<std::uint16_t>(1u << way);
  }
  void invalidate(unsigned set, std::uint16_t way_mask) {
    valid_[set] &= static_cast<std::uint16_t>(~way_mask);
  }

 private:
  // As two vectors of four: what the compiler makes of the loop is five times as long.
  static unsigned equal_of_eight(const std::uint32_t* tags, std::uint32_t tag) {
    typedef std::uint32_t Four [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]];
    const Four* const four = reinterpret_cast<const Four*>(tags);
    const Four wanted = {tag, tag, tag, tag};
    const Four low = {1, 2, 4, 8}, high = {16, 32, 64, 128};
    const Four found = (Four(four[0] == wanted) & low) | (Four(four[1] == wanted) & high);
    const std::uint64_t halves = (std::uint64_t{found[1] | found[3]} << 32) | (found[0] | found[2]);
    return static_cast<unsigned>(halves | halves >> 32);
  }

  CacheGeometry geometry_;
  std::vector<std::uint32_t> tags_;   // by set and way
  std::vector<std::uint16_t> valid_;  // by set, a bit for each way
  mutable std::vector<std::uint8_t>
      usual_way_;  // by set: where holds() has found a line last, and looks first
  RoundRobin arbiter_{ports};
};

}  // namespace hartbeat::timing::cva6

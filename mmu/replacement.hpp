// Which slot of a TLB's set gives way: the replacement state of one TLB, all its sets.
#pragma once

#include <cstdint>
#include <vector>

#include "mmu/tlb_config.hpp"

namespace hartbeat::mmu {

// Slots are numbered set * ways + way, here as in Tlb.
class ReplacementState {
 public:
  explicit ReplacementState(const TlbConfig& config);

  // A lookup hit this slot.
  void hit(std::uint32_t set, std::uint32_t slot) {
    if (policy_ == TlbConfig::tree_plru) {
      point_away(set, slot);
    } else if (policy_ == TlbConfig::lru) {
      make_newest(set, slot);
    }
  }

  // The slot that the next insertion into this set takes; moves the random register when it is asked.
  std::uint32_t victim(std::uint32_t set);

  void filled(std::uint32_t set, std::uint32_t slot);
  void invalidated(std::uint32_t set, std::uint32_t slot);
  void reset();

 private:
  struct Link {
    std::uint32_t older = 0;
    std::uint32_t newer = 0;
  };
  struct Ends {
    std::uint32_t oldest = 0;
    std::uint32_t newest = 0;
  };

  // The tree of a set, as cva6_tlb.sv numbers it but from 1: node n has the children 2n and 2n+1, the leaves
  // are the ways; a set bit says that the next victim is in the upper half.
  void point_away(std::uint32_t set, std::uint32_t slot) {
    std::uint64_t* const tree = &tree_[set * tree_words_];
    const std::uint32_t way = slot - set * ways_;
    for (std::uint32_t leaf = way + ways_; leaf > 1; leaf >>= 1) {
      const std::uint32_t node = leaf >> 1;
      const std::uint64_t bit = std::uint64_t{1} << (node & 63);
      if ((leaf & 1) != 0) {
        tree[node >> 6] &= ~bit;
      } else {
        tree[node >> 6] |= bit;
      }
    }
  }
  std::uint32_t tree_victim(std::uint32_t set) const;

  void make_newest(std::uint32_t set, std::uint32_t slot) {
    if (ends_[set].newest != slot) relink_newest(set, slot);
  }
  void relink_newest(std::uint32_t set, std::uint32_t slot);
  std::uint32_t lowest_free(std::uint32_t set) const;
  std::uint32_t next_random();

  TlbConfig::Replacement policy_;
  std::uint32_t ways_;
  std::uint32_t sets_;
  std::uint32_t tree_words_;  // 64-bit words per set: of tree bits, and of free bits
  std::uint32_t random_ = 0;
  std::vector<std::uint64_t> tree_;  // tree_plru
  std::vector<std::uint64_t> free_;  // the others: bit per way, 1 = invalid
  std::vector<Link> links_;          // fifo, lru: per slot
  std::vector<Ends> ends_;           // fifo, lru: per set
};

}  // namespace hartbeat::mmu

// Which slot of a TLB's set gives way: the replacement state of one TLB, all its sets.
#pragma once

#include <bit>
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
  std::uint32_t victim(std::uint32_t set) {
    if (policy_ == TlbConfig::tree_plru) return tree_victim(set);
    const std::uint32_t first = set * ways_;
    const std::uint32_t free_way = lowest_free(set);
    if (free_way < ways_) return first + free_way;
    if (policy_ != TlbConfig::random) return ends_[set].oldest;
    return first + static_cast<std::uint32_t>(std::uint64_t{next_random()} * ways_ >> 32);
  }

  void filled(std::uint32_t set, std::uint32_t slot) {
    if (policy_ == TlbConfig::tree_plru) return;
    const std::uint32_t way = slot - set * ways_;
    free_[set * words_ + (way >> 6)] &= ~(std::uint64_t{1} << (way & 63));
    if (policy_ != TlbConfig::random) make_newest(set, slot);
  }

  void invalidated(std::uint32_t set, std::uint32_t slot) {
    if (policy_ == TlbConfig::tree_plru) return;
    const std::uint32_t way = slot - set * ways_;
    free_[set * words_ + (way >> 6)] |= std::uint64_t{1} << (way & 63);
  }

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

  // The bits of a tree that a way's path goes through, and what they are after a hit on the way.
  struct Path {
    std::uint64_t bits = 0;
    std::uint64_t after_hit = 0;
  };

  // The tree of a set is as cva6_tlb.sv numbers it but from 1: node n has the children 2n and 2n+1, the
  // leaves are the ways; a set bit says that the next victim is in the upper half.
  void point_away(std::uint32_t set, std::uint32_t slot) {
    const std::uint32_t way = slot - set * ways_;
    if (words_ == 1) {
      const Path& path = paths_[way];
      tree_[set] = (tree_[set] & ~path.bits) | path.after_hit;
    } else {
      point_away_in_large_tree(&tree_[set * words_], way);
    }
  }
  void point_away_in_large_tree(std::uint64_t* tree, std::uint32_t way) const;

  std::uint32_t tree_victim(std::uint32_t set) const {
    const std::uint64_t* const tree = &tree_[set * words_];
    std::uint32_t node = 1;
    while (node < ways_) node = 2 * node + ((tree[node >> 6] >> (node & 63)) & 1);
    return set * ways_ + node - ways_;
  }

  void make_newest(std::uint32_t set, std::uint32_t slot) {
    if (ends_[set].newest != slot) relink_newest(set, slot);
  }
  void relink_newest(std::uint32_t set, std::uint32_t slot);

  // The lowest invalid way of the set, or ways_.
  std::uint32_t lowest_free(std::uint32_t set) const {
    for (std::uint32_t word = 0; word < words_; ++word) {
      const std::uint64_t bits = free_[set * words_ + word];
      if (bits != 0) return word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
    }
    return ways_;
  }

  // Marsaglia's xorshift32: every value but 0 before any repeats.
  std::uint32_t next_random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    return random_;
  }

  TlbConfig::Replacement policy_;
  std::uint32_t ways_;
  std::uint32_t sets_;
  std::uint32_t words_;  // 64-bit words per set: of tree bits, and of free bits
  std::uint32_t random_ = 0;
  std::vector<std::uint64_t> tree_;  // tree_plru
  std::vector<Path> paths_;          // tree_plru of 64 ways at most: per way
  std::vector<std::uint64_t> free_;  // the others: bit per way, 1 = invalid
  std::vector<Link> links_;          // fifo, lru: per slot
  std::vector<Ends> ends_;           // fifo, lru: per set
};

}  // namespace hartbeat::mmu

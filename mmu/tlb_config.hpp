// The shape of a TLB.
#pragma once

namespace hartbeat::mmu {

struct TlbConfig {
  // Which entry of a full set makes room.
  enum Replacement : unsigned char {
    fifo,       // the one filled longest ago
    lru,        // the one hit or filled longest ago
    tree_plru,  // as CVA6's cva6_tlb.sv: a binary tree of bits that each hit points away from; filling does
                // not move it, nor does a fence, and it alone decides, so a live entry may go while an
                // invalid slot exists
    random,     // an xorshift register, the same sequence in every run
  };
  // With fifo, lru and random, the lowest invalid way of the set is filled first.

  unsigned entries = 16;
  unsigned ways = 16;  // ways == entries: fully associative
  Replacement replacement = tree_plru;

  // The I- and D-TLB of CVA6, configuration cv64a6_imafdc_sv39.
  static constexpr TlbConfig cva6() { return {16, 16, tree_plru}; }

  friend bool operator==(const TlbConfig&, const TlbConfig&) = default;
};

// Throws std::invalid_argument with a sentence for a shape that cannot be built: no entries or more than
// 2^20, ways that do not divide the entries, a number of sets that is no power of two, tree-PLRU over ways
// that are no power of two.
void validate(const TlbConfig& config);

}  // namespace hartbeat::mmu

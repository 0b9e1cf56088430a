#include "mmu/replacement.hpp"

namespace hartbeat::mmu {

ReplacementState::ReplacementState(const TlbConfig& config)
    : policy_(config.replacement),
      ways_(config.ways),
      sets_(config.entries / config.ways),
      words_((config.ways + 63) / 64) {
  const std::size_t words = std::size_t{sets_} * words_;
  if (policy_ == TlbConfig::tree_plru) {
    tree_.resize(words);
    if (words_ == 1) paths_.resize(ways_);
    for (std::uint32_t way = 0; way < paths_.size(); ++way) {
      point_away_in_large_tree(&paths_[way].after_hit, way);
      for (std::uint32_t node = (way + ways_) >> 1; node > 0; node >>= 1)
        paths_[way].bits |= std::uint64_t{1} << node;
    }
  } else {
    free_.resize(words);
  }
  if (policy_ == TlbConfig::fifo || policy_ == TlbConfig::lru) {
    links_.resize(config.entries);
    ends_.resize(sets_);
  }
  reset();
}

void ReplacementState::reset() {
  random_ = 0x2545f491;
  for (std::uint64_t& word : tree_) word = 0;
  for (std::size_t i = 0; i < free_.size(); ++i) {
    const std::uint32_t ways_before = static_cast<std::uint32_t>(i % words_) * 64;
    const std::uint32_t ways_here = ways_ - ways_before;
    free_[i] = ways_here >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ways_here) - 1;
  }
  for (std::uint32_t set = 0; set < ends_.size(); ++set) {
    const std::uint32_t first = set * ways_;
    for (std::uint32_t slot = first; slot < first + ways_; ++slot) links_[slot] = {slot - 1, slot + 1};
    ends_[set] = {first, first + ways_ - 1};
  }
}

void ReplacementState::point_away_in_large_tree(std::uint64_t* tree, std::uint32_t way) const {
  for (std::uint32_t child = way + ways_; child > 1; child >>= 1) {
    const std::uint32_t node = child >> 1;
    const std::uint64_t bit = std::uint64_t{1} << (node & 63);
    if ((child & 1) != 0) {
      tree[node >> 6] &= ~bit;
    } else {
      tree[node >> 6] |= bit;
    }
  }
}

// Precondition: slot is not the newest, so it has a newer neighbour and the set has two ways at least.
void ReplacementState::relink_newest(std::uint32_t set, std::uint32_t slot) {
  Ends& ends = ends_[set];
  const Link link = links_[slot];
  if (ends.oldest == slot) {
    ends.oldest = link.newer;
  } else {
    links_[link.older].newer = link.newer;
  }
  links_[link.newer].older = link.older;
  links_[ends.newest].newer = slot;
  links_[slot].older = ends.newest;
  ends.newest = slot;
}

}  // namespace hartbeat::mmu

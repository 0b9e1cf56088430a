#include "mmu/replacement.hpp"

#include <bit>

namespace hartbeat::mmu {

ReplacementState::ReplacementState(const TlbConfig& config)
    : policy_(config.replacement),
      ways_(config.ways),
      sets_(config.entries / config.ways),
      tree_words_((config.ways + 63) / 64) {
  const std::size_t words = std::size_t{sets_} * tree_words_;
  if (policy_ == TlbConfig::tree_plru) {
    tree_.resize(words);
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
    const std::uint32_t ways_before = static_cast<std::uint32_t>(i % tree_words_) * 64;
    const std::uint32_t ways_here = ways_ - ways_before;
    free_[i] = ways_here >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ways_here) - 1;
  }
  for (std::uint32_t set = 0; set < ends_.size(); ++set) {
    const std::uint32_t first = set * ways_;
    for (std::uint32_t slot = first; slot < first + ways_; ++slot) links_[slot] = {slot - 1, slot + 1};
    ends_[set] = {first, first + ways_ - 1};
  }
}

std::uint32_t ReplacementState::victim(std::uint32_t set) {
  if (policy_ == TlbConfig::tree_plru) return tree_victim(set);
  const std::uint32_t first = set * ways_;
  const std::uint32_t free_way = lowest_free(set);
  if (free_way < ways_) return first + free_way;
  if (policy_ != TlbConfig::random) return ends_[set].oldest;
  return first + static_cast<std::uint32_t>(std::uint64_t{next_random()} * ways_ >> 32);
}

void ReplacementState::filled(std::uint32_t set, std::uint32_t slot) {
  if (policy_ == TlbConfig::tree_plru) return;
  const std::uint32_t way = slot - set * ways_;
  free_[set * tree_words_ + (way >> 6)] &= ~(std::uint64_t{1} << (way & 63));
  if (policy_ != TlbConfig::random) make_newest(set, slot);
}

void ReplacementState::invalidated(std::uint32_t set, std::uint32_t slot) {
  if (policy_ == TlbConfig::tree_plru) return;
  const std::uint32_t way = slot - set * ways_;
  free_[set * tree_words_ + (way >> 6)] |= std::uint64_t{1} << (way & 63);
}

std::uint32_t ReplacementState::tree_victim(std::uint32_t set) const {
  const std::uint64_t* const tree = &tree_[set * tree_words_];
  std::uint32_t node = 1;
  while (node < ways_) node = 2 * node + ((tree[node >> 6] >> (node & 63)) & 1);
  return set * ways_ + node - ways_;
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

// The lowest invalid way of the set, or ways_.
std::uint32_t ReplacementState::lowest_free(std::uint32_t set) const {
  for (std::uint32_t word = 0; word < tree_words_; ++word) {
    const std::uint64_t bits = free_[set * tree_words_ + word];
    if (bits != 0) return word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  return ways_;
}

// Marsaglia's xorshift32: every value but 0 before any repeats.
std::uint32_t ReplacementState::next_random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

}  // namespace hartbeat::mmu

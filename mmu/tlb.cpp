#include "mmu/tlb.hpp"

#include <algorithm>

namespace hartbeat::mmu {

namespace {

const TlbConfig& validated(const TlbConfig& config) {
  validate(config);
  return config;
}

}  // namespace

Tlb::Tlb(const TlbConfig& config)
    : config_(validated(config)),
      set_mask_(config.entries / config.ways - 1),
      slots_(config.entries),
      replacement_(config) {
  const unsigned bucket_bits = static_cast<unsigned>(std::bit_width(config.entries)) + 1;
  bucket_shift_ = 64 - bucket_bits;
  buckets_.assign(std::size_t{1} << bucket_bits, no_slot);
  live_.reserve(config.entries);
  for (std::uint32_t slot = 0; slot < config.entries; ++slot) slots_[slot].set = slot / config.ways;
}

void Tlb::clear() {
  std::fill(buckets_.begin(), buckets_.end(), no_slot);
  std::fill(std::begin(counts_), std::end(counts_), 0u);
  for (const std::uint32_t slot : live_) slots_[slot].live_index = no_slot;
  live_.clear();
  present_ = 0;
  reach_ = 0;
  replacement_.reset();
}

}  // namespace hartbeat::mmu

#include "emu/observe/tlb_map.hpp"

namespace hartbeat::observe {

void TlbMap::on(const WalkEvent& event) {
  if (event.walk == nullptr || event.walk->fault != mmu::Fault::none) return;
  while (event.site.cycle.value / width_ >= bins) widen();
  Row& row = rows_[event.address.value >> region_shift];
  const std::size_t bin = event.site.cycle.value / width_;
  ++row.walks[bin];
  if (!seen_.emplace(event.site.satp, event.address.value >> page_shift).second) ++row.again[bin];
}

// Twice the time in a bin.
void TlbMap::widen() {
  width_ *= 2;
  for (auto& [region, row] : rows_) {
    for (std::array<std::uint64_t, bins>* counts : {&row.walks, &row.again}) {
      for (std::size_t i = 0; i < bins; ++i) {
        (*counts)[i] = i < bins / 2 ? (*counts)[2 * i] + (*counts)[2 * i + 1] : 0;
      }
    }
  }
}

}  // namespace hartbeat::observe

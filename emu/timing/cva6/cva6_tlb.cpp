#include "emu/timing/cva6/cva6_tlb.hpp"

#include <algorithm>
#include <bit>

namespace hartbeat::timing::cva6 {

Cva6Tlb::Cva6Tlb(unsigned entries)
    : entries_(entries),
      paths_(entries),
      mask_(entries - 1),
      levels_(static_cast<unsigned>(std::countr_zero(entries))) {
  for (unsigned entry = 0; entry < entries; ++entry) {
    for (unsigned level = 0; level < levels_; ++level) {
      const unsigned node = (1u << level) - 1 + (entry >> (levels_ - level));
      const std::uint64_t away = ~(entry >> (levels_ - 1 - level)) & 1;
      paths_[entry].nodes |= std::uint64_t{1} << node;
      paths_[entry].away |= away << node;
    }
  }
}

int Cva6Tlb::find_other(std::uint64_t vpn, std::uint16_t asid, bool enabled) const {
  for (unsigned i = 1; i <= mask_; ++i) {
    const unsigned entry = (last_ + i) & mask_;
    if (matches(entry, vpn, asid, enabled)) return static_cast<int>(entry);
  }
  return -1;
}

void Cva6Tlb::update(const TlbUpdate& update, bool lookup_hits) {
  if (!update.valid || lookup_hits) return;
  absent_ = nothing;
  ambiguous_ = ambiguous_ || overlaps(update, victim());
  Entry& entry = entries_[victim()];
  if (!entry.valid) ++used_;
  entry = {update.napot_64k ? update.vpn & ~std::uint64_t{15} : update.vpn,
           update.pte,
           update.asid,
           update.level,
           update.napot_64k,
           true};
}

bool Cva6Tlb::overlaps(const TlbUpdate& update, unsigned victim) const {
  for (unsigned i = 0; i <= mask_; ++i) {
    const Entry& e = entries_[i];
    const unsigned shift = std::max(shift_of(e.level, e.napot_64k), shift_of(update.level, update.napot_64k));
    if (i != victim && e.valid && ((e.vpn ^ update.vpn) >> shift) == 0 &&
        (e.asid == update.asid || e.pte.g() || update.pte.g()))
      return true;
  }
  return false;
}

bool Cva6Tlb::flush(const TlbFlush& flush) {
  const std::uint64_t vpn = vpn_of(flush.address);
  const unsigned before = used_;
  for (Entry& e : entries_) {
    if (!e.valid) continue;
    const bool address_matches = ((e.vpn ^ vpn) >> shift_of(e.level, e.napot_64k)) == 0;
    const bool address_ok = flush.address == 0 || address_matches;
    const bool asid_ok = flush.asid == 0 || (!e.pte.g() && e.asid == flush.asid);
    if (address_ok && asid_ok) {
      e.valid = false;
      --used_;
    }
  }
  ambiguous_ = ambiguous_ && used_ != 0;
  return used_ != before;
}

}  // namespace hartbeat::timing::cva6

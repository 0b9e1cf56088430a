#include "emu/timing/cva6/cva6_tlb.hpp"

namespace hartbeat::timing::cva6 {

void Cva6Tlb::update(const TlbUpdate& update, bool lookup_hits) {
  if (!update.valid || lookup_hits) return;
  Entry& entry = entries_[victim()];
  if (!entry.valid) ++used_;
  entry = {update.napot_64k ? update.vpn & ~std::uint64_t{15} : update.vpn,
           update.pte,
           update.asid,
           update.level,
           update.napot_64k,
           true};
}

void Cva6Tlb::flush(const TlbFlush& flush) {
  const std::uint64_t vpn = vpn_of(flush.address);
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
}

}  // namespace hartbeat::timing::cva6

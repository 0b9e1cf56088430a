// TranslationUnit off the hit path: second level, walk, fill, fence.
#pragma once

#include "mmu/translation_unit.hpp"

namespace hartbeat::mmu {

namespace detail {

inline bool same_page(const TlbEntry& a, const TlbEntry& b) {
  return a.virtual_page == b.virtual_page && a.page_shift == b.page_shift &&
         (a.asid == b.asid || (a.global && b.global));
}

}  // namespace detail

[[gnu::always_inline]] inline const TlbEntry* TranslationUnit::fill_first_level(const TlbEntry& entry,
                                                                                Access access) {
  const bool fetch = access == Access::fetch;
  Tlb& tlb = fetch ? itlb_ : dtlb_;
  TlbCounters& counters = fetch ? counters_.itlb : counters_.dtlb;
  const TlbEntry* placed = nullptr;
  if (tlb.insert(entry, &evicted_[evicted_count_], &placed)) {
    if (!detail::same_page(evicted_[evicted_count_], entry)) ++counters.evictions;
    ++evicted_count_;
  }
  ++counters.fills;
  counters.fill_reach += tlb.reach();
  tlb.touch(*placed);  // the access that missed is repeated and hits
  return placed;
}

template <PteMemory Memory>
Translation TranslationUnit::miss(Memory& memory, const Context& context, VirtAddr address, Access access) {
  evicted_count_ = 0;
  if (l2_) {
    const TlbEntry* const found = l2_->lookup(address, context.asid & asid_mask_);
    if (found == nullptr) {
      ++counters_.l2.misses;
    } else {
      ++counters_.l2.hits;
      if (!allowed(found->permissions, context, access))
        return forbidden(memory, context, address, access, *found, false);
      const TlbEntry* const filled = fill_first_level(*found, access);
      return {.l2_hit = true, .address = filled->translate(address), .entry = filled, .evicted = evicted()};
    }
  }
  return walk_and_fill(memory, context, address, access, false);
}

template <PteMemory Memory>
Translation TranslationUnit::forbidden(Memory& memory, const Context& context, VirtAddr address,
                                       Access access, const TlbEntry& entry, bool first_level) {
  evicted_count_ = 0;
  const Check check = permits(entry, context, access);
  const bool ad_clear = check == Check::accessed_clear || check == Check::dirty_clear;
  if (config_.rewalk_on_hit_fault || (ad_clear && context.hardware_ad)) {
    ++counters_.rewalks;
    return walk_and_fill(memory, context, address, access, true);
  }
  fault_from(entry, check);
  return {.fault = Fault::page, .tlb_hit = first_level, .l2_hit = !first_level};
}

template <PteMemory Memory>
Translation TranslationUnit::walk_and_fill(Memory& memory, const Context& context, VirtAddr address,
                                           Access access, bool after_hit) {
  walk_into(walk_, memory, context, config_.features, address, access);
  ++counters_.walks;
  counters_.walk_reads += walk_.read_count;
  counters_.ad_writes += walk_.ad_written;
  if (walk_.fault != Fault::none) {
    ++counters_.walk_faults;
    if (!cacheable_fault(context, access)) return {.fault = walk_.fault};
  }
  TlbEntry entry = entry_of(walk_, context.asid & asid_mask_, address);
  if ((entry.permissions & pte::V) == 0) entry = without_target(entry);
  if (after_hit) [[unlikely]]
    drop_other_sizes(entry, address, access);
  if (l2_) fill_second_level(entry);
  const TlbEntry* const filled = fill_first_level(entry, access);
  if (walk_.fault != Fault::none) return {.fault = walk_.fault, .evicted = evicted()};
  return {.address = walk_.address, .entry = filled, .evicted = evicted()};
}

template <class F>
unsigned TranslationUnit::fence_all(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid,
                                    F&& removed, unsigned counted) {
  if (asid) *asid &= asid_mask_;
  const auto fence_one = [&](Tlb& tlb, TlbCounters& counters, TlbKind kind) {
    const unsigned count = tlb.fence(address, asid, [&](const TlbEntry& entry) { removed(kind, entry); });
    counters.fences += counted;
    counters.fence_removed += count;
    return count;
  };
  unsigned count = fence_one(itlb_, counters_.itlb, TlbKind::instruction);
  count += fence_one(dtlb_, counters_.dtlb, TlbKind::data);
  if (l2_) count += fence_one(*l2_, counters_.l2, TlbKind::second_level);
  return count;
}

}  // namespace hartbeat::mmu

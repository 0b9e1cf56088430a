#include "mmu/translation_unit.hpp"

#include <stdexcept>

namespace hartbeat::mmu {

namespace {

std::uint16_t asid_mask_of(const Features& features) {
  if (features.asid_bits > 16) throw std::invalid_argument("an ASID has 0 to 16 bits");
  if (features.pa_bits < 12 || features.pa_bits > 56)
    throw std::invalid_argument("a physical address has 12 to 56 bits");
  return static_cast<std::uint16_t>((1u << features.asid_bits) - 1);
}

}  // namespace

TranslationUnit::TranslationUnit(const UnitConfig& config)
    : config_(config), asid_mask_(asid_mask_of(config.features)), itlb_(config.itlb), dtlb_(config.dtlb) {
  if (config.l2) l2_.emplace(*config.l2);
}

void TranslationUnit::fault_from(const TlbEntry& entry, Check check) {
  walk_.fault = Fault::page;
  walk_.check = check;
  walk_.address = {};
  walk_.pte = recompose_pte(entry);
  walk_.level = level_of_shift(entry.page_shift);
  walk_.page_shift = entry.page_shift;
  walk_.read_count = 0;
  walk_.ad_written = false;
  walk_.global = entry.global;
}

bool TranslationUnit::cacheable_fault(const Context& context, Access access) const {
  switch (walk_.check) {
    case Check::user_page_without_sum:
    case Check::user_page_executed_by_supervisor:
    case Check::supervisor_page_from_user: {
      const auto with_other_u = static_cast<std::uint8_t>(walk_.pte ^ pte::U);
      return config_.cache_faults ||
             (config_.cache_privilege_faults && allowed(with_other_u, context, access));
    }
    case Check::pte_invalid:
    case Check::not_executable:
    case Check::not_readable:
    case Check::not_writable:
    case Check::accessed_clear:
    case Check::dirty_clear: return config_.cache_faults;
    default: return false;
  }
}

TlbEntry TranslationUnit::without_target(const TlbEntry& entry) {
  TlbEntry invalid = entry;
  invalid.physical_page = 0;
  invalid.permissions = 0;
  invalid.pbmt = 0;
  return invalid;
}

void TranslationUnit::drop_other_sizes(const TlbEntry& entry, VirtAddr address, Access access) {
  Tlb& tlb = access == Access::fetch ? itlb_ : dtlb_;
  tlb.remove_others(address, entry.asid, entry.page_shift,
                    [&](const TlbEntry& removed) { evicted_[evicted_count_++] = removed; });
  if (l2_) l2_->remove_others(address, entry.asid, entry.page_shift, [](const TlbEntry&) {});
}

void TranslationUnit::fill_second_level(const TlbEntry& entry) {
  TlbEntry gone;
  const TlbEntry* placed = nullptr;
  if (l2_->insert(entry, &gone, &placed) && !detail::same_page(gone, entry)) ++counters_.l2.evictions;
  ++counters_.l2.fills;
  counters_.l2.fill_reach += l2_->reach();
  l2_->touch(*placed);
}

bool TranslationUnit::holds(VirtAddr address, std::uint16_t asid) const {
  asid &= asid_mask_;
  return itlb_.peek(address, asid) != nullptr || dtlb_.peek(address, asid) != nullptr ||
         (l2_ && l2_->peek(address, asid) != nullptr);
}

void TranslationUnit::reset() {
  itlb_.clear();
  dtlb_.clear();
  if (l2_) l2_->clear();
  counters_ = {};
  walk_ = {};
  evicted_count_ = 0;
}

}  // namespace hartbeat::mmu

// The walk's steps, numbered as in the privileged specification, "Virtual Address Translation Process".
#pragma once

#include "mmu/walk.hpp"

namespace hartbeat::mmu {

namespace detail {

// Step 3, and the end of step 4: what is wrong with a PTE as such, whoever reads it.
constexpr Check form_of(std::uint64_t entry, unsigned level, const Context& context,
                        const Features& features) {
  if ((entry & pte::V) == 0) return Check::pte_invalid;
  if ((entry & (pte::R | pte::W)) == pte::W) return Check::write_without_read;
  const bool leaf = (entry & (pte::R | pte::X)) != 0;
  if (!leaf && level == 0) return Check::pointer_at_last_level;
  if ((entry & (pte::reserved | pte::PBMT | pte::N)) != 0) {
    if ((entry & pte::reserved) != 0) return Check::reserved_bits;
    // "Svpbmt": reserved in non-leaf PTEs, while menvcfg.PBMTE = 0, and as the value 3.
    const bool pbmt_usable = leaf && features.svpbmt && context.pbmt_enabled;
    if ((entry & pte::PBMT) == pte::PBMT || ((entry & pte::PBMT) != 0 && !pbmt_usable))
      return Check::pbmt_reserved;
    // "Svnapot": the one encoding that is not reserved is 64 KiB, ppn[3:0] = 1000, in a leaf at level 0.
    const bool napot_64k = leaf && level == 0 && features.svnapot && (pte::ppn(entry) & 0xf) == 8;
    if ((entry & pte::N) != 0 && !napot_64k) return Check::napot_encoding;
  }
  if (!leaf && (entry & (pte::A | pte::D | pte::U)) != 0) return Check::pointer_with_adu_bits;
  return Check::none;
}

constexpr bool canonical(VirtAddr address, Mode mode) {
  const unsigned unused = 64 - va_bits_of(mode);
  const auto value = static_cast<std::int64_t>(address.value << unused) >> unused;
  return static_cast<std::uint64_t>(value) == address.value;
}

constexpr void fail(Walk& walk, Check check) {
  walk.check = check;
  walk.fault = fault_of(check);
}

// Steps 5 to 10, on the leaf that walk.pte holds, read from `at`.
template <PteMemory Memory>
void finish_at_leaf(Walk& walk, PhysAddr at, Memory& memory, const Context& context, const Features& features,
                    VirtAddr address, Access access) {
  const std::uint64_t below_level = (std::uint64_t{1} << (9 * walk.level)) - 1;
  if ((pte::ppn(walk.pte) & below_level) != 0) return fail(walk, Check::misaligned_superpage);  // 5
  if ((walk.pte & pte::N) != 0) walk.page_shift = 16;
  const auto permissions = static_cast<std::uint8_t>(walk.pte);
  if (!allowed(permissions, context, access)) {  // 6, 8, 9
    const Check check = permits(permissions, context, access);
    const bool ad_clear = check == Check::accessed_clear || check == Check::dirty_clear;
    if (!ad_clear || !context.hardware_ad) return fail(walk, check);
    const std::uint64_t updated = walk.pte | pte::A | (access == Access::store ? pte::D : 0);
    if (!memory.update_pte(at, walk.pte, updated)) return fail(walk, Check::pte_update_memory);
    walk.pte = updated;
    walk.ad_written = true;
  }
  const std::uint64_t offset_mask = (std::uint64_t{1} << walk.page_shift) - 1;  // 10
  const std::uint64_t target = ((pte::ppn(walk.pte) << 12) & ~offset_mask) | (address.value & offset_mask);
  if (target >> features.pa_bits != 0) return fail(walk, Check::physical_address_width);
  walk.address = {target};
}

}  // namespace detail

template <PteMemory Memory>
void walk_into(Walk& walk, Memory& memory, const Context& context, const Features& features, VirtAddr address,
               Access access) {
  walk.fault = Fault::none;
  walk.check = Check::none;
  walk.address = {};
  walk.pte = 0;
  walk.read_count = 0;
  walk.ad_written = false;
  walk.global = false;
  walk.level = static_cast<std::uint8_t>(levels_of(context.mode) - 1);
  walk.page_shift = static_cast<std::uint8_t>(12 + 9 * walk.level);
  if (!detail::canonical(address, context.mode)) return detail::fail(walk, Check::non_canonical);

  std::uint64_t table = context.root_ppn << 12;  // 1
  for (;;) {
    const PhysAddr at{table + ((address.value >> walk.page_shift) & 0x1ff) * 8};  // 2
    PteRead& read = walk.reads[walk.read_count++];
    read.address = at;
    read.level = walk.level;
    read.pte = 0;
    walk.pte = 0;
    if (at.value >> features.pa_bits != 0 || !memory.read_pte(at, read.pte))
      return detail::fail(walk, Check::pte_memory);
    walk.pte = read.pte;

    const Check form = detail::form_of(walk.pte, walk.level, context, features);  // 3, 4
    if (form != Check::none) return detail::fail(walk, form);
    walk.global |= (walk.pte & pte::G) != 0;
    if ((walk.pte & (pte::R | pte::X)) != 0)
      return detail::finish_at_leaf(walk, at, memory, context, features, address, access);
    table = pte::ppn(walk.pte) << 12;
    --walk.level;
    walk.page_shift = static_cast<std::uint8_t>(walk.page_shift - 9);
  }
}

template <PteMemory Memory>
Walk walk(Memory& memory, const Context& context, const Features& features, VirtAddr address, Access access) {
  Walk story;
  walk_into(story, memory, context, features, address, access);
  return story;
}

}  // namespace hartbeat::mmu

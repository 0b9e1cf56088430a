// One cached translation, and the permission check that it and the walk share.
#pragma once

#include <cstdint>

#include "mmu/address.hpp"
#include "mmu/check.hpp"
#include "mmu/pte.hpp"
#include "mmu/translation_types.hpp"

namespace hartbeat::mmu {

struct TlbEntry {
  std::uint64_t virtual_page = 0;   // start of the mapped page in units of 4 KiB, sign extension included
  std::uint64_t physical_page = 0;  // start of the mapped page in units of 4 KiB
  std::uint16_t asid = 0;           // of the walk that filled the entry; not compared when global
  std::uint8_t page_shift = 12;     // log2 of the page's bytes: 12, 16 (NAPOT 64 KiB), 21, 30, 39, 48
  std::uint8_t permissions = 0;     // bits 7:0 of the leaf PTE: V R W X U G A D
  std::uint8_t pbmt = 0;            // bits 62:61 of the leaf PTE
  bool global = false;              // G in the leaf or in a pointer above it

  constexpr std::uint64_t page_bytes() const { return std::uint64_t{1} << page_shift; }
  constexpr bool covers(VirtAddr address) const {
    return address.value >> page_shift == virtual_page >> (page_shift - 12);
  }
  // Precondition: covers(address).
  constexpr PhysAddr translate(VirtAddr address) const {
    return {physical_page << 12 | (address.value & (page_bytes() - 1))};
  }

  friend bool operator==(const TlbEntry&, const TlbEntry&) = default;
};

// The page-table level of a leaf of this size: 0 for 4 KiB and 64 KiB, 1 for 2 MiB, …
constexpr std::uint8_t level_of_shift(unsigned page_shift) {
  return static_cast<std::uint8_t>((page_shift - 12) / 9);
}

// Steps 6, 8 and 9 of the translation on the permission bits of a valid leaf: the first check that fails for
// this access, or none. Under Svadu (context.hardware_ad), a clear A or D also fails here: the caller walks
// again so that it gets set.
Check permits(std::uint8_t permissions, const Context& context, Access access);
Check permits(const TlbEntry& entry, const Context& context, Access access);

// permits(…) == Check::none, for the hit path.
constexpr bool allowed(std::uint8_t permissions, const Context& context, Access access) {
  const unsigned p = permissions;
  const unsigned privilege_bit = context.privilege == Privilege::user ? p : ~p;
  const bool u_ok = (privilege_bit & pte::U) != 0 ||
                    (context.privilege == Privilege::supervisor && context.sum && access != Access::fetch);
  if (!u_ok) return false;
  switch (access) {
    case Access::fetch: return (p & (pte::V | pte::X | pte::A)) == (pte::V | pte::X | pte::A);
    case Access::store:
      return (p & (pte::V | pte::W | pte::A | pte::D)) == (pte::V | pte::W | pte::A | pte::D);
    case Access::load: break;
  }
  const unsigned readable = pte::R | (context.mxr ? pte::X : 0);
  return (p & (pte::V | pte::A)) == (pte::V | pte::A) && (p & readable) != 0;
}

// The leaf PTE as the entry remembers it (RSW bits are not kept; G is the effective one).
std::uint64_t recompose_pte(const TlbEntry& entry);

}  // namespace hartbeat::mmu

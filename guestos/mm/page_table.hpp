// Sv39 page tables (privileged specification, "Sv39"): three levels of 512 entries. User memory has leaves of
// 4 KiB, of 64 KiB (Svnapot: 16 equal entries of the last level) and of 2 MiB (large_page.hpp). Each table frame counts its entries that are not 0 in Frame::maps, so that an empty table is known
// to be empty, and the entries of upper tables that point to it in Frame::references: forks may share a table
// (shared_tables.hpp).
#pragma once

#include "guestos/arch/layout.hpp"
#include "guestos/mm/frames.hpp"

namespace guestos {

using Pte = u64;
inline constexpr Pte pte_v = 1, pte_r = 2, pte_w = 4, pte_x = 8, pte_u = 16, pte_g = 32, pte_a = 64,
                     pte_d = 128, pte_flags = 0x3ff;
inline constexpr Pte pte_n = u64{1} << 63;  // Svnapot: with PPN[3:0] = 1000, one of 16 entries of 64 KiB

// An upper entry with V = 0 and this bit keeps its table, but hardware may not get there (shared_tables.hpp).
inline constexpr Pte pte_detached = 2;

inline constexpr u64 entries_per_table = 512;

constexpr bool is_leaf(Pte pte) { return (pte & pte_v) != 0 && (pte & (pte_r | pte_w | pte_x)) != 0; }
// Of an entry without N. A page's first frame is leaf_frame's answer.
constexpr FrameNumber pte_frame(Pte pte) { return pte >> 10 & ((u64{1} << 44) - 1); }
constexpr Pte make_pte(FrameNumber frame, Pte flags) { return frame << 10 | flags; }

inline Pte load_pte(const Pte* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
// The entry's table must stay counted: changes between valid and invalid go through set_pte and clear_pte.
inline Frame& table_of(const Pte* at) { return frame_of(physical_of(at) >> page_bits); }
inline void set_pte(Pte* at, Pte value) {
  const Pte old = __atomic_exchange_n(at, value, __ATOMIC_ACQ_REL);
  if (old == 0 && value != 0) ++table_of(at).maps;
}
// From one value that is not 0 to another, with what was there.
inline Pte exchange_pte(Pte* at, Pte value) { return __atomic_exchange_n(at, value, __ATOMIC_ACQ_REL); }
// Makes the entry invalid and returns what it was, including an A or D bit that hardware has just set.
Pte clear_pte(Pte* at);
// Clears bits atomically with respect to hardware's A/D updates; returns the entry as it was.
inline Pte remove_pte_bits(Pte* at, Pte bits) { return __atomic_fetch_and(at, ~bits, __ATOMIC_ACQ_REL); }
inline Pte add_pte_bits(Pte* at, Pte bits) { return __atomic_fetch_or(at, bits, __ATOMIC_ACQ_REL); }

// A root table that already maps the kernel; no_frame when memory is exhausted.
FrameNumber create_root();
// The leaf entry of `address`, perhaps of a large page, or nullptr where no table is. It may lie in a table
// that is shared or detached: whoever changes it makes the table its own first.
Pte* find_pte(FrameNumber root, u64 address);
// As find_pte, but makes missing tables; nullptr when memory is exhausted.
Pte* provide_pte(FrameNumber root, u64 address);
// The entry of the last-level table of `address`, or nullptr where there is none.
Pte* find_table_entry(FrameNumber root, u64 address);
// As find_table_entry, but makes the table above it; nullptr when memory is exhausted.
Pte* provide_table_entry(FrameNumber root, u64 address);
// Takes out the tables of [start, end) that have become empty: retire(frame) of each, which may be freed when every hart
// has forgotten the whole address space.
template <typename Retire>
void retire_empty_tables(FrameNumber root, u64 start, u64 end, Retire retire) {
  constexpr u64 gigapage_size = u64{1} << 30;
  for (u64 address = align_down(start, megapage_size); address < end; address += megapage_size) {
    Pte* middle = find_table_entry(root, address);
    if (middle == nullptr) {
      address = align_down(address, gigapage_size) + gigapage_size - megapage_size;
      continue;
    }
    const FrameNumber table = pte_frame(*middle);
    if (*middle != 0 && !is_leaf(*middle) && maps_of(table) == 0 && references_of(table) == 1)
      retire(pte_frame(clear_pte(middle)));
    Pte* high = direct_page<Pte>(root) + (address >> 30);
    if (maps_of(pte_frame(*high)) == 0) retire(pte_frame(clear_pte(high)));
  }
}
// Calls visit(entry, address) for every entry in use of the user half's middle level: a page of 2 MiB (is_leaf), or a
// last-level table, be it shared, detached or own.
template <typename Visit>
void each_middle_entry(FrameNumber root, Visit visit) {
  Pte* top = direct_page<Pte>(root);
  for (u64 i = 0; i < entries_per_table / 2; ++i) {
    if (top[i] == 0) continue;
    Pte* middle = direct_page<Pte>(pte_frame(top[i]));
    for (u64 j = 0; j < entries_per_table; ++j)
      if (middle[j] != 0) visit(&middle[j], i << 30 | j << 21);
  }
}
// Frees the root and the tables under its user half but for the last level, which must be dropped before.
void destroy_root(FrameNumber root);

}  // namespace guestos

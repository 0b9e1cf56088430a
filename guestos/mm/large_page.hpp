// Pages of more than 4 KiB for private anonymous memory: 64 KiB (Svnapot: 16 entries of the last level that
// are equal and together one translation) and 2 MiB (an entry of the middle level that is a leaf).
//
// Which size a range gets is a wish (boot argument pages=4k|64k|2m, or madvise): the page is made at the first
// touch, if it lies within the range, nothing of it is mapped yet, and a block of frames is free; else it is
// one of 4 KiB. Each 4 KiB of a large page has a frame with counts of its own. So a page can be split, by one
// process for itself, without touching a count: only the entries change. A large page never crosses the end
// of its range: whoever cuts the range splits the page.
#pragma once

#include "guestos/abi/tracepoints.hpp"
#include "guestos/mm/address_space.hpp"

namespace guestos {

using hartbeat::abi::LargePageEvent;

inline constexpr unsigned napot_order = 4;  // log2 of its pages of 4 KiB
inline constexpr unsigned megapage_order = 9;

// The first frame of what this entry maps; of an entry with N, the frame of this very entry's 4 KiB.
inline FrameNumber leaf_frame(const Pte* at) {
  const Pte pte = load_pte(at);
  const u64 index = reinterpret_cast<u64>(at) / sizeof(Pte) % (u64{1} << napot_order);
  return (pte & pte_n) == 0 ? pte_frame(pte & ~pte_n)
                            : align_down(pte_frame(pte), u64{1} << napot_order) | index;
}

// A page as the table maps it.
struct Leaf {
  Pte* at = nullptr;  // its first entry; nullptr: no table is there
  u64 start = 0;
  unsigned order = 0;

  u64 pages() const { return u64{1} << order; }
  u64 end() const { return start + (page_size << order); }
  u64 entries() const { return order == napot_order ? pages() : 1; }
  FrameNumber frame() const { return leaf_frame(at); }
  FrameNumber frame_at(u64 address) const { return frame() + ((address - start) >> page_bits); }
};

void large_pages_open();        // reads the boot argument pages=
unsigned default_page_order();  // of new ranges
// The order itself, or 0 where the harts lack Svnapot.
unsigned supported_order(unsigned order);
bool may_have_large_pages(const Vma& vma);

Leaf find_leaf(FrameNumber root, u64 address);
inline void set_leaf(const Leaf& leaf, FrameNumber first, Pte flags) {
  const bool napot = leaf.order == napot_order;
  const Pte value = napot ? pte_n | make_pte(first | 8, flags) : make_pte(first, flags);
  for (u64 i = 0; i < leaf.entries(); ++i) set_pte(leaf.at + i, value);
}
void clear_leaf(const Leaf& leaf);
void add_leaf_bits(const Leaf& leaf, Pte bits);
// What any of its entries had.
inline Pte remove_leaf_bits(const Leaf& leaf, Pte bits) {
  Pte before = 0;
  for (u64 i = 0; i < leaf.entries(); ++i) before |= remove_pte_bits(leaf.at + i, bits);
  return before;
}

// Installs a new page (counts its maps; takes over the caller's references to its frames).
inline void map_page(AddressSpace& space, const Leaf& leaf, FrameNumber first, Pte flags) {
  each_frame(first, leaf.order, add_map);
  set_leaf(leaf, first, flags);
  space.resident += leaf.pages();
}
inline void map_frame(AddressSpace& space, Pte* at, FrameNumber frame, Pte flags) {
  map_page(space, {at, 0, 0}, frame, flags);
}

// Calls visit(leaf) for each page of [start, end), present or in swap, skipping tables that are not there. No page crosses an end.
template <typename Visit>
void each_leaf(FrameNumber root, u64 start, u64 end, Visit visit) {
  for (u64 at = start; at < end;) {
    const u64 next = min_of(align_down(at, megapage_size) + megapage_size, end);
    Leaf leaf = find_leaf(root, at);
    if (leaf.order == megapage_order) {
      visit(leaf);
    } else if (leaf.at != nullptr) {
      for (Pte* const first = leaf.at; leaf.start < next; leaf.start = leaf.end()) {
        leaf.at = first + ((leaf.start - at) >> page_bits);
        const Pte pte = load_pte(leaf.at);
        leaf.order = (pte & pte_n) != 0 ? napot_order : 0;
        if (pte != 0) visit(leaf);
      }
    }
    at = next;
  }
}

// Makes the large page at `address` that the range wants, all zeros, and returns its first frame; no_frame: it
// is to be a small one. With the mutex.
FrameNumber fill_large_page(AddressSpace& space, const Vma& vma, u64 address);
// The page of `address`, if it is a large one, becomes pages of 4 KiB. False: out of memory, nothing has
// changed. With the mutex.
bool split_page(AddressSpace& space, u64 address);
// The same, but only if the page begins below `cut`.
bool split_page_across(AddressSpace& space, u64 cut);
// All of [start, end).
bool split_pages(AddressSpace& space, u64 start, u64 end);

void trace_large_page(u64 address, unsigned order, LargePageEvent event, FrameNumber first);

}  // namespace guestos

// Swap: a disk whose pages, the slots, hold what anonymous frames held.
//
// A page in swap leaves an entry with V = 0 and the slot's number where the frame's was. A slot counts these
// entries: fork copies the entry and counts one more, so that parent and child share the slot as they would
// share the frame, and the first who touches it reads it back. A frame read back stays tied to its slot as
// long as nobody may write the frame, that is, no entry with W points to it: who then needs its frame can
// have it without writing it out again, and who else has the slot gets this frame instead of reading it.
// The tie counts nothing: it ends with the frame, or with the first store (leave_slot).
#pragma once

#include "guestos/mm/page_table.hpp"

namespace guestos {

class AddressSpace;
struct Vma;

// Boot argument swap=vdX: the whole of that disk. Without it, the first disk that mkswap has prepared; swap=off:
// none. The first page of the disk is left alone.
void swap_open();
bool swap_is_on();

struct SwapTotals {
  u64 slots;
  u64 free;
  u64 written;  // pages, since boot
  u64 read;
};
SwapTotals swap_totals();

constexpr bool is_swapped(Pte pte) { return pte != 0 && (pte & pte_v) == 0; }
constexpr u32 slot_of(Pte pte) { return static_cast<u32>(pte >> 10); }
constexpr Pte swapped_pte(u32 slot) { return Pte{slot} << 10; }

void add_slot_reference(u32 slot);
// The last reference frees it.
void drop_slot_reference(u32 slot);

// The frame is about to be freed.
void forget_slot(FrameNumber frame);
// Its one owner wants to write it: unties it from its slot. False: it has others.
bool leave_slot(FrameNumber frame);

// The contents of a slot that the caller's entry refers to, in a frame with a reference for the caller. Else
// no_frame and -ENOMEM or -EIO.
FrameNumber read_slot(u32 slot, i64& error);
// The frame's entries, `entries` of them, shall refer to a slot instead: the one that it is tied to, or a fresh
// one, to which its contents are still to be written. 0: there is none. The caller holds every mutex that
// keeps the frame's references what they are.
u32 slot_for(FrameNumber frame, u32 entries, bool& write);
bool write_slot(u32 slot, FrameNumber frame);

// References of all slots together, for the scan of all frames. Panics where slots, ties and free slots do not
// add up.
u64 swap_entry_count();
void trace_swap();

}  // namespace guestos

// Physical memory in frames of 4 KiB: who has how many, and how often each is referenced and mapped.
//
// Two counts per frame, kept apart on purpose: `references` says who keeps the frame alive (mappings, the
// page cache, a pin), `maps` says how many page-table entries point to it. Copy-on-write lives on the first.
// Blocks of 2^order frames come from a buddy system whose blocks above the high-water mark have never been
// touched, not even their metadata: booting with 8 GiB costs what booting with 128 MiB does.
#pragma once

#include "guestos/mm/reference_counts.hpp"

namespace guestos {

inline constexpr FrameNumber no_frame = 0;
inline constexpr unsigned max_order = 10;  // 4 MiB

enum class FrameState : u8 { free, anonymous, page_cache, page_table, kernel, boot };
inline constexpr unsigned frame_state_count = 6;

// Its references are counted in a table of their own (reference_counts.hpp).
struct Frame {
  u32 maps;  // page tables: entries of it that are not 0
  FrameState state;
  u8 order;
  u8 slab_class;  // heap.cpp
  u8 slab_used;
  u16 slab_free;
  u8 pins;   // how often a device, or who acts for one, may write it behind the page tables' back (pin.hpp)
  u8 flags;  // frame_*, changed by whoever alone may change the frame's entries
};
static_assert(sizeof(Frame) == 12);

// The page's one owner may write it without asking (reuse=exclusive).
inline constexpr u8 frame_exclusive = 1;
// A last-level table: none of its entries has W (shared_tables.hpp).
inline constexpr u8 frame_write_protected = 2;

// 1, 2, 3, 4, 5 to 8, and more references.
inline constexpr unsigned reference_bins = 6;
// A page of a file: its contents differ from the initial archive's.
inline constexpr u8 frame_dirty = 4;

// Where a page's mappings are to be looked for (reverse_map.hpp), and where else its contents are (swap.hpp). Of a free
// block or a slab: the next and the previous one on its list (link_frame).
struct Origin {
  u64 owner;  // anonymous: the family of address spaces; page cache: the Inode's address
  u32 index;  // linear page number there
  u32 slot;   // a swap slot with the same contents, or 0
};

struct FrameTotals {
  u64 total;
  u64 by_state[frame_state_count];
  u64& of(FrameState state) { return by_state[static_cast<unsigned>(state)]; }
  u64 cow_shared;                  // anonymous frames with two or more maps
  u64 referenced[reference_bins];  // of the frames that processes use, by references; [0]: exactly one
};

// Takes the memory that is neither firmware, kernel, device tree nor initrd.
void frames_open();
// To be indexed by frame number (they lie below the tables by what no frame needs), and what is counted over all frames.
extern Frame* frame_table;
extern Origin* origin_table;
extern FrameTotals frame_counters;
inline Frame& frame_of(FrameNumber number) { return frame_table[number]; }
// The page gets a second owner. Of a file's page nothing may be written: its flags are the file's (frame_dirty).
inline void end_exclusive(FrameNumber number) {
  if ((frame_of(number).flags & frame_exclusive) != 0)
    frame_of(number).flags &= static_cast<u8>(~frame_exclusive);
}
inline Origin& origin_of(FrameNumber number) { return origin_table[number]; }
// Most frames that processes use have one reference; only the others are counted (FrameTotals::referenced).
constexpr bool is_counted(FrameState state) {
  return state == FrameState::anonymous || state == FrameState::page_cache || state == FrameState::page_table;
}

// No frame when memory is exhausted (or when the boot argument inject=alloc:N says that this allocation
// fails). A new frame has one reference and no map; its contents are arbitrary.
FrameNumber allocate_frames(unsigned order, FrameState state);
inline FrameNumber allocate_frame(FrameState state) { return allocate_frames(0, state); }
FrameNumber allocate_zeroed_frame(FrameState state);

// A large page: a block of 2^order frames, each counted by itself from here on, so that it can be split.
FrameNumber allocate_page(unsigned order, FrameState state);

// False: no memory for the count (reference_counts.hpp).
[[nodiscard]] bool add_reference_slowly(FrameNumber number);
[[nodiscard]] inline bool add_reference(FrameNumber number) {
  if (!share_count(number)) return add_reference_slowly(number);
  if (is_counted(frame_of(number).state))
    __atomic_fetch_add(&frame_counters.referenced[1], 1, __ATOMIC_RELAXED);
  return true;
}
// False if nobody refers to it any more: it is about to be free. Or if there is no memory for the count.
bool add_reference_if_used(FrameNumber number);
// The last reference frees the frame.
void drop_reference(FrameNumber number);
// One reference less for a frame that is only freed by who has taken down its contents: true for the last
// one, which is then still held.
bool release_shared_reference(FrameNumber number);
// One more to each frame of a page, or to none.
[[nodiscard]] inline bool add_references(FrameNumber first, unsigned order) {
  for (u64 i = 0; i < u64{1} << order; ++i) {
    if (add_reference(first + i)) continue;
    while (i != 0) drop_reference(first + --i);
    return false;
  }
  return true;
}

u32 references_of(FrameNumber number);

inline void add_map(FrameNumber number) {
  Frame& frame = frame_of(number);
  if (__atomic_fetch_add(&frame.maps, 1, __ATOMIC_RELAXED) == 1 && frame.state == FrameState::anonymous)
    __atomic_fetch_add(&frame_counters.cow_shared, 1, __ATOMIC_RELAXED);
}
void drop_map(FrameNumber number);
u32 maps_of(FrameNumber number);

// The frame after `number` that has ever been given out or is in a free block, round and round; the first one after
// no_frame.
FrameNumber next_touched_frame(FrameNumber number);
// Calls action(number) for each of the 2^order frames of a page.
template <typename Action>
void each_frame(FrameNumber first, unsigned order, Action action) {
  for (u64 i = 0; i < u64{1} << order; ++i) action(first + i);
}

// A list of frames that nobody else has: its head is the first one's number, 0 its end. Linking puts a frame first.
void link_frame(u32& list, FrameNumber number);
void unlink_frame(u32& list, FrameNumber number);

FrameTotals frame_totals();
u64 free_frames();
u64 frames_on_free_lists();  // the same, counted block by block; for the scan, which has stopped everybody
// Tells how many frames are in which state, and how often they are referenced.
void trace_frames();

// --- Failures on demand: boot argument inject=WHAT:N lets the N-th attempt after init has started fail, once.
enum class Injection : u8 {
  alloc,  // a frame allocation
  slot,   // a swap slot
  io,     // a disk request
};

void arm_injection();
// Whether an allocation has failed on demand since the last call: then it is to be taken for a real one, however
// much memory is free.
bool take_injected_failure();
// Counts an attempt; true if it is the one that fails.
bool failure_is_due(Injection what);

// --- The scan that proves the frames' books: boot argument check=frames. Every table of every address space is
// walked, and what the entries say must be what the frames count.
void frame_check_open();  // at the end of start-up: takes the memory that the scan needs
// Stops the machine, scans, panics with the first frame whose counts are wrong. Nothing without check=frames.
// With no lock held, at a point where this hart's changes are complete.
void check_frames(const char* when);

}  // namespace guestos


#include "guestos/arch/hart.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/mm/swap.hpp"

namespace guestos {

namespace {

// Entries found for each frame, in blocks of the largest order: 1 Mi frames (4 GiB) each.
constexpr u64 frames_per_block = (page_size << max_order) / sizeof(u32);
constexpr u64 most_blocks = 64;
constinit u32* blocks[most_blocks] = {};
constinit u64 base = 0;
constinit u64 block_count = 0;
constinit const char* moment = "";
constinit u64 swapped_entries = 0;

u32& found(FrameNumber number) {
  return blocks[(number - base) / frames_per_block][(number - base) % frames_per_block];
}

// The 16 entries of a 64 KiB page are equal (Svnapot), but for A and D.
void check_napot(const Pte* entries) {
  for (u64 i = 0; i < entries_per_table; ++i) {
    if ((entries[i] & pte_n) == 0) continue;
    const Pte first = entries[align_down(i, u64{1} << napot_order)];
    if (((entries[i] ^ first) & ~(pte_a | pte_d)) != 0)
      panic("check=frames: the entries of a 64 KiB page differ", first, entries[i]);
  }
}

void scan_space(const AddressSpace& space) {
  ++found(space.root);
  const Pte* top = direct_page<Pte>(space.root);
  for (u64 i = 0; i < entries_per_table / 2; ++i)
    if (top[i] != 0) ++found(pte_frame(top[i]));
  each_middle_entry(space.root, [](const Pte* entry, u64) {
    const FrameNumber table = pte_frame(*entry);
    if (is_leaf(*entry)) return each_frame(table, megapage_order, [](FrameNumber frame) { ++found(frame); });
    if (++found(table) != 1) return;  // a shared table maps its pages once
    const Pte* entries = direct_page<Pte>(table);
    u32 used = 0;
    for (u64 i = 0; i < entries_per_table; ++i) {
      if (entries[i] == 0) continue;
      ++used;
      if (is_swapped(entries[i])) {
        ++swapped_entries;
      } else {
        ++found(leaf_frame(&entries[i]));
      }
    }
    if (used != maps_of(table)) panic("check=frames: a page table miscounts its entries", table, used);
    check_napot(entries);
  });
}

void complain(const char* what, FrameNumber number) {
  const Frame& frame = frame_of(number);
  TextBuffer<200> text;
  text << "check=frames " << moment << ": " << what << ": frame " << number << " has "
       << references_of(number) << " references, " << frame.maps << " maps, " << u32{frame.pins}
       << " pins, state " << static_cast<u32>(frame.state) << "; entries found: " << found(number);
  panic(text.c_str(), number, found(number));
}

void compare(FrameNumber number) {
  const Frame& frame = frame_of(number);
  const u32 entries = found(number);
  switch (frame.state) {
    case FrameState::anonymous:
      if (frame.maps != entries) complain("maps are not the entries", number);
      if (references_of(number) != entries + frame.pins) complain("references are not maps and pins", number);
      if (count_entries(number) != entries) complain("the reverse map does not find every entry", number);
      return;
    case FrameState::page_cache:
      if (frame.maps != entries) complain("maps are not the entries", number);
      if (references_of(number) < entries) complain("fewer references than entries", number);
      return;
    case FrameState::page_table:
      if (references_of(number) != entries) complain("references are not the entries above", number);
      return;
    case FrameState::boot: return;
    default:
      if (entries != 0) complain("entries point to a frame that is nobody's", number);
  }
}

}  // namespace

void frame_check_open() {
  if (boot_choice("check", {"nothing", "frames"}) == 0) return;
  base = boot_info().memory.start >> page_bits;
  const u64 frames = (boot_info().memory.end >> page_bits) - base;
  const u64 needed = frames / frames_per_block + 1;
  if (needed > most_blocks) panic("check=frames: more memory than it can check", frames);
  for (; block_count < needed; ++block_count) {
    const FrameNumber block = allocate_frames(max_order, FrameState::kernel);
    if (block == no_frame) panic("check=frames: no memory for the scan");
    blocks[block_count] = direct_page<u32>(block);
  }
}

void check_frames(const char* when) {
  if (block_count == 0) return;
  stop_other_harts();
  moment = when;
  swapped_entries = 0;
  for (u64 i = 0; i < block_count; ++i) memset(blocks[i], 0, page_size << max_order);
  for (const AddressSpace& space : all_spaces) scan_space(space);
  FrameNumber last = no_frame;
  for (FrameNumber at = next_touched_frame(last); at > last; last = at, at = next_touched_frame(at))
    compare(at);
  if (frames_on_free_lists() != free_frames())
    panic("check=frames: the free blocks are not the free frames", frames_on_free_lists(), free_frames());
  if (swapped_entries != swap_entry_count())
    panic("check=frames: swap slots miscount their entries", swapped_entries, swap_entry_count());
  let_other_harts_go();
}

}  // namespace guestos

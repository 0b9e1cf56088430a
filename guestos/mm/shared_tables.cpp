#include "guestos/mm/shared_tables.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/mm/cow.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"

namespace guestos {

namespace {

Pte* entries_of(FrameNumber table) { return direct_page<Pte>(table); }

// Nobody reaches these entries through hardware now, or nobody through an entry with W: idempotent, so two
// processes may do it at once.
void protect_entries(FrameNumber table) {
  Frame& frame = frame_of(table);
  if ((frame.flags & frame_write_protected) != 0) return;
  Pte* entries = entries_of(table);
  for (u64 i = 0; i < entries_per_table; ++i)
    if ((load_pte(&entries[i]) & pte_w) != 0) remove_pte_bits(&entries[i], pte_w);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  frame.flags |= frame_write_protected;
}

// What the entries of a table refer to loses their reference; then the table goes.
void release_entries(FrameNumber table) {
  const Pte* entries = entries_of(table);
  for (u64 i = 0; i < entries_per_table; ++i) {
    if (entries[i] == 0) continue;
    if (is_swapped(entries[i])) {
      drop_slot_reference(slot_of(entries[i]));
      continue;
    }
    drop_map(leaf_frame(&entries[i]));
    drop_reference(leaf_frame(&entries[i]));
  }
  drop_reference(table);
}

// A table with the same pages, none of which may be written.
FrameNumber copy_table(FrameNumber table) {
  const FrameNumber copy = allocate_zeroed_frame(FrameState::page_table);
  if (copy == no_frame) return no_frame;
  const Pte* from = entries_of(table);
  Pte* to = entries_of(copy);
  for (u64 i = 0; i < entries_per_table; ++i) {
    const Pte entry = load_pte(&from[i]);
    if (entry == 0) continue;
    to[i] = entry & ~pte_w;
    if (is_swapped(entry)) {
      add_slot_reference(slot_of(entry));
      continue;
    }
    const FrameNumber frame = leaf_frame(&from[i]);
    if (!add_reference(frame)) {
      to[i] = 0;
      release_entries(copy);
      return no_frame;
    }
    end_exclusive(frame);
    add_map(frame);
  }
  frame_of(copy).maps = maps_of(table);
  return copy;
}

// Pages of files that are shared on purpose keep their W, and some ranges are wiped; such a region is shared page by page.
bool is_carried_over(const AddressSpace& space, u64 region) {
  for (const Vma* vma = space.find_from(region); vma != nullptr && vma->start < region + megapage_size;
       vma = VmaList::next(vma))
    if (!vma->is_carried_over()) return false;
  return true;
}

bool share_page_by_page(AddressSpace& parent, AddressSpace& child, u64 region, ForkCounts& counts) {
  for (const Vma* vma = parent.find_from(region); vma != nullptr && vma->start < region + megapage_size;
       vma = VmaList::next(vma)) {
    if (!vma->is_carried_over()) continue;
    Vma part = *vma;
    part.start = max_of(part.start, region);
    part.end = min_of(part.end, region + megapage_size);
    if (!share_private_pages(parent, child, part, counts)) return false;
  }
  return true;
}

bool share_table(AddressSpace& child, Pte* entry, u64 region, ForkCounts& counts) {
  Pte* childs = provide_table_entry(child.root, region);
  if (childs == nullptr) return false;
  const FrameNumber table = pte_frame(*entry);
  if (!add_reference(table)) return false;
  const bool is_protected = (frame_of(table).flags & frame_write_protected) != 0;
  if (!is_protected && (*entry & pte_v) != 0) {
    set_pte(entry, make_pte(table, pte_detached));
    ++counts.detached_tables;
  }
  set_pte(childs, *entry);
  child.resident += maps_of(table);
  counts.shared_pages += maps_of(table);
  ++counts.shared_tables;
  return true;
}

}  // namespace

bool attach_table(AddressSpace& space, u64 address) {
  Pte* entry = find_table_entry(space.root, address);
  if (entry == nullptr || *entry == 0 || (*entry & pte_v) != 0) return false;
  const FrameNumber table = pte_frame(*entry);
  protect_entries(table);
  set_pte(entry, make_pte(table, pte_v));
  fence_asid(space.asid);
  return true;
}

bool own_table(AddressSpace& space, u64 address) {
  Pte* entry = find_table_entry(space.root, address);
  if (entry == nullptr || *entry == 0 || is_leaf(*entry)) return true;
  attach_table(space, address);
  const FrameNumber table = pte_frame(*entry);
  if (references_of(table) != 1) {
    const FrameNumber copy = copy_table(table);
    if (copy == no_frame) return false;
    // Harts that still walk through the old table read the same entries there until they are told.
    set_pte(entry, make_pte(copy, pte_v));
    shoot_down_all(space);
    drop_table(table);
    return true;
  }
  // Only a fork of this space could make it shared again, and that waits for our mutex.
  frame_of(table).flags &= static_cast<u8>(~frame_write_protected);
  return true;
}

bool own_tables(AddressSpace& space, u64 start, u64 end) {
  for (u64 region = align_down(start, megapage_size); region < end; region += megapage_size)
    if (!own_table(space, region)) return false;
  return true;
}

bool take_shared_table(AddressSpace& space, Pte* entry, FrameNumber& table) {
  if (is_leaf(*entry)) return false;
  table = pte_frame(*entry);
  if ((*entry & pte_v) != 0 && references_of(table) == 1) return false;
  clear_pte(entry);
  space.resident -= maps_of(table);
  return true;
}

void drop_table(FrameNumber table) {
  if (release_shared_reference(table)) release_entries(table);
}

bool share_tables(AddressSpace& parent, AddressSpace& child, ForkCounts& counts) {
  bool done = true;
  each_middle_entry(parent.root, [&](Pte* entry, u64 region) {
    const bool is_shared = !is_leaf(*entry) && is_carried_over(parent, region);
    if (done)
      done = is_shared ? share_table(child, entry, region, counts)
                       : share_page_by_page(parent, child, region, counts);
  });
  return done;
}

}  // namespace guestos

// Copy-on-write, whole. Read it in this order:
//
//   1. share_private_pages: what fork does. Parent and child get the same frames; both lose the right to
//   write them.
//   2. write_to_protected_page: what the first store does. Its page fault asks one question: is anybody else
//   there?
//
// The range (Vma) remembers that the process MAY write; the page-table entry says that it may not write YET.
// The frame's reference count tells the two cases of the question apart. Nothing marks an entry as
// "copy-on-write": a present entry without W, in a private range with PROT_WRITE, is one.
#include "guestos/mm/cow.hpp"

#include "guestos/lib/print.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constinit ReuseRule reuse_rule = ReuseRule::exclusive;
constinit bool splits_large_pages = true;
constinit FrameNumber the_zero_frame = no_frame;

bool all_are_one(FrameNumber first, unsigned order, u32 (*count)(FrameNumber)) {
  for (u64 i = 0; i < u64{1} << order; ++i)
    if (count(first + i) != 1) return false;
  return true;
}

// Can the store go to this very page (of one frame, or of several)? A page-cache frame is never one process's
// own, whatever the count: the file has it. The count cannot grow behind our back: only a fork of this space
// could raise it, and that waits for our mutex. A large page's exclusive bit is its first frame's.
bool is_last_owner(FrameNumber first, unsigned order) {
  if (frame_of(first).state != FrameState::anonymous) return false;
  if (origin_of(first).slot != 0 && !leave_slot(first)) return false;
  switch (reuse_rule) {
    case ReuseRule::maps: return all_are_one(first, order, maps_of);
    case ReuseRule::references: return all_are_one(first, order, references_of);
    case ReuseRule::exclusive: break;
  }
  // A second reference does not matter once the bit is set: whoever has it (a device, by a pin) shares the
  // page with its owner on purpose.
  if ((frame_of(first).flags & frame_exclusive) != 0) return true;
  const bool sole = all_are_one(first, order, references_of);
  if (sole) mark_exclusive(first);
  return sole;
}

// A new anonymous page with the contents of `source`, or no_frame.
FrameNumber copy_frames(FrameNumber source, unsigned order, u64 address) {
  const FrameNumber copy = allocate_page(order, FrameState::anonymous);
  if (copy == no_frame) return no_frame;
  const u32 pid = current_pid();
  trace<Tracepoint::copy_begin>(pid, address, source, copy, page_size << order);
  each_frame(0, order, [&](u64 i) { copy_page(direct_page(copy + i), direct_page(source + i)); });
  trace<Tracepoint::copy_end>(pid, address, source, copy, page_size << order);
  return copy;
}

// Nobody else has the page: write where it is. Other harts may still hold the old, stricter translation;
// that costs them at most one spurious fault, so nobody is interrupted.
FaultOutcome reuse(AddressSpace& space, u64 address, const Leaf& leaf) {
  add_leaf_bits(leaf, pte_w | pte_d | pte_a);
  fence_page(address, space.asid);
  shoot_down_stricter(space, leaf.start, leaf.pages());
  if (leaf.order != 0) trace_large_page(leaf.start, leaf.order, LargePageEvent::reused, leaf.frame());
  return resolved(FaultResolution::cow_reuse, leaf.frame(), leaf.frame());
}

void tell_decision(const Vma& vma, u64 address, FrameNumber shared) {
  using namespace hartbeat::abi;
  const u64 flags = (vma.protection & range_protection) | (vma.grows_down ? range_grows_down : 0) |
                    (vma.inode != nullptr ? range_of_file : 0);
  trace<Tracepoint::copy_decided>(current_pid(), address, vma.start, vma.end, flags, references_of(shared));
}

// Somebody else has it too: from now on this space has its own copy. The translation changes its frame, so it
// passes through "invalid" (every entry of a 64 KiB page does) while every hart forgets the old one: no two
// threads ever see two different pages.
FaultOutcome copy(AddressSpace& space, const Vma& vma, u64 address, const Leaf& leaf) {
  const FrameNumber shared = leaf.frame();
  const bool from_zero = shared == the_zero_frame;
  tell_decision(vma, address, shared);
  const FrameNumber own =
      from_zero ? allocate_zeroed_frame(FrameState::anonymous) : copy_frames(shared, leaf.order, address);
  if (own == no_frame) return out_of_memory();
  give_origin(own, leaf.order, space, vma, leaf.start);
  clear_leaf(leaf);
  shoot_down(space, leaf.start, leaf.pages());
  each_frame(own, leaf.order, add_map);
  set_leaf(leaf, own, leaf_flags(vma, true));
  fence_page(address, space.asid);
  if ((vma.protection & PROT_EXEC) != 0) fence_instructions();
  each_frame(shared, leaf.order, drop_map);
  each_frame(shared, leaf.order, drop_reference);
  if (leaf.order != 0) trace_large_page(leaf.start, leaf.order, LargePageEvent::copied, own);
  return resolved(from_zero ? FaultResolution::zero_copy : FaultResolution::cow_copy, shared, own);
}

// The device and its owner must go on seeing one page: then the child is the one that gets a copy.
bool is_kept_by_device(FrameNumber frame) {
  return reuse_rule == ReuseRule::exclusive && frame_of(frame).pins != 0 &&
         frame_of(frame).state == FrameState::anonymous;
}

// What is kept is 4 KiB: the rest of a large page can be shared.
bool split_what_devices_keep(AddressSpace& space, const Vma& vma) {
  bool done = true;
  each_leaf(space.root, vma.start, vma.end, [&](const Leaf& leaf) {
    bool kept = false;
    if (is_swapped(load_pte(leaf.at))) return;
    each_frame(leaf.frame(), leaf.order, [&](FrameNumber frame) { kept = kept || is_kept_by_device(frame); });
    if (kept && leaf.order != 0 && done) done = split_page(space, leaf.start);
  });
  return done;
}

bool give_copy(AddressSpace& child, const Vma& vma, FrameNumber source, const Leaf& to) {
  const FrameNumber own = copy_frames(source, to.order, to.start);
  if (own == no_frame) return false;
  give_origin(own, to.order, child, vma, to.start);
  map_page(child, to, own, leaf_flags(vma, true));
  return true;
}

// Calls visit(parent's page, child's) for every page of `vma`, present or in swap, making the child's tables as
// needed. A 2 MiB region without a table in the parent costs one look. False: out of memory, or visit said so.
template <typename Visit>
bool each_page(AddressSpace& parent, AddressSpace& child, const Vma& vma, Visit visit) {
  for (u64 region = vma.start; region < vma.end;) {
    const u64 region_end = min_of(align_down(region, megapage_size) + megapage_size, vma.end);
    if (!own_table(parent, region)) return false;
    Pte* to = nullptr;
    bool done = true;
    each_leaf(parent.root, region, region_end, [&](const Leaf& from) {
      const bool mega = from.order == megapage_order;
      if (to == nullptr)
        to = mega ? provide_table_entry(child.root, region) : provide_pte(child.root, region);
      if (to == nullptr) done = false;
      // Parent's and child's table are walked in step.
      Pte* const at = mega ? to : to + ((from.start - region) >> page_bits);
      if (done) done = visit(from, Leaf{at, from.start, from.order});
    });
    if (!done) return false;
    region = region_end;
  }
  return true;
}

}  // namespace

void cow_open() {
  reuse_rule = static_cast<ReuseRule>(boot_choice("reuse", {"exclusive", "references", "maps"}));
  splits_large_pages = boot_choice("large-cow", {"split", "whole"}) == 0;
  the_zero_frame = allocate_zeroed_frame(FrameState::boot);
  if (the_zero_frame == no_frame) panic("no memory for the zero page");
}

FrameNumber zero_frame() { return the_zero_frame; }
void mark_exclusive(FrameNumber frame) { frame_of(frame).flags |= frame_exclusive; }
void give_origin(FrameNumber first, unsigned order, const AddressSpace& space, const Vma& vma, u64 start) {
  mark_exclusive(first);
  for (u64 i = 0; i < u64{1} << order; ++i) set_origin(first + i, space, vma, start + i * page_size);
}

// ---- 1. fork
// -----------------------------------------------------------------------------------------------

bool share_private_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  if (parent.pins != nullptr && !split_what_devices_keep(parent, vma)) return false;
  return each_page(parent, child, vma, [&](const Leaf& from, const Leaf& to) {
    if (const Pte pte = load_pte(from.at); is_swapped(pte)) {
      add_slot_reference(slot_of(pte));
      set_pte(to.at, pte);
      ++child.resident;
      ++counts.shared_pages;
      return true;
    }
    const FrameNumber first = from.frame();
    if (is_kept_by_device(first)) return give_copy(child, vma, first, to);
    if (!add_references(first, from.order)) return false;
    end_exclusive(first);
    // Atomic: the walker of another hart may be setting A or D in this entry right now.
    const Pte old = remove_leaf_bits(from, pte_w);
    if ((old & pte_w) != 0) ++counts.protected_pages;
    map_page(child, to, first, old & pte_flags & ~pte_w);
    counts.shared_pages += from.pages();
    return true;
  });
}

bool copy_shared_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  return each_page(parent, child, vma, [&](const Leaf& from, const Leaf& to) {
    // The copy is on the disk; who touches it has it to himself.
    if (is_swapped(load_pte(to.at))) return true;
    const FrameNumber shared = to.frame();
    // The file's own page, or the zero page, which both only read; or the child's own already.
    if (frame_of(shared).state != FrameState::anonymous || maps_of(shared) == 1) return true;
    const FrameNumber own = copy_frames(shared, to.order, to.start);
    if (own == no_frame) return false;
    give_origin(own, to.order, child, vma, to.start);
    each_frame(own, to.order, add_map);
    set_leaf(to, own, leaf_flags(vma, true));
    each_frame(shared, to.order, drop_map);
    each_frame(shared, to.order, drop_reference);
    counts.shared_pages -= to.pages();
    if (is_last_owner(shared, from.order)) add_leaf_bits(from, leaf_flags(vma, true) & (pte_w | pte_d));
    return true;
  });
}

// ---- 2. the first store
// ------------------------------------------------------------------------------------

FaultOutcome write_to_protected_page(AddressSpace& space, const Vma& vma, u64 address) {
  const Leaf leaf = find_leaf(space.root, address);
  if (is_last_owner(leaf.frame(), leaf.order)) return reuse(space, address, leaf);
  if (leaf.order == 0 || !splits_large_pages) {
    const FaultOutcome outcome = copy(space, vma, address, leaf);
    if (leaf.order == 0 || !outcome.out_of_memory) return outcome;
  }
  // A shared large page, of which only the 4 KiB that are written are to be copied (or there is no block for
  // more). The others go on sharing it as a large one.
  if (!split_page(space, address)) return out_of_memory();
  return write_to_protected_page(space, vma, address);
}

}  // namespace guestos

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

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/csr.hpp"
#include "guestos/lib/memory.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/linux.hpp"

namespace guestos {

namespace {

constinit ReuseRule reuse_rule = ReuseRule::exclusive;
constinit FrameNumber the_zero_frame = no_frame;

// Can the store go to this very frame? A page-cache frame is never one process's own, whatever the count: the
// file has it. The count cannot grow behind our back: only a fork of this space could raise it, and that
// waits for our mutex.
bool is_last_owner(FrameNumber frame) {
  if (frame_of(frame).state != FrameState::anonymous) return false;
  if (origin_of(frame).slot != 0 && !leave_slot(frame)) return false;
  switch (reuse_rule) {
    case ReuseRule::maps: return maps_of(frame) == 1;
    case ReuseRule::references: return references_of(frame) == 1;
    case ReuseRule::exclusive: break;
  }
  // A second reference does not matter once the bit is set: whoever has it (a device, by a pin) shares the
  // page with its owner on purpose.
  if (references_of(frame) == 1) mark_exclusive(frame);
  return (frame_of(frame).flags & frame_exclusive) != 0;
}

// A new anonymous frame with the contents of `source`, or no_frame.
FrameNumber copy_frame(FrameNumber source, u64 address) {
  const FrameNumber copy = allocate_frame(FrameState::anonymous);
  if (copy == no_frame) return no_frame;
  const u32 pid = current_pid();
  trace<Tracepoint::copy_begin>(pid, address, source, copy, page_size);
  copy_page(direct_page(copy), direct_page(source));
  trace<Tracepoint::copy_end>(pid, address, source, copy, page_size);
  return copy;
}

// Nobody else has the frame: write where it is. Other harts may still hold the old, stricter translation;
// that costs them at most one spurious fault, so nobody is interrupted.
WriteOutcome reuse(AddressSpace& space, u64 address, Pte* at, FrameNumber frame) {
  add_pte_bits(at, pte_w | pte_d | pte_a);
  fence_page(address, space.asid());
  return {false, FaultResolution::cow_reuse, frame, frame};
}

void tell_decision(const Vma& vma, u64 address, FrameNumber shared) {
  using namespace hartbeat::abi;
  const u64 flags = (vma.protection & range_protection) | (vma.grows_down ? range_grows_down : 0) |
                    (vma.inode != nullptr ? range_of_file : 0);
  trace<Tracepoint::copy_decided>(current_pid(), address, vma.start, vma.end, flags, references_of(shared));
}

// Somebody else has it too: from now on this space has its own copy. The translation changes its frame, so it
// passes through "invalid" while every hart forgets the old one: no two threads ever see two different pages.
WriteOutcome copy(AddressSpace& space, const Vma& vma, u64 address, Pte* at, FrameNumber shared) {
  const bool from_zero = shared == the_zero_frame;
  tell_decision(vma, address, shared);
  const FrameNumber own =
      from_zero ? allocate_zeroed_frame(FrameState::anonymous) : copy_frame(shared, address);
  if (own == no_frame) return {true, FaultResolution::protection, shared, no_frame};
  mark_exclusive(own);
  set_origin(own, space, vma, address);
  clear_pte(at);
  shoot_down(space, address, 1);
  add_map(own);
  set_pte(at, make_pte(own, leaf_flags(vma, true)));
  fence_page(address, space.asid());
  if ((vma.protection & PROT_EXEC) != 0) fence_instructions();
  drop_map(shared);
  drop_reference(shared);
  return {false, from_zero ? FaultResolution::zero_copy : FaultResolution::cow_copy, shared, own};
}

// The device and its owner must go on seeing one page: then the child is the one that gets a copy.
bool is_kept_by_device(FrameNumber frame) {
  return reuse_rule == ReuseRule::exclusive && frame_of(frame).pins != 0 &&
         frame_of(frame).state == FrameState::anonymous;
}

bool give_copy(AddressSpace& child, const Vma& vma, u64 address, FrameNumber source, Pte* to) {
  const FrameNumber own = copy_frame(source, address);
  if (own == no_frame) return false;
  mark_exclusive(own);
  set_origin(own, child, vma, address);
  map_frame(child, to, own, leaf_flags(vma, true));
  return true;
}

// Calls visit(address, parent's entry, child's entry) for every page of `vma`, present or in swap, making the child's
// tables as needed. A 2 MiB region without a table in the parent costs one look. False: out of memory, or
// visit said so.
template <typename Visit>
bool each_page(AddressSpace& parent, AddressSpace& child, const Vma& vma, Visit visit) {
  for (u64 region = vma.start; region < vma.end;) {
    const u64 region_end = min_of(align_down(region, megapage_size) + megapage_size, vma.end);
    if (!own_table(parent, region)) return false;
    Pte* from = find_pte(parent.root(), region);
    Pte* to = nullptr;
    for (u64 address = region; from != nullptr && address < region_end; address += page_size, ++from) {
      if (load_pte(from) == 0) continue;
      if (to == nullptr) {
        to = provide_pte(child.root(), address);
        if (to == nullptr) return false;
        to -= (address - region) >> page_bits;  // the entry of `region`: both walk in step from here
      }
      if (!visit(address, from, to + ((address - region) >> page_bits))) return false;
    }
    region = region_end;
  }
  return true;
}

}  // namespace

void cow_open() {
  char value[16];
  boot_argument("reuse", value, sizeof value);
  if (equal(value, "maps")) reuse_rule = ReuseRule::maps;
  if (equal(value, "references")) reuse_rule = ReuseRule::references;
  the_zero_frame = allocate_zeroed_frame(FrameState::boot);
  if (the_zero_frame == no_frame) panic("no memory for the zero page");
}

FrameNumber zero_frame() { return the_zero_frame; }
void mark_exclusive(FrameNumber frame) { frame_of(frame).flags |= frame_exclusive; }

// ---- 1. fork
// -----------------------------------------------------------------------------------------------

bool share_private_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  return each_page(parent, child, vma, [&](u64 address, Pte* from, Pte* to) {
    if (is_swapped(load_pte(from))) {
      add_slot_reference(slot_of(load_pte(from)));
      set_pte(to, load_pte(from));
      ++child.resident;
      ++counts.shared_pages;
      return true;
    }
    const FrameNumber frame = pte_frame(load_pte(from));
    if (is_kept_by_device(frame)) return give_copy(child, vma, address, frame, to);
    frame_of(frame).flags &= static_cast<u8>(~frame_exclusive);
    // Atomic: the walker of another hart may be setting A or D in this entry right now.
    const Pte old = remove_pte_bits(from, pte_w);
    if ((old & pte_w) != 0) ++counts.protected_pages;
    add_reference(frame);
    map_frame(child, to, frame, old & 0x3ff & ~pte_w);
    ++counts.shared_pages;
    return true;
  });
}

bool copy_shared_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  return each_page(parent, child, vma, [&](u64 address, Pte* from, Pte* to) {
    if (is_swapped(load_pte(to))) return true;  // the copy is on the disk; who touches it has it to himself
    const FrameNumber shared = pte_frame(load_pte(to));
    // The file's own page, or the zero page, which both only read; or the child's own already.
    if (frame_of(shared).state != FrameState::anonymous || maps_of(shared) == 1) return true;
    const FrameNumber own = copy_frame(shared, address);
    if (own == no_frame) return false;
    mark_exclusive(own);
    set_origin(own, child, vma, address);
    add_map(own);
    set_pte(to, make_pte(own, leaf_flags(vma, true)));
    drop_map(shared);
    drop_reference(shared);
    --counts.shared_pages;
    if (is_last_owner(shared)) add_pte_bits(from, leaf_flags(vma, true) & (pte_w | pte_d));
    return true;
  });
}

// ---- 2. the first store
// ------------------------------------------------------------------------------------

WriteOutcome write_to_protected_page(AddressSpace& space, const Vma& vma, u64 address, Pte* at) {
  const FrameNumber frame = pte_frame(load_pte(at));
  if (is_last_owner(frame)) return reuse(space, address, at, frame);
  return copy(space, vma, address, at, frame);
}

}  // namespace guestos

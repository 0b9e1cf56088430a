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
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/linux.hpp"

namespace guestos {

namespace {

constinit ReuseRule reuse_rule = ReuseRule::references;

// Can the store go to this very frame? A page-cache frame is never one process's own, whatever the count: the
// file has it. The count cannot grow behind our back: only a fork of this space could raise it, and that
// waits for our mutex.
bool is_last_owner(FrameNumber frame) {
  if (frame_of(frame).state != FrameState::anonymous) return false;
  return (reuse_rule == ReuseRule::maps ? maps_of(frame) : references_of(frame)) == 1;
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

// Somebody else has it too: from now on this space has its own copy. The translation changes its frame, so it
// passes through "invalid" while every hart forgets the old one: no two threads ever see two different pages.
WriteOutcome copy(AddressSpace& space, const Vma& vma, u64 address, Pte* at, FrameNumber shared) {
  const FrameNumber own = copy_frame(shared, address);
  if (own == no_frame) return {true, FaultResolution::protection, shared, no_frame};
  clear_pte(at);
  shoot_down(space, address, 1);
  add_map(own);
  set_pte(at, make_pte(own, leaf_flags(vma, true)));
  fence_page(address, space.asid());
  if ((vma.protection & PROT_EXEC) != 0) fence_instructions();
  drop_map(shared);
  drop_reference(shared);
  return {false, FaultResolution::cow_copy, shared, own};
}

// Calls visit(address, parent's entry, child's entry) for every present page of `vma`, making the child's
// tables as needed. A 2 MiB region without a table in the parent costs one look. False: out of memory, or
// visit said so.
template <typename Visit>
bool each_present_page(AddressSpace& parent, AddressSpace& child, const Vma& vma, Visit visit) {
  for (u64 region = vma.start; region < vma.end;) {
    const u64 region_end = min_of(align_down(region, megapage_size) + megapage_size, vma.end);
    if (!own_table(parent, region)) return false;
    Pte* from = find_pte(parent.root(), region);
    Pte* to = nullptr;
    for (u64 address = region; from != nullptr && address < region_end; address += page_size, ++from) {
      if ((load_pte(from) & pte_v) == 0) continue;
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
  if (boot_argument("reuse", value, sizeof value) && equal(value, "maps")) reuse_rule = ReuseRule::maps;
}

// ---- 1. fork
// -----------------------------------------------------------------------------------------------

bool share_private_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  return each_present_page(parent, child, vma, [&](u64, Pte* from, Pte* to) {
    // Atomic: the walker of another hart may be setting A or D in this entry right now.
    const Pte old = remove_pte_bits(from, pte_w);
    if ((old & pte_w) != 0) ++counts.protected_pages;
    add_reference(pte_frame(old));
    map_frame(child, to, pte_frame(old), old & 0x3ff & ~pte_w);
    ++counts.shared_pages;
    return true;
  });
}

bool copy_shared_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts) {
  return each_present_page(parent, child, vma, [&](u64 address, Pte* from, Pte* to) {
    const FrameNumber shared = pte_frame(load_pte(to));
    if (frame_of(shared).state != FrameState::anonymous)
      return true;  // the file's own page, which both only read
    const FrameNumber own = copy_frame(shared, address);
    if (own == no_frame) return false;
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

#include "guestos/mm/fault.hpp"

#include "guestos/fs/inode.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/cow.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constinit u64 fault_totals[hartbeat::abi::fault_resolution_count] = {};

FaultOutcome refuse(u32 signal, i32 code, const char* reason, const Vma* vma = nullptr) {
  const Range range = vma != nullptr ? Range{vma->start, vma->end} : Range{};
  return {.signal = signal, .code = code, .reason = reason, .range = range};
}

// What each access needs of the range, and what is said where it is not so.
struct Need {
  u64 protection;  // any of it
  const char* otherwise;
};
constexpr Need needs[] = {{PROT_READ | PROT_WRITE, "the mapping does not allow loads"},
                          {PROT_WRITE, "the mapping is read-only"},
                          {PROT_EXEC, "the mapping is not executable"}};

// The range of `address`, growing a stack downwards to it if need be.
Vma* find_or_grow(AddressSpace& space, u64 address, bool& grown) {
  Vma* vma = space.find_from(address);
  if (vma == nullptr || vma->start <= address || !vma->grows_down)
    return vma != nullptr && vma->start <= address ? vma : nullptr;
  const u64 start = page_down(address);
  if (vma->end - start > space.stack_limit) return nullptr;
  const Vma* below = VmaList::previous(vma);
  if (below != nullptr && start < below->end + 16 * page_size) return nullptr;  // the guard gap
  if (!commit_growth(*vma, (vma->start - start) >> page_bits)) return nullptr;
  vma->start = start;
  grown = true;
  return vma;
}

// Memory that is only read so far is the zero page.
FaultOutcome fill_anonymous(AddressSpace& space, const Vma& vma, Pte* at, u64 page, Access access,
                            bool grown) {
  const FaultResolution how = grown ? FaultResolution::stack_grow : FaultResolution::demand_zero;
  if (access != Access::store && !vma.shared) {
    if (!add_reference(zero_frame())) return out_of_memory();
    map_frame(space, at, zero_frame(), leaf_flags(vma, false));
    return resolved(how, no_frame, zero_frame());
  }
  const FrameNumber frame = allocate_zeroed_frame(FrameState::anonymous);
  if (frame == no_frame) return out_of_memory();
  give_origin(frame, 0, space, vma, page);
  map_frame(space, at, frame, leaf_flags(vma, true));
  return resolved(how, no_frame, frame);
}

// A private page of its own at once: for a store, or where the file's bytes end inside the page.
FaultOutcome fill_private_copy(AddressSpace& space, const Vma& vma, Pte* at, u64 page, FrameNumber cached) {
  const FrameNumber frame = allocate_frame(FrameState::anonymous);
  if (frame == no_frame) return out_of_memory();
  u8* bytes = direct_page<u8>(frame);
  copy_page(bytes, direct_page(cached));
  if (vma.file_end < page + page_size)
    memset(bytes + (vma.file_end - page), 0, page + page_size - vma.file_end);
  give_origin(frame, 0, space, vma, page);
  map_frame(space, at, frame, leaf_flags(vma, true));
  return resolved(FaultResolution::file_fill, no_frame, frame);
}

FaultOutcome fill_from_file(AddressSpace& space, const Vma& vma, Pte* at, u64 address, Access access) {
  const u64 page = page_down(address);
  if (vma.file_end <= page) return fill_anonymous(space, vma, at, page, access, false);
  const u64 index = vma.page_index(page);
  if (index << page_bits >= page_up(vma.inode->size))
    return refuse(SIGBUS, BUS_ADRERR, "the page lies beyond the end of the mapped file", &vma);
  const FrameNumber cached = cached_page(*vma.inode, index);  // with a reference for us
  if (cached == no_frame) return out_of_memory();
  FaultOutcome outcome;
  if (!vma.shared && (access == Access::store || vma.file_end < page + page_size)) {
    outcome = fill_private_copy(space, vma, at, page, cached);
    drop_reference(cached);
  } else {
    if (vma.shared && (vma.protection & PROT_WRITE) != 0) frame_of(cached).flags |= frame_dirty;
    map_frame(space, at, cached, leaf_flags(vma, vma.shared));
    outcome = resolved(FaultResolution::file_fill, no_frame, cached);
  }
  if ((vma.protection & PROT_EXEC) != 0 && outcome.signal == 0) fence_instructions();
  return outcome;
}

// A store that is the frame's only user gets it for itself at once; else the page is read-only at first, so
// that frame and slot stay the same, and a store asks copy-on-write's question.
FaultOutcome fill_from_swap(AddressSpace& space, const Vma& vma, Pte* at, u64 page, Access access) {
  const u32 slot = slot_of(load_pte(at));
  i64 error = 0;
  const FrameNumber frame = read_slot(slot, error);
  if (error == -ENOMEM) return out_of_memory();
  if (error != 0) return refuse(SIGBUS, BUS_ADRERR, "its page cannot be read back from swap", &vma);
  set_origin(frame, space, vma, page);
  const bool writable = access == Access::store && leave_slot(frame);
  if (writable) mark_exclusive(frame);
  add_map(frame);
  set_pte(at, make_pte(frame, leaf_flags(vma, writable)));
  drop_slot_reference(slot);
  if ((vma.protection & PROT_EXEC) != 0) fence_instructions();
  return resolved(FaultResolution::swap_in, no_frame, frame);
}

// The page is there, and the range allows the access: why did it fault?
FaultOutcome resolve_present(AddressSpace& space, const Vma& vma, u64 address, Access access) {
  const Leaf leaf = find_leaf(space.root, address);
  const Pte pte = load_pte(leaf.at);
  const FrameNumber frame = leaf.frame_at(address);
  if (access == Access::store && (pte & pte_w) == 0 && !vma.shared)
    return write_to_protected_page(space, vma, page_down(address));
  const Pte wanted = access == Access::store ? pte_a | pte_d | pte_w : pte_a;
  if ((pte & wanted) == wanted) return resolved(FaultResolution::spurious, frame, frame);
  add_leaf_bits(leaf, wanted);
  return resolved(FaultResolution::ad_update, frame, frame);
}

// Is this more than setting A or D, or fencing?
bool changes_entry(const Vma& vma, const Pte* at, Access access) {
  const Pte pte = at != nullptr ? load_pte(at) : 0;
  return (pte & pte_v) == 0 || (access == Access::store && (pte & pte_w) == 0 && !vma.shared);
}

FaultOutcome resolve(AddressSpace& space, u64 address, Access access) {
  if (address >= user_end) return refuse(SIGSEGV, SEGV_MAPERR, "not a user address");
  bool grown = false;
  const Vma* vma = find_or_grow(space, address, grown);
  if (vma == nullptr) return refuse(SIGSEGV, SEGV_MAPERR, "nothing is mapped there");
  const Need& need = needs[static_cast<unsigned>(access)];
  if ((vma->protection & need.protection) == 0) return refuse(SIGSEGV, SEGV_ACCERR, need.otherwise, vma);
  if (attach_table(space, address)) return resolved(FaultResolution::table_attach, no_frame, no_frame);
  FaultOutcome outcome;
  Pte* at = find_pte(space.root, address);
  FrameNumber large = no_frame;
  if (changes_entry(*vma, at, access)) {
    const u64 size = page_size << vma->page_order;
    const u64 start = align_down(address, size);
    if (at == nullptr || (load_pte(at) & pte_v) == 0) settle_deferred(space, start, start + size);
    if (!own_table(space, address)) return out_of_memory();
    if (at == nullptr || load_pte(at) == 0) large = fill_large_page(space, *vma, address);
    at = provide_pte(space.root, address);
    if (at == nullptr) return out_of_memory();
  }
  if (large != no_frame) {
    outcome = resolved(FaultResolution::demand_zero, no_frame, large);
  } else if ((load_pte(at) & pte_v) != 0) {
    outcome = resolve_present(space, *vma, address, access);
  } else if (is_swapped(load_pte(at))) {
    outcome = fill_from_swap(space, *vma, at, page_down(address), access);
  } else if (vma->frame != no_frame) {
    if (!add_reference(vma->frame)) return out_of_memory();
    map_frame(space, at, vma->frame, leaf_flags(*vma, false));
    outcome = resolved(FaultResolution::file_fill, no_frame, vma->frame);
  } else if (vma->inode != nullptr) {
    outcome = fill_from_file(space, *vma, at, address, access);
  } else {
    outcome = fill_anonymous(space, *vma, at, page_down(address), access, grown);
  }
  // This hart may have remembered that the entry was invalid or stricter.
  fence_page(page_down(address), space.asid);
  return outcome;
}

i64 provide_locked(AddressSpace& space, u64 page) {
  MutexGuard guard(space.mutex);
  const Vma* vma = space.find(page);
  if (vma == nullptr) return -EFAULT;
  return provide_page(space, page, (vma->protection & PROT_WRITE) != 0);
}

}  // namespace

u64 fault_total(u64 resolution) { return __atomic_load_n(&fault_totals[resolution], __ATOMIC_RELAXED); }

i64 provide_page(AddressSpace& space, u64 address, bool writable) {
  const Access access = writable ? Access::store : Access::load;
  const Pte wanted = pte_v | pte_u | (writable ? pte_w : pte_r);
  for (;;) {
    attach_table(space, address);
    const Pte* at = find_pte(space.root, address);
    if (at != nullptr && (load_pte(at) & wanted) == wanted) return 0;
    const FaultOutcome outcome = resolve(space, address, access);
    if (outcome.signal != 0) return outcome.out_of_memory ? -ENOMEM : -EFAULT;
  }
}

FaultOutcome resolve_fault(AddressSpace& space, u64 address, Access access, u64 scause, u64 pc) {
  const u32 pid = current_pid();
  trace<Tracepoint::fault_begin>(pid, address, scause, pc);
  FaultOutcome outcome;
  do {
    space.mutex.lock();
    outcome = resolve(space, address, access);
    space.mutex.unlock();
  } while (outcome.out_of_memory && make_room_or_kill());
  __atomic_fetch_add(&fault_totals[static_cast<u64>(outcome.resolution)], 1, __ATOMIC_RELAXED);
  trace<Tracepoint::fault_end>(pid, address, static_cast<u64>(outcome.resolution), outcome.before,
                               outcome.after);
  keep_reserve();
  return outcome;
}

i64 populate(AddressSpace& space, u64 start, u64 end) {
  for (u64 page = start; page < end; page += page_size) {
    i64 error = provide_locked(space, page);
    while (error == -ENOMEM && make_room_or_kill()) error = provide_locked(space, page);
    if (error != 0) return -ENOMEM;
    preemption_point();
  }
  return 0;
}

}  // namespace guestos

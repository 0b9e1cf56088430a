// The memory side of fork: a child address space that means the same as its parent's.
#include "guestos/mm/cow.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"

namespace guestos {

namespace {

bool copy_ranges(AddressSpace& parent, AddressSpace& child) {
  for (const Vma& vma : parent.vmas) {
    Vma copy = vma;
    copy.locked = false;
    if (child.add(copy) != 0) return false;
  }
  if (parent.program != nullptr) child.set_program(parent.program);
  child.stack_limit = parent.stack_limit;
  child.brk_start = parent.brk_start;
  child.brk = parent.brk;
  return true;
}

u64 count_tables(FrameNumber root) {
  const Pte* top = direct_page<Pte>(root);
  u64 count = 1;
  for (u64 i = 0; i < entries_per_table / 2; ++i)
    if (top[i] != 0) ++count;
  each_middle_entry(root, [&](const Pte* entry, u64) {
    if (!is_leaf(*entry) && references_of(pte_frame(*entry)) == 1) ++count;
  });
  return count;
}

}  // namespace

AddressSpace* fork_address_space(AddressSpace& parent, ForkMechanism mechanism, ForkCounts& counts) {
  keep_reserve(mechanism == ForkMechanism::eager ? parent.resident : parent.resident / entries_per_table);
  AddressSpace* child = AddressSpace::make();
  if (child == nullptr) return nullptr;
  parent.mutex.lock();
  child->family = parent.family;
  bool done = copy_ranges(parent, *child);
  // A pinned page needs a look of its own.
  if (mechanism == ForkMechanism::shared_tables && parent.pins != nullptr) mechanism = ForkMechanism::cow;
  if (done && mechanism == ForkMechanism::shared_tables) {
    done = share_tables(parent, *child, counts);
  } else {
    for (const Vma& vma : parent.vmas)
      done = done && (!vma.is_carried_over() || share_private_pages(parent, *child, vma, counts));
  }
  // Before anybody can store through the child: no hart may still write the parent's pages through its TLB.
  // That is so after a failure, too: the entries have lost W, and a later fork will count on having no stale
  // ones.
  if (counts.protected_pages + counts.detached_tables != 0 && !kernel_is_broken("no-fork-flush"))
    shoot_down_all(parent);
  if (mechanism == ForkMechanism::eager)
    for (const Vma& vma : parent.vmas)
      done = done && (!vma.is_carried_over() || copy_shared_pages(parent, *child, vma, counts));
  parent.mutex.unlock();
  if (!done) {
    child->drop_reference();
    return nullptr;
  }
  counts.table_frames = count_tables(child->root);
  return child;
}

}  // namespace guestos

// Making every hart forget translations of an address space that have just changed or gone.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

class AddressSpace;

// How other harts are told (boot argument shootdown=). In each, only harts where the space is active are told,
// and the sender waits until each of them has answered.
enum class ShootdownPolicy : u8 {
  sbi,  // the firmware's remote fence: two traps into machine mode on the way
  ipi,  // a software interrupt to the other kernel (ACLINT SSWI if there is one), which fences and answers
  batched,  // as ipi, and pages are invalidated with one ordering point for all (Svinval)
  asid,     // as ipi, and the whole address space at once
  lazy,     // as ipi, but frames of unmapped pages wait until all have come by (deferred_release.hpp)
};

void shootdown_open();  // reads the boot arguments shootdown= and broken=

// Fences what other harts ask this one to forget. A hart looks when it is interrupted, and wherever it waits
// with interrupts disabled: for a lock, and for the others' answers.
void answer_shootdowns();

// Boot argument broken=NAME, for tests that must notice: the kernel says so loudly and leaves a fence out.
// no-remote-flush: other harts are never told; no-fork-flush: fork does not fence the parent; no-unmap-flush:
// freed frames stay in TLBs; lazy-free-early: shootdown=lazy does not wait; no-stale-fence: a hart that was idle
// meanwhile does not fence when it takes the space again.
bool kernel_is_broken(const char* how);

// [start, start + pages * 4096) of `space`, on this hart and on each other where it is active. Returns when
// all have fenced. The page table must already say the new thing. Above 64 pages (as in Linux; boot argument
// fence-limit=N) the whole address space is fenced instead.
void shoot_down(AddressSpace& space, u64 start, u64 pages);
// All of `space`, including cached non-leaf entries.
void shoot_down_all(AddressSpace& space);
// An entry gives more than before. Nobody has to be told: a hart that remembers less faults once more, in vain
// (`spurious`). Boot argument widen=tell tells all the same, to compare.
void shoot_down_stricter(AddressSpace& space, u64 start, u64 pages);

bool shootdown_is_lazy();
// The first half of a shootdown: this hart fences; returns the harts that have to, and the shootdown's number for
// shootdown_end.
u64 begin_shootdown(AddressSpace& space, u64 start, u64 pages, u64& id);

}  // namespace guestos

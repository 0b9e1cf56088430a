// Making every hart forget translations of an address space that have just changed or gone.
#pragma once

#include "guestos/mm/frames.hpp"

namespace guestos {

struct Hart;
class AddressSpace;

// How other harts are told (boot argument shootdown=). In each, only harts where the space is active are told,
// and the sender waits until each of them has answered.
enum class ShootdownPolicy : u8 {
  sbi,  // the firmware's remote fence: two traps into machine mode on the way
  ipi,  // a software interrupt to the other kernel (ACLINT SSWI if there is one), which fences and answers
  batched,  // as ipi, and pages are invalidated with one ordering point for all (Svinval)
  asid,     // as ipi, and the whole address space at once
  lazy,     // as ipi, but frames of unmapped pages wait until all have come by (deferred_release.cpp)
  async,    // as lazy, but all are interrupted, so that they come by at once: the sender does not wait for it
};

void shootdown_open();  // reads the boot arguments shootdown= and broken=

// Fences what other harts ask this one to forget. A hart looks when it is interrupted, and wherever it waits
// with interrupts disabled: for a lock, and for the others' answers.
void answer_shootdowns();

// Boot argument broken=NAME, for tests that must notice: the kernel says so loudly and leaves a fence out.
// no-remote-flush: other harts are never told; no-fork-flush: fork does not fence the parent; no-unmap-flush:
// freed frames stay in TLBs; lazy-free-early: shootdown=lazy does not wait; no-stale-fence: a hart that was idle
// meanwhile does not fence when it takes the space again; no-rollover-flush: ASIDs are given out again while TLBs still
// hold what they meant before.
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

bool shootdown_is_lazy();  // or async
// The first half of a shootdown: returns the harts that have to fence, and the shootdown's number for shootdown_end.
u64 begin_shootdown(AddressSpace& space, u64 start, u64 pages, u64& id);
// What this hart itself remembers.
void fence_here(const AddressSpace& space, u64 start, u64 pages);
// async: these are to enter the kernel now.
void hurry(u64 harts);

// ---- asid.cpp
// Which address spaces may have translations in which hart's TLB.
//
// An address space gets an ASID when it first runs; numbers are never taken back one by one: when all are
// used a new generation begins, every hart fences everything before it next translates for a user, and only
// the spaces running at that moment keep theirs. A shootdown fences at once on the harts where the space is
// active; for every other hart it leaves a mark in `stale`, and that hart fences the ASID when it next
// activates the space. So a hart that merely ran the space before is never disturbed. With `asid=off`, or on
// hardware without ASIDs, each activation fences.

void asids_open();  // finds out how many ASID bits satp has
// From now on user addresses mean `space` on this hart; nullptr: no user address means anything.
void activate_space(Hart& hart, AddressSpace* space);
// Marks all harts stale and returns the others where the space is active right now, who must be fenced by
// IPI.
u64 harts_to_fence(AddressSpace& space);

// ---- deferred_release.cpp
// shootdown=lazy: frames of unmapped pages go back only when every hart that may still have them in its TLB has
// entered the kernel by itself; nobody is interrupted for it (LATR, ASPLOS 2018). shootdown=async interrupts them all the
// same, but the sender goes on meanwhile: the last hart that fences lets the frames go.
//
// Legal for munmap and MADV_DONTNEED alone. The translation that lingers is of a page that means nothing any
// more, to a frame that is nobody's yet: it can show no one else's memory and lose no one's store. What another
// thread sees is that its access, which races with the munmap, still goes through, at most until its time
// slice ends. Everything else that takes a right away cannot wait: after fork a late store would reach the
// child's snapshot, after a copy two threads would see two pages, after mprotect a guard would not hold. And
// what gives rights (reuse, A and D, a first touch) needs no other hart at all: at worst that one faults once
// more and finds the entry in order.
//
// An address whose old translation lingers gets no new page before all have passed: settle_deferred.

struct RetiredPage {
  FrameNumber first;
  unsigned order;
};

// Takes over the references to these frames, which [start, start + pages * 4096) of the space has just ceased
// to map. False: tell the others now (another policy, too many pages, or too many that wait already).
bool defer_release(AddressSpace& space, u64 start, u64 pages, const RetiredPage* retired, unsigned count);

// This hart has entered the kernel, or has left an address space: fences what waits for it.
void pass_deferred();

// Makes all harts forget what lingers of [start, end) of this space, if anything does. With the mutex.
void settle_deferred(AddressSpace& space, u64 start, u64 end);
// The space is gone, no hart translates with it: nothing has to be forgotten.
void release_deferred(AddressSpace& space);
bool is_release_deferred();

}  // namespace guestos

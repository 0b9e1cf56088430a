// shootdown=lazy: frames of unmapped pages go back only when every hart that may still have them in its TLB has
// entered the kernel by itself; nobody is interrupted for it (LATR, ASPLOS 2018).
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
#pragma once

#include "guestos/mm/frames.hpp"

namespace guestos {

class AddressSpace;

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

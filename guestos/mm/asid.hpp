// Which address spaces may have translations in which hart's TLB.
//
// An address space gets an ASID when it first runs; numbers are never taken back one by one: when all are
// used a new generation begins, every hart fences everything before it next translates for a user, and only
// the spaces running at that moment keep theirs. A shootdown fences at once on the harts where the space is
// active; for every other hart it leaves a mark in `stale`, and that hart fences the ASID when it next
// activates the space. So a hart that merely ran the space before is never disturbed. With `asid=off`, or on
// hardware without ASIDs, each activation fences.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

struct Hart;
class AddressSpace;

void asids_open();  // finds out how many ASID bits satp has
// From now on user addresses mean `space` on this hart; nullptr: no user address means anything.
void activate_space(Hart& hart, AddressSpace* space);
// Marks all harts stale and returns the others where the space is active right now, who must be fenced by
// IPI.
u64 harts_to_fence(AddressSpace& space);

}  // namespace guestos

// Taking frames back from their users while they live: anonymous pages go to swap, unchanged pages of start-up
// files are dropped (the initial archive still has them).
//
// A clock hand goes round all frames. A page that has been used since the hand last came by (A is set in an entry
// that maps it) loses A and stays: its second chance. One that has not is taken from all who map it. Locked
// ranges, pinned frames, page tables, files written to since boot and the kernel's own frames stay.
//
// Callers hold no address space's mutex: the hand takes those of whom it looks at, if they are free.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

struct Reclaimed {
  u64 frames = 0;
  bool busy = false;  // somebody was at work on a page that might have gone
};
Reclaimed reclaim(u64 wanted);

void reclaim_open();
// Where allocations begin: with swap, some frames are kept free for what cannot wait for reclaim, and `more` of
// them for what is about to be done.
void keep_reserve(u64 more = 0);

// --- When memory has run out: the process that holds the most dies, and the others go on.
// An allocation failed. Reclaims what can be, or kills. True: it is worth another try; false: the current
// process is to die, and should get out of the kernel. Without any address space's mutex.
bool make_room_or_kill();

}  // namespace guestos

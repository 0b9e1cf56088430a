// Making every hart forget translations of an address space that have just changed or gone.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

class AddressSpace;

// Above this many pages the whole address space is fenced instead (Linux's threshold is the same).
inline constexpr u64 fence_by_page_limit = 64;

// [start, start + pages * 4096) of `space`, on this hart and on each other where it is active. Returns when
// all have fenced. The page table must already say the new thing.
void shoot_down(AddressSpace& space, u64 start, u64 pages);
// All of `space`, including cached non-leaf entries.
void shoot_down_all(AddressSpace& space);

}  // namespace guestos

// Bringing in pages before they are touched: MAP_POPULATE, MAP_LOCKED, mlock.
#pragma once

#include "guestos/mm/address_space.hpp"

namespace guestos {

// Every page of [start, end), writable ones for writing. Without the mutex: it may have to make room. 0, or
// -ENOMEM at the first page that is not mapped, allows nothing, or cannot be had.
i64 populate(AddressSpace& space, u64 start, u64 end);

}  // namespace guestos

// Futexes (futex(2)): sleeping on a word of user memory.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

i64 futex_call(u64 address, u64 operation, u32 value, u64 timeout, u64 second, u32 third);
// CHILD_CLEARTID.
void futex_wake_all(u64 address);

}  // namespace guestos

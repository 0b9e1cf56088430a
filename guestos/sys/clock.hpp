// What time it is, and random numbers: both come from the machine alone, so a run can be repeated.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

// CLOCK_REALTIME starts at the boot argument epoch=SECONDS (default 2026-01-01) when the machine's counter is
// 0.
i64 realtime_nanoseconds();
u64 monotonic_nanoseconds();
void clock_open();

// A generator seeded by the device tree's rng-seed, or by a constant.
void fill_random(void* to, u64 size);

}  // namespace guestos

// What time it is, and random numbers: both come from the machine alone, so a run can be repeated.
#pragma once

#include "guestos/sys/linux.hpp"

namespace guestos {

// CLOCK_REALTIME starts at the boot argument epoch=SECONDS (default 2026-01-01) when the machine's counter is
// 0.
i64 realtime_nanoseconds();
i64 monotonic_nanoseconds();
void clock_open();

// A length of time whose second part is in units of so many nanoseconds, at most 2^32 seconds; false: it is none.
bool read_time(Timespec time, i64 unit, u64& nanoseconds);
// When a call with this timeout gives up, in ticks; address 0: never. Where the timeout is a moment, `now` is what its
// clock says now.
i64 get_deadline(u64 address, u64& deadline, i64 now = 0);
// Until `deadline` in ticks; false: a signal came first.
bool sleep_until(u64 deadline);

// A generator seeded by the device tree's rng-seed, or by a constant.
void fill_random(void* to, u64 size);
i64 random_to_user(u64 to, u64 size);  // bytes, or -EFAULT

}  // namespace guestos

// Wake-ups at a given time. Each hart keeps the timers that were started on it and programs the firmware for
// the first.
#pragma once

#include "guestos/lib/list.hpp"

namespace guestos {

struct Hart;
struct Thread;

// Lives on the sleeper's stack, or in a process for its interval timer.
struct Timer {
  u64 deadline = 0;          // ticks
  Thread* thread = nullptr;  // to be woken, or
  u32 alarm_process = 0;     // number of the process to be sent SIGALRM
  Hart* hart = nullptr;      // where it is queued; nullptr: not queued
  bool expired = false;
  Links<Timer> links = {};
};

u64 ticks_now();
u64 ticks_to_nanoseconds(u64 ticks);
u64 nanoseconds_to_ticks(u64 nanoseconds);  // rounded up, saturating

void start_timer(Timer& timer);
void cancel_timer(Timer& timer);
// Fires what is due on this hart. Called from the timer interrupt and from the idle loop only.
void run_timers();
// Programs the firmware for the earlier of `slice_end` and this hart's first timer.
void program_timer(u64 slice_end);

}  // namespace guestos

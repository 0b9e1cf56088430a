// Which thread runs on which hart: one queue per hart, in order of arrival, with preemption at the end of a
// time slice; a hart without work takes some from the longest queue.
#pragma once

#include "guestos/proc/thread.hpp"

namespace guestos {

// Gives up this hart. The caller has set its thread's state; returns when the thread runs again (perhaps
// elsewhere).
void scheduler_open();  // boot argument perturb=SEED: slices and harts are drawn at random
void schedule();
// To the end of the queue.
void yield();
// Makes a sleeping thread runnable; nothing happens when it does not sleep.
void wake(Thread& thread);
// As wake, but only out of an interruptible sleep.
void interrupt_sleep(Thread& thread);
// Interrupts a thread that is in user mode elsewhere, so that it looks at its pending work.
void kick(Thread& thread);
// A new thread's first start.
void make_runnable(Thread& thread);
// This hart's timer has run out: wakes sleepers, and gives way if the time slice is over.
void timer_interrupt();
// In the middle of a long system call, where the thread may sleep: takes the timer interrupt that is waiting,
// if any.
void preemption_point();
// The current thread's floating-point registers: into memory, if the hart's are newer; and into this hart, if they
// are not there.
void save_floating_point(Thread& thread);
void reload_floating_point(Thread& thread);
[[noreturn]] void idle_loop();

extern "C" void finish_switch();

}  // namespace guestos

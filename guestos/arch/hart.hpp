// One hardware thread of the machine: what the kernel keeps per hart. tp points to it while the kernel runs.
#pragma once

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/csr.hpp"
#include "guestos/proc/thread.hpp"
#include "guestos/proc/timer.hpp"

namespace guestos {

class AddressSpace;

struct Hart {
  u64 scratch = 0;    // entry.S: a register while there is no stack yet
  u64 kernel_sp = 0;  // entry.S: top of the current thread's kernel stack
  u64 id = 0;
  Thread* current = nullptr;
  Thread* idle = nullptr;
  Thread* previous = nullptr;  // the thread this hart has just switched away from

  SpinLock queue_lock;
  List<Thread, &Thread::queue_links> queue;  // runnable threads that wait for this hart
  u32 queue_size = 0;
  u64 slice_end = 0;         // ticks; when the current thread must give way if others wait
  u64 programmed = ~u64{0};  // deadline the firmware's timer is set to

  SpinLock timer_lock;
  List<Timer, &Timer::links> timers;  // earliest first

  AddressSpace* space = nullptr;  // the active address space, or nullptr: only the kernel's map
  bool flush_pending = false;  // ASIDs have been recycled: fence everything before the next user translation
  Thread* fp_owner = nullptr;  // whose floating-point registers are in the hart
};
static_assert(__builtin_offsetof(Hart, scratch) == 0 && __builtin_offsetof(Hart, kernel_sp) == 8);

// Valid until the next point where the thread may sleep or be switched: it may wake up on another hart.
inline Hart& this_hart() {
  Hart* hart;
  asm volatile("mv %0, tp" : "=r"(hart));
  return *hart;
}
inline Thread& current_thread() { return *this_hart().current; }

Hart* hart_by_id(u64 id);  // nullptr when there is no such hart
u64 online_harts();        // bit n: hart n runs the kernel
inline u64 other_harts() { return online_harts() & ~(u64{1} << this_hart().id); }

void harts_open();         // makes the boot hart's structure and sets tp
void start_other_harts();  // returns once all have come up

// --- Stopping every other hart at a point where it is not inside the kernel: in user mode or idle.
// Returns when all other harts stand still; with no lock held. They go on after let_go.
void stop_other_harts();
void let_other_harts_go();
// Where a hart looks whether it is to stop: interrupts from user mode, and the idle loop.
void stop_if_asked();

// Ending the machine: status 0..255 as a shell sees it, through the SiFive test finisher; without one through SBI system
// reset.
[[noreturn]] void power_off(unsigned status);

}  // namespace guestos

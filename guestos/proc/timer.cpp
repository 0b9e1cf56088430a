#include "guestos/proc/timer.hpp"

#include "guestos/arch/sbi.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

static constexpr u64 nanoseconds_per_second = 1'000'000'000;

u64 ticks_now() { return csr::read<csr::time>(); }

u64 ticks_to_nanoseconds(u64 ticks) {
  const u64 rate = boot_info().timebase;
  return ticks / rate * nanoseconds_per_second + ticks % rate * nanoseconds_per_second / rate;
}

u64 nanoseconds_to_ticks(u64 nanoseconds) {
  const u64 rate = boot_info().timebase;
  const u64 seconds = nanoseconds / nanoseconds_per_second;
  if (seconds >= ~u64{0} / 4 / rate) return ~u64{0} / 4;
  const u64 rest = nanoseconds % nanoseconds_per_second;
  return seconds * rate + (rest * rate + nanoseconds_per_second - 1) / nanoseconds_per_second;
}

void start_timer(Timer& timer) {
  Hart& hart = this_hart();
  SpinGuard guard(hart.timer_lock);
  timer.expired = false;
  timer.hart = &hart;
  Timer* before = hart.timers.last();
  while (before != nullptr && before->deadline > timer.deadline) before = hart.timers.previous(before);
  hart.timers.insert_after(before, &timer);
}

void cancel_timer(Timer& timer) {
  Hart* hart = __atomic_load_n(&timer.hart, __ATOMIC_ACQUIRE);
  if (hart == nullptr) return;
  SpinGuard guard(hart->timer_lock);
  if (timer.hart == nullptr) return;
  hart->timers.remove(&timer);
  timer.hart = nullptr;
}

void run_timers() {
  Hart& hart = this_hart();
  const u64 now = ticks_now();
  for (;;) {
    hart.timer_lock.lock();
    Timer* timer = hart.timers.first();
    if (timer == nullptr || timer->deadline > now) {
      hart.timer_lock.unlock();
      return;
    }
    hart.timers.remove(timer);
    timer->expired = true;
    Thread* thread = timer->thread;
    const u32 process = timer->alarm_process;
    // Woken under the lock: after cancel_timer returns, nobody touches the timer or its thread on its behalf.
    if (thread != nullptr) wake(*thread);
    __atomic_store_n(&timer->hart, nullptr, __ATOMIC_RELEASE);
    hart.timer_lock.unlock();
    if (process != 0) interval_timer_expired(process);
  }
}

void program_timer(u64 slice_end) {
  Hart& hart = this_hart();
  hart.timer_lock.lock();
  const Timer* first = hart.timers.first();
  const u64 deadline = first != nullptr ? min_of(first->deadline, slice_end) : slice_end;
  hart.timer_lock.unlock();
  if (deadline >= hart.programmed) return;  // it fires early and is programmed again then
  hart.programmed = deadline;
  sbi::set_timer(deadline);
}

}  // namespace guestos

// Clocks, sleeping, interval timers and random numbers.
#include "guestos/arch/hart.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 CLOCK_REALTIME = 0, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3,
              CLOCK_REALTIME_COARSE = 5, CLOCK_BOOTTIME = 7, TIMER_ABSTIME = 1;
constexpr i64 second = 1'000'000'000;

u64 thread_ticks(const Thread& thread) { return thread.cpu_ticks + (ticks_now() - thread.started); }

u64 process_ticks(Process& process) {
  SpinGuard guard(process_lock());
  u64 ticks = process.cpu_ticks;
  for (Thread* thread = process.threads.first(); thread != nullptr; thread = process.threads.next(thread))
    ticks += thread == &current_thread() ? thread_ticks(*thread) : thread->cpu_ticks;
  return ticks;
}

i64 read_clock(u64 clock, i64& nanoseconds) {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    nanoseconds = realtime_nanoseconds();
  } else if (clock == CLOCK_PROCESS_CPUTIME_ID) {
    nanoseconds = static_cast<i64>(ticks_to_nanoseconds(process_ticks(current_process())));
  } else if (clock == CLOCK_THREAD_CPUTIME_ID) {
    nanoseconds = static_cast<i64>(ticks_to_nanoseconds(thread_ticks(current_thread())));
  } else if (clock <= CLOCK_BOOTTIME) {
    nanoseconds = static_cast<i64>(monotonic_nanoseconds());
  } else {
    return -EINVAL;
  }
  return 0;
}

i64 sys_clock_gettime(const Arguments& call) {
  i64 now = 0;
  if (const i64 error = read_clock(call.a, now); error != 0) return error;
  return put_user(call.b, Timespec{now / second, now % second});
}

i64 sys_clock_getres(const Arguments& call) {
  if (call.a > CLOCK_BOOTTIME) return -EINVAL;
  return call.b == 0 ? 0 : put_user(call.b, Timespec{0, static_cast<i64>(ticks_to_nanoseconds(1))});
}

i64 sys_gettimeofday(const Arguments& call) {
  const i64 now = realtime_nanoseconds();
  return call.a == 0 ? 0 : put_user(call.a, Timespec{now / second, now % second / 1000});
}

// Until `deadline` in ticks; the rest goes to `remaining` if a signal comes first.
i64 sleep_until(u64 deadline, u64 remaining) {
  SpinLock lock;
  WaitQueue nobody_wakes;
  lock.lock();
  Wake why = Wake::condition;
  while (ticks_now() < deadline && why != Wake::signal) why = nobody_wakes.sleep(lock, true, deadline);
  lock.unlock();
  const u64 now = ticks_now();
  if (now >= deadline) return 0;
  if (remaining != 0) {
    const i64 left = static_cast<i64>(ticks_to_nanoseconds(deadline - now));
    if (put_user(remaining, Timespec{left / second, left % second}) != 0) return -EFAULT;
  }
  return -ERESTARTNOHAND;
}

i64 nanosleep(u64 request, u64 remaining, bool absolute, u64 clock) {
  Timespec time = {};
  if (get_user(time, request) != 0) return -EFAULT;
  if (time.seconds < 0 || static_cast<u64>(time.nanoseconds) >= static_cast<u64>(second)) return -EINVAL;
  i64 wanted = min_of<i64>(time.seconds, i64{1} << 32) * second + time.nanoseconds;
  if (absolute) {
    i64 now = 0;
    if (const i64 error = read_clock(clock, now); error != 0) return error;
    wanted = max_of<i64>(wanted - now, 0);
  }
  return sleep_until(ticks_now() + nanoseconds_to_ticks(static_cast<u64>(wanted)), absolute ? 0 : remaining);
}

i64 sys_nanosleep(const Arguments& call) { return nanosleep(call.a, call.b, false, 1); }
i64 sys_clock_nanosleep(const Arguments& call) {
  if (call.a > CLOCK_BOOTTIME || call.a == CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
  return nanosleep(call.c, call.d, (call.b & TIMER_ABSTIME) != 0, call.a);
}

struct IntervalTimer {
  i64 interval_seconds, interval_microseconds, value_seconds, value_microseconds;
};

IntervalTimer read_alarm(const Process& process) {
  const bool armed = process.alarm.hart != nullptr;
  const u64 now = ticks_now();
  const u64 left =
      armed && process.alarm.deadline > now ? ticks_to_nanoseconds(process.alarm.deadline - now) : 0;
  const u64 interval = ticks_to_nanoseconds(process.alarm_interval);
  return {static_cast<i64>(interval / second), static_cast<i64>(interval % second / 1000),
          static_cast<i64>(left / second),
          static_cast<i64>(left % second / 1000 + (armed && left < 1000 ? 1 : 0))};
}

i64 sys_getitimer(const Arguments& call) {
  if (call.a != 0) return call.a <= 2 ? put_user(call.b, IntervalTimer{}) : -EINVAL;
  return put_user(call.b, read_alarm(current_process()));
}

i64 sys_setitimer(const Arguments& call) {
  if (call.a > 2) return -EINVAL;
  IntervalTimer wanted = {};
  if (call.b != 0 && get_user(wanted, call.b) != 0) return -EFAULT;
  if (wanted.value_seconds < 0 || static_cast<u64>(wanted.value_microseconds) >= 1'000'000 ||
      wanted.interval_seconds < 0 || static_cast<u64>(wanted.interval_microseconds) >= 1'000'000)
    return -EINVAL;
  if (call.a != 0)
    return call.c != 0 ? put_user(call.c, IntervalTimer{}) : 0;  // ITIMER_VIRTUAL, ITIMER_PROF never run out
  Process& process = current_process();
  const IntervalTimer old = read_alarm(process);
  cancel_timer(process.alarm);
  const u64 longest = u64{1} << 32;
  const u64 value = min_of<u64>(static_cast<u64>(wanted.value_seconds), longest) * second +
                    static_cast<u64>(wanted.value_microseconds) * 1000;
  const u64 interval = min_of<u64>(static_cast<u64>(wanted.interval_seconds), longest) * second +
                       static_cast<u64>(wanted.interval_microseconds) * 1000;
  process.alarm_interval = nanoseconds_to_ticks(interval);
  if (value != 0) {
    process.alarm.deadline = ticks_now() + nanoseconds_to_ticks(value);
    process.alarm.alarm_process = process.pid;
    start_timer(process.alarm);
    program_timer(this_hart().slice_end);
  }
  return call.c != 0 ? put_user(call.c, old) : 0;
}

i64 sys_times(const Arguments& call) {
  Process& process = current_process();
  const u64 hundredth = 10'000'000;
  const u64 own = ticks_to_nanoseconds(process_ticks(process)) / hundredth;
  const u64 children = ticks_to_nanoseconds(process.children_ticks) / hundredth;
  const u64 times[4] = {own, 0, children, 0};
  if (call.a != 0 && put_user(call.a, times) != 0) return -EFAULT;
  return static_cast<i64>(monotonic_nanoseconds() / hundredth);
}

i64 sys_getrusage(const Arguments& call) {
  const i64 who = static_cast<i32>(call.a);
  if (who < -1 || who > 1) return -EINVAL;
  Process& process = current_process();
  const u64 ticks = who == -1 ? process.children_ticks : process_ticks(process);
  const u64 nanoseconds = ticks_to_nanoseconds(ticks);
  u64 usage[18] = {nanoseconds / second, nanoseconds % second / 1000};
  if (who != -1) usage[8] = process.minor_faults;
  return put_user(call.b, usage);
}

i64 sys_getrandom(const Arguments& call) {
  if (!is_user_range(call.a, call.b)) return -EFAULT;
  u8 bytes[256];
  for (u64 done = 0; done < call.b;) {
    const u64 part = min_of(call.b - done, sizeof bytes);
    fill_random(bytes, part);
    if (copy_to_user(call.a + done, bytes, part) != 0) return done != 0 ? static_cast<i64>(done) : -EFAULT;
    done += part;
    if (current_thread().has_pending_work()) return static_cast<i64>(done);
  }
  return static_cast<i64>(call.b);
}

constexpr SystemCallRow rows[] = {
    {101, sys_nanosleep},    {102, sys_getitimer},       {103, sys_setitimer}, {113, sys_clock_gettime},
    {114, sys_clock_getres}, {115, sys_clock_nanosleep}, {153, sys_times},     {165, sys_getrusage},
    {169, sys_gettimeofday}, {278, sys_getrandom},
};

}  // namespace

SystemCallRows time_calls() { return {rows, sizeof rows / sizeof rows[0]}; }

}  // namespace guestos

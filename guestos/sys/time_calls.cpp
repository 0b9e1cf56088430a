// Clocks, sleeping, interval timers and random numbers.
#include "guestos/sys/clock.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 CLOCK_REALTIME = 0, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3,
              CLOCK_REALTIME_COARSE = 5, CLOCK_BOOTTIME = 7, TIMER_ABSTIME = 1;

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
    nanoseconds = monotonic_nanoseconds();
  } else {
    return -EINVAL;
  }
  return 0;
}

i64 sys_clock_gettime(const Arguments& call) {
  i64 now = 0;
  const i64 error = read_clock(call.a, now);
  return error != 0 ? error : put_user(call.b, timespec_of(now));
}

i64 sys_clock_getres(const Arguments& call) {
  if (call.a > CLOCK_BOOTTIME) return -EINVAL;
  return call.b == 0 ? 0 : put_user(call.b, Timespec{0, static_cast<i64>(ticks_to_nanoseconds(1))});
}

i64 sys_gettimeofday(const Arguments& call) {
  return call.a == 0 ? 0 : put_user(call.a, timeval_of(realtime_nanoseconds()));
}

i64 nanosleep(u64 request, u64 remaining, bool absolute, u64 clock) {
  i64 now = 0;
  u64 deadline = 0;
  if (request == 0) return -EFAULT;
  if (absolute) read_clock(clock, now);
  if (const i64 error = get_deadline(request, deadline, now); error != 0) return error;
  if (sleep_until(deadline)) return 0;
  const u64 left = deadline - min_of(ticks_now(), deadline);
  if (remaining != 0 && !absolute &&
      put_user(remaining, timespec_of(static_cast<i64>(ticks_to_nanoseconds(left)))) != 0)
    return -EFAULT;
  return -ERESTARTNOHAND;
}

i64 sys_nanosleep(const Arguments& call) { return nanosleep(call.a, call.b, false, 1); }
i64 sys_clock_nanosleep(const Arguments& call) {
  if (call.a > CLOCK_BOOTTIME || call.a == CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
  return nanosleep(call.c, call.d, (call.b & TIMER_ABSTIME) != 0, call.a);
}

struct IntervalTimer {  // struct itimerval
  Timespec interval, value;
};

IntervalTimer read_alarm(const Process& process) {
  const bool armed = process.alarm.hart != nullptr;
  const u64 now = ticks_now();
  const u64 left =
      armed && process.alarm.deadline > now ? ticks_to_nanoseconds(process.alarm.deadline - now) : 0;
  return {timeval_of(static_cast<i64>(ticks_to_nanoseconds(process.alarm_interval))),
          timeval_of(static_cast<i64>(armed ? max_of<u64>(left, 1000) : 0))};
}

i64 sys_getitimer(const Arguments& call) {
  if (call.a > 2) return -EINVAL;
  return put_user(call.b, call.a == 0 ? read_alarm(current_process()) : IntervalTimer{});
}

i64 sys_setitimer(const Arguments& call) {
  if (call.a > 2) return -EINVAL;
  IntervalTimer wanted = {};
  u64 value = 0;
  u64 interval = 0;
  if (call.b != 0 && get_user(wanted, call.b) != 0) return -EFAULT;
  if (!read_time(wanted.value, 1000, value) || !read_time(wanted.interval, 1000, interval)) return -EINVAL;
  if (call.a != 0)
    return call.c != 0 ? put_user(call.c, IntervalTimer{}) : 0;  // ITIMER_VIRTUAL, ITIMER_PROF never run out
  Process& process = current_process();
  process_lock().lock();  // other threads may do the same, or the timer run out on another hart
  const IntervalTimer old = read_alarm(process);
  cancel_timer(process.alarm);
  process.alarm_interval = nanoseconds_to_ticks(interval);
  if (value != 0) {
    process.alarm.deadline = ticks_now() + nanoseconds_to_ticks(value);
    process.alarm.alarm_process = process.pid;
    start_timer(process.alarm);
    program_timer(this_hart().slice_end);
  }
  process_lock().unlock();
  return call.c != 0 ? put_user(call.c, old) : 0;
}

i64 sys_times(const Arguments& call) {
  Process& process = current_process();
  const u64 hundredth = 10'000'000;
  const u64 own = ticks_to_nanoseconds(process_ticks(process)) / hundredth;
  const u64 children = ticks_to_nanoseconds(process.children_ticks) / hundredth;
  const u64 times[4] = {own, 0, children, 0};
  if (call.a != 0 && put_user(call.a, times) != 0) return -EFAULT;
  return monotonic_nanoseconds() / static_cast<i64>(hundredth);
}

i64 sys_getrusage(const Arguments& call) {
  const i64 who = static_cast<i32>(call.a);
  if (who < -1 || who > 1) return -EINVAL;
  Process& process = current_process();
  return put_usage(call.b, who == -1 ? process.children_ticks : process_ticks(process),
                   who == -1 ? 0 : process.minor_faults);
}

i64 sys_getrandom(const Arguments& call) {
  if ((call.c & ~u64{7}) != 0) return -EINVAL;  // GRND_*: there is always enough
  return is_user_range(call.a, call.b) ? random_to_user(call.a, call.b) : -EFAULT;
}

constexpr SystemCallRow rows[] = {
    {101, sys_nanosleep},    {102, sys_getitimer},       {103, sys_setitimer}, {113, sys_clock_gettime},
    {114, sys_clock_getres}, {115, sys_clock_nanosleep}, {153, sys_times},     {165, sys_getrusage},
    {169, sys_gettimeofday}, {278, sys_getrandom},
};

}  // namespace

i64 put_usage(u64 address, u64 ticks, u64 minor_faults) {
  struct {  // struct rusage
    Timespec user, system;
    u64 maxrss, ixrss, idrss, isrss, minflt, rest[9];
  } usage = {};
  usage.user = timeval_of(static_cast<i64>(ticks_to_nanoseconds(ticks)));
  usage.minflt = minor_faults;
  return put_user(address, usage);
}

constinit const SystemCallRows time_calls = rows;

}  // namespace guestos

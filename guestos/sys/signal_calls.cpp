// rt_sigaction and its relatives.
#include "guestos/sys/clock.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 set_size = 8;  // sizeof(sigset_t) in the kernel's interface

i64 sys_rt_sigaction(const Arguments& call) {
  const u32 signal = static_cast<u32>(call.a);
  if (call.d != set_size || signal == 0 || signal > signal_count) return -EINVAL;
  SignalAction fresh = {};  // struct sigaction of the kernel's interface
  if (call.b != 0) {
    if (signal == SIGKILL || signal == SIGSTOP) return -EINVAL;
    if (get_user(fresh, call.b) != 0) return -EFAULT;
  }
  Process& process = current_process();
  process_lock().lock();
  SignalAction& action = process.actions[signal];
  const SignalAction old = action;
  if (call.b != 0) action = {fresh.handler, fresh.flags, fresh.mask & ~unblockable};
  process_lock().unlock();
  return call.c != 0 ? put_user(call.c, old) : 0;
}

i64 sys_rt_sigprocmask(const Arguments& call) {
  if (call.d != set_size) return -EINVAL;
  Thread& self = current_thread();
  const u64 old = self.blocked;
  if (call.b != 0) {
    u64 set = 0;
    if (get_user(set, call.b) != 0) return -EFAULT;
    set &= ~unblockable;
    switch (call.a) {
      case 0: set_mask(old | set); break;
      case 1: set_mask(old & ~set); break;
      case 2: set_mask(set); break;
      default: return -EINVAL;
    }
  }
  return call.c != 0 ? put_user(call.c, old) : 0;
}

i64 sys_rt_sigpending(const Arguments& call) {
  Thread& self = current_thread();
  if (call.b > set_size) return -EINVAL;
  return put_user(call.a, (self.pending | self.process->pending) & self.blocked);
}

i64 sys_rt_sigsuspend(const Arguments& call) {
  if (call.b != set_size || call.a == 0) return call.b != set_size ? -EINVAL : -EFAULT;
  TemporaryMask mask;
  if (const i64 error = mask.set(call.a, set_size); error != 0) return error;
  while (!current_thread().has_pending_work()) sleep_until(~u64{0});
  return mask.finish(-ERESTARTNOHAND);
}

i64 sys_rt_sigtimedwait(const Arguments& call) {
  u64 wanted = 0;
  u64 deadline = 0;
  if (call.d != set_size) return -EINVAL;
  if (get_user(wanted, call.a) != 0) return -EFAULT;
  wanted &= ~unblockable;
  if (const i64 error = get_deadline(call.c, deadline); error != 0) return error;
  Thread& self = current_thread();
  const u64 old_mask = self.blocked;
  for (;;) {
    SignalInfo info;
    process_lock().lock();
    const u32 signal = take_pending(self, wanted, 0, info);
    process_lock().unlock();
    self.blocked = old_mask;
    self.awaited = 0;
    if (signal != 0) {
      const u32 words[32] = {signal,   0, static_cast<u32>(info.code), 0,
                             info.pid, 0, static_cast<u32>(info.value)};
      if (call.b != 0 && put_user(call.b, words) != 0) return -EFAULT;
      return signal;
    }
    if (self.has_pending_work()) return -EINTR;
    if (ticks_now() >= deadline) return -EAGAIN;
    self.awaited = wanted;
    self.blocked = old_mask & ~wanted;  // so that their arrival wakes us
    sleep_until(deadline);
  }
}

i64 sys_rt_sigreturn(const Arguments& call) { return return_from_signal(call.frame); }

i64 sys_sigaltstack(const Arguments& call) {
  struct UserStack {
    u64 ss_sp;
    i32 ss_flags, pad;
    u64 ss_size;
  };
  Thread& self = current_thread();
  const bool active = self.is_on_signal_stack(self.frame().x[sp]);
  const UserStack old = {self.signal_stack.base, active ? SS_ONSTACK : self.signal_stack.flags, 0,
                         self.signal_stack.size};
  if (call.a != 0) {
    UserStack fresh = {};
    if (get_user(fresh, call.a) != 0) return -EFAULT;
    if (active) return -EPERM;
    if ((fresh.ss_flags & ~SS_DISABLE) != 0) return -EINVAL;
    if ((fresh.ss_flags & SS_DISABLE) == 0 && fresh.ss_size < 2048) return -ENOMEM;
    self.signal_stack = {fresh.ss_sp, fresh.ss_size, fresh.ss_flags};
  }
  return call.b != 0 ? put_user(call.b, old) : 0;
}

i64 sys_kill(const Arguments& call) {
  const i32 target = static_cast<i32>(call.a);
  const u32 signal = static_cast<u32>(call.b);
  if (signal > signal_count) return -EINVAL;
  Process& self = current_process();
  const SignalInfo info = {SI_USER, self.pid, 0};
  SpinGuard guard(process_lock());
  bool found = false;
  for (Process& process : all_processes()) {
    const bool is_spared = target == -1 && (process.pid == init_pid || &process == &self);
    if (!is_meant(process, target, self) || is_spared) continue;
    found = true;
    if (signal != 0) send_signal_locked(process, signal, info);
  }
  return found ? 0 : -ESRCH;
}

i64 signal_thread(u32 group, u32 tid, u32 signal) {
  if (signal > signal_count || static_cast<i32>(tid) <= 0) return -EINVAL;
  process_lock().lock();
  Thread* thread = find_thread(tid);
  const bool found = thread != nullptr && (group == 0 || thread->process->pid == group);
  if (found && signal != 0) send_signal_locked(*thread, signal, {SI_TKILL, current_pid(), 0});
  process_lock().unlock();
  return found ? 0 : -ESRCH;
}

i64 sys_tkill(const Arguments& call) {
  return signal_thread(0, static_cast<u32>(call.a), static_cast<u32>(call.b));
}
i64 sys_tgkill(const Arguments& call) {
  if (static_cast<i32>(call.a) <= 0) return -EINVAL;
  return signal_thread(static_cast<u32>(call.a), static_cast<u32>(call.b), static_cast<u32>(call.c));
}

constexpr SystemCallRow rows[] = {
    {129, sys_kill},           {130, sys_tkill},         {131, sys_tgkill},
    {132, sys_sigaltstack},    {133, sys_rt_sigsuspend}, {134, sys_rt_sigaction},
    {135, sys_rt_sigprocmask}, {136, sys_rt_sigpending}, {137, sys_rt_sigtimedwait},
    {139, sys_rt_sigreturn},
};

}  // namespace

constinit const SystemCallRows signal_calls = rows;

}  // namespace guestos

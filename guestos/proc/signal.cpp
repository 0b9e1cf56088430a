#include "guestos/proc/process.hpp"

#include <initializer_list>

#include "guestos/arch/layout.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"

namespace guestos {

namespace {

constexpr u64 bits(std::initializer_list<u32> signals) {
  u64 set = 0;
  for (const u32 signal : signals) set |= signal_bit(signal);
  return set;
}
constexpr u64 faults = bits({SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP});
// What signals without a handler do; the others end the process.
constexpr u64 ignored = bits({SIGCHLD, SIGURG, SIGWINCH}),
              stopping = bits({SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU});

bool is_ignored(const Process& process, u32 signal) {
  const u64 handler = process.actions[signal].handler;
  if (handler == SIG_IGN) return true;
  return handler == SIG_DFL && (ignored & signal_bit(signal)) != 0;
}

// struct rt_sigframe of Linux riscv64: siginfo, then ucontext.
struct SignalFrame {
  struct {
    i32 si_signo, si_errno, si_code, pad;
    union {
      struct {
        u32 si_pid, si_uid;
        u64 si_value;
      } sender;
      u64 si_addr;
    };
    u8 rest[128 - 32];
  } info;
  u64 uc_flags, uc_link, ss_sp;
  i32 ss_flags, ss_pad;
  u64 ss_size, uc_sigmask;
  u8 uc_unused[120];
  u64 align_to_16;
  u64 pc_and_registers[32];
  u64 fp[33];  // f0..f31, fcsr; the Q-extension's layout is larger
  u64 fp_rest[33];
};
static_assert(__builtin_offsetof(SignalFrame, uc_flags) == 128);
static_assert(__builtin_offsetof(SignalFrame, pc_and_registers) == 128 + 176);
static_assert(sizeof(SignalFrame) == 128 + 176 + 256 + 528);

void fill_info(SignalFrame& out, u32 signal, const SignalInfo& info) {
  out.info.si_signo = static_cast<i32>(signal);
  out.info.si_code = info.code;
  if (info.code > 0 && info.code != SI_KERNEL && (faults & signal_bit(signal)) != 0) {
    out.info.si_addr = info.value;
  } else {
    out.info.sender = {info.pid, 0, info.value};
  }
}

// False: the stack cannot be written.
bool push_handler_frame(Thread& self, u32 signal, const SignalInfo& info, const SignalAction& action,
                        u64 old_mask) {
  TrapFrame& frame = self.frame();
  save_floating_point(self);
  SignalFrame out = {};  // on the kernel's stack: a signal comes through whatever memory is left
  fill_info(out, signal, info);
  out.ss_sp = self.signal_stack.base;
  out.ss_size = self.signal_stack.size;
  out.ss_flags = self.is_on_signal_stack(frame.x[sp]) ? SS_ONSTACK : self.signal_stack.flags;
  out.uc_sigmask = old_mask;
  out.pc_and_registers[0] = frame.sepc;
  memcpy(&out.pc_and_registers[1], &frame.x[1], 31 * sizeof(u64));
  memcpy(out.fp, self.fp, sizeof self.fp);
  u64 at = frame.x[sp];
  if ((action.flags & SA_ONSTACK) != 0 && (self.signal_stack.flags & SS_DISABLE) == 0 &&
      !self.is_on_signal_stack(at))
    at = self.signal_stack.base + self.signal_stack.size;
  at = align_down(at - sizeof(SignalFrame), 16);
  if (put_user(at, out) != 0) return false;
  frame.x[ra] = trampoline_page;
  frame.x[sp] = at;
  frame.x[a0] = signal;
  frame.x[a1] = at;
  frame.x[a2] = at + __builtin_offsetof(SignalFrame, uc_flags);
  frame.sepc = action.handler;
  return true;
}

// What became of a system call that a signal interrupted.
void settle_restart(Thread& self, bool handled, u64 action_flags) {
  if (!self.in_system_call) return;
  self.in_system_call = false;
  TrapFrame& frame = self.frame();
  const i64 result = static_cast<i64>(frame.x[a0]);
  if (result != -ERESTARTSYS && result != -ERESTARTNOHAND) return;
  const bool restart = !handled || (result == -ERESTARTSYS && (action_flags & SA_RESTART) != 0);
  if (restart) {
    frame.x[a0] = self.call_argument;
    frame.x[a7] = self.call_number;
    frame.sepc -= 4;
  } else {
    frame.x[a0] = static_cast<u64>(-EINTR);
  }
}

struct Taken {
  u32 signal = 0;
  SignalInfo info;
  SignalAction action;
};

// The next signal to act upon, taken off the pending sets. Faults come first.
Taken take_signal(Thread& self) {
  Process& process = *self.process;
  SpinGuard guard(process_lock());
  Taken taken;
  do {
    taken.signal = take_pending(self, ~self.blocked, faults, taken.info);
    if (taken.signal == 0) return {};
    taken.action = process.actions[taken.signal];
  } while (is_ignored(process, taken.signal));
  if (taken.action.handler > SIG_IGN && (taken.action.flags & SA_RESETHAND) != 0)
    process.actions[taken.signal] = {};
  return taken;
}

void stop_process(u32 signal) {
  Process& process = current_process();
  SpinGuard guard(process_lock());
  process.stopped = true;
  process.stop_reported = false;
  process.wait_status = signal << 8 | 0x7f;
  if (process.parent != nullptr) {
    if ((process.parent->actions[SIGCHLD].flags & SA_NOCLDSTOP) == 0)
      send_signal_locked(*process.parent, SIGCHLD, child_info(process.pid, process.wait_status));
    process.parent->child_wait.wake_all();
  }
  kick_others(process);
}

void wait_while_stopped() {
  Process& process = current_process();
  SpinGuard guard(process_lock());
  while (process.stopped && !process.ending) process.thread_wait.sleep(process_lock(), false);
}

void run_handler(Thread& self, const Taken& taken) {
  settle_restart(self, true, taken.action.flags);
  const u64 old_mask = self.restore_mask ? self.restored_mask : self.blocked;
  self.restore_mask = false;
  if (!push_handler_frame(self, taken.signal, taken.info, taken.action, old_mask)) exit_process(SIGSEGV);
  self.blocked |= taken.action.mask & ~unblockable;
  if ((taken.action.flags & SA_NODEFER) == 0) self.blocked |= signal_bit(taken.signal) & ~unblockable;
}

// With process_lock held: some thread of the process must notice.
void notify(Process& process, u64 bit) {
  for (Thread& thread : process.threads)
    if ((thread.blocked & bit) == 0) return kick(thread);
}

bool prepare_sending(Process& process, u32 signal) {
  if (process.zombie) return false;
  if (signal == SIGCONT || signal == SIGKILL) {
    if (process.stopped && signal == SIGCONT) process.continue_reported = false;
    process.stopped = false;
    process.thread_wait.wake_all();
    if (process.parent != nullptr && signal == SIGCONT) process.parent->child_wait.wake_all();
  }
  if (signal == SIGKILL && !process.ending) {
    process.ending = true;
    process.wait_status = SIGKILL;
    kick_others(process);
    return false;
  }
  return true;
}

}  // namespace

u32 take_pending(Thread& self, u64 wanted, u64 urgent, SignalInfo& info) {
  Process& process = *self.process;
  u64 ready = (self.pending | process.pending) & wanted;
  if ((ready & urgent) != 0) ready &= urgent;
  if (ready == 0) return 0;
  const unsigned index = lowest_bit(ready);
  const bool mine = (self.pending >> index & 1) != 0;
  info = (mine ? self.pending_info : process.pending_info)[index];
  (mine ? self.pending : process.pending) &= ~(u64{1} << index);
  return index + 1;
}

void pass_on_signals(Process& process, u64 set) {
  for (u64 rest = process.pending & set; rest != 0; rest &= rest - 1) notify(process, rest & ~(rest - 1));
}

void set_mask(u64 mask) {
  Thread& self = current_thread();
  SpinGuard guard(process_lock());
  self.blocked = mask;
  pass_on_signals(*self.process, mask);
}

void kick_others(Process& process) {
  for (Thread& thread : process.threads)
    if (&thread != &current_thread()) kick(thread);
}

// Pending of the process, for any of its threads, or of one.
void make_pending(u64& pending, SignalInfo* infos, u32 signal, const SignalInfo& info) {
  if ((pending & signal_bit(signal)) == 0) infos[signal - 1] = info;
  __atomic_fetch_or(&pending, signal_bit(signal), __ATOMIC_SEQ_CST);
}

void send_signal_locked(Process& process, u32 signal, const SignalInfo& info) {
  if (!prepare_sending(process, signal)) return;
  const u64 bit = signal_bit(signal);
  bool blocked_somewhere = false;
  for (const Thread& thread : process.threads)
    blocked_somewhere = blocked_somewhere || ((thread.blocked | thread.awaited) & bit) != 0;
  if (is_ignored(process, signal) && !blocked_somewhere) return;
  make_pending(process.pending, process.pending_info, signal, info);
  notify(process, bit);
}

void send_signal_locked(Thread& thread, u32 signal, const SignalInfo& info) {
  if (!prepare_sending(*thread.process, signal)) return;
  const bool blocked = (thread.blocked & signal_bit(signal)) != 0;
  const bool awaited = (thread.awaited & signal_bit(signal)) != 0;
  if (is_ignored(*thread.process, signal) && !blocked && !awaited) return;
  make_pending(thread.pending, thread.pending_info, signal, info);
  if (!blocked && &thread != &current_thread()) kick(thread);
}

void send_signal(Thread& thread, u32 signal, const SignalInfo& info) {
  SpinGuard guard(process_lock());
  send_signal_locked(thread, signal, info);
}

void force_signal(u32 signal, const SignalInfo& info) {
  Thread& self = current_thread();
  if (signal == SIGKILL) exit_process(SIGKILL);
  SpinGuard guard(process_lock());
  SignalAction& action = self.process->actions[signal];
  const u64 bit = signal_bit(signal);
  if (action.handler == SIG_IGN || (self.blocked & bit) != 0) action = {};
  self.blocked &= ~bit;
  self.pending_info[signal - 1] = info;
  self.pending |= bit;
}

bool signal_group(u32 group, u32 signal, const SignalInfo& info) {
  SpinGuard guard(process_lock());
  bool found = false;
  for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process)) {
    if (process->group != group) continue;
    found = true;
    send_signal_locked(*process, signal, info);
  }
  return found;
}

bool is_fatal_here(u32 signal) {
  const Thread& self = current_thread();
  const u64 handler = self.process->actions[signal].handler;
  return handler == SIG_DFL || handler == SIG_IGN || (self.blocked & signal_bit(signal)) != 0;
}

void interval_timer_expired(u32 pid) {
  SpinGuard guard(process_lock());
  Process* process = find_process(pid);
  if (process == nullptr || process->zombie || process->thread_count == 0) return;
  if (process->alarm_interval != 0 && process->alarm.hart == nullptr) {  // or it has been set anew
    process->alarm.deadline += process->alarm_interval;
    start_timer(process->alarm);
  }
  send_signal_locked(*process, SIGALRM, {SI_KERNEL, 0, 0});
}

void prepare_return(TrapFrame*) {
  Thread& self = current_thread();
  if (self.set_child_tid != 0) {  // a new thread's first return: its memory is its own now
    put_user(self.set_child_tid, self.tid);
    self.set_child_tid = 0;
  }
  while (self.has_pending_work()) {
    Process& process = *self.process;
    if (process.ending) exit_process(process.wait_status);
    if (process.sole_thread != nullptr && process.sole_thread != &self) thread_exit();
    if (process.stopped) {
      wait_while_stopped();
      continue;
    }
    const Taken taken = take_signal(self);
    if (taken.signal == 0) break;
    if (taken.action.handler > SIG_IGN) {
      run_handler(self, taken);
      continue;
    }
    const u64 bit = signal_bit(taken.signal);
    if ((stopping & bit) != 0) {
      stop_process(taken.signal);
    } else if (taken.signal != SIGCONT) {
      exit_process(taken.signal);
    }
  }
  settle_restart(self, false, 0);
  if (self.restore_mask) {
    self.restore_mask = false;
    self.blocked = self.restored_mask;
    if (self.has_pending_work()) prepare_return(nullptr);
  }
}

i64 return_from_signal(TrapFrame& frame) {
  Thread& self = current_thread();
  SignalFrame in;
  if (get_user(in, frame.x[sp]) != 0) exit_process(SIGSEGV);
  frame.sepc = in.pc_and_registers[0];
  memcpy(&frame.x[1], &in.pc_and_registers[1], 31 * sizeof(u64));
  memcpy(self.fp, in.fp, sizeof self.fp);
  self.fp_hart = nullptr;  // memory is newer than the hart's registers
  frame.sstatus = (frame.sstatus & ~csr::sstatus_fs) | csr::sstatus_fs_clean;
  reload_floating_point(self);
  self.blocked = in.uc_sigmask & ~unblockable;
  if (in.ss_flags == 0 || (in.ss_flags & ~(SS_ONSTACK | SS_DISABLE)) == 0) {
    self.signal_stack.base = in.ss_sp;
    self.signal_stack.size = in.ss_size;
    self.signal_stack.flags = in.ss_flags & SS_DISABLE;
  }
  self.in_system_call = false;
  return static_cast<i64>(frame.x[a0]);
}

}  // namespace guestos

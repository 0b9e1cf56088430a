// The end of threads and processes, and waiting for it.
#include "guestos/fs/file_table.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr u64 WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 8, WNOWAIT = 0x1000000;

constexpr u32 continued_status = 0xffff;

constinit WaitQueue end_waiters;  // guard: process_lock
constinit u32 init_status = 0;

bool ignores_children(const Process& parent) {
  const SignalAction& action = parent.actions[SIGCHLD];
  return action.handler == SIG_IGN || (action.flags & SA_NOCLDWAIT) != 0;
}

// With process_lock held: out of the family, ready to be released.
void unlink_process(Process& process) {
  if (process.parent != nullptr) process.parent->children.remove(&process);
  all_processes().remove(&process);
}

// Orphans go to init, which may reap them; when init itself is gone nobody will, and they go on their own.
void reparent_children(Process& dead, List<Process, &Process::siblings>& reaped) {
  Process* init = dead.pid == init_pid ? nullptr : find_process(init_pid);
  if (init != nullptr && init->zombie) init = nullptr;
  while (Process* child = dead.children.pop_front()) {
    child->parent = init;
    child->exit_signal = SIGCHLD;  // whatever its maker wanted to be told, init wants this
    if (init != nullptr) {
      init->children.push_back(child);
      init->child_wait.wake_all();
    } else if (child->zombie) {
      all_processes().remove(child);
      reaped.push_back(child);
    }
  }
}

// The last thread of the process has nothing left but its kernel stack. Tells the parent.
void become_zombie(Process& process) {
  List<Process, &Process::siblings> reaped;
  process_lock().lock();
  trace<Tracepoint::exit>(process.pid, process.wait_status);
  reparent_children(process, reaped);
  process.zombie = true;
  Process* parent = process.parent;
  if (process.pid == init_pid) init_status = process.wait_status;
  if (parent == nullptr) {
    all_processes().remove(&process);
    reaped.push_back(&process);
  } else {
    const bool vanishes = process.exit_signal == SIGCHLD && ignores_children(*parent);
    if (process.exit_signal != 0)
      send_signal_locked(*parent, process.exit_signal, child_info(process.pid, process.wait_status));
    parent->child_wait.wake_all();
    if (vanishes) {
      unlink_process(process);
      reaped.push_back(&process);
    }
  }
  end_waiters.wake_all();
  process_lock().unlock();
  while (Process* one = reaped.pop_front()) destroy(one);
}

// Everything the process holds; its thread runs on in the kernel only.
void release_resources(Process& process) {
  cancel_timer(process.alarm);
  // /proc finds the process still: first nobody can take a new reference, then ours go.
  process_lock().lock();
  FileTable* files = process.files;
  process.files = nullptr;
  const InodeReference directory = static_cast<InodeReference&&>(process.directory);
  process_lock().unlock();
  if (files != nullptr) files->drop_reference();
}

}  // namespace

SignalInfo child_info(u32 pid, u32 status) {
  if (status == continued_status) return {CLD_CONTINUED, pid, SIGCONT};
  if ((status & 0x7f) == 0x7f) return {CLD_STOPPED, pid, status >> 8};
  return (status & 0x7f) != 0 ? SignalInfo{CLD_KILLED, pid, status & 0x7f}
                              : SignalInfo{CLD_EXITED, pid, status >> 8};
}

bool is_meant(const Process& process, i64 which, const Process& self) {
  if (which > 0) return process.pid == static_cast<u32>(which);
  if (which == -1) return true;
  return process.group == (which == 0 ? self.group : static_cast<u32>(-which));
}

void thread_exit() {
  Thread& self = current_thread();
  Process* process = self.process;
  if (process != nullptr) {
    if (self.clear_child_tid != 0 && process->space != nullptr &&
        process->space->references() + process->thread_count > 2) {
      put_user(self.clear_child_tid, u32{0});
      futex_wake_all(self.clear_child_tid);
    }
    complete_vfork(self);
    process_lock().lock();
    const bool last = --process->thread_count == 0;
    process->threads.remove(&self);
    pass_on_signals(*process, ~u64{0});
    process->cpu_ticks += self.cpu_ticks + (ticks_now() - self.started);
    process->thread_wait.wake_all();
    AddressSpace* space = process->space;
    // From here on this thread translates no user address; the last one takes the space away with it.
    activate_space(this_hart(), nullptr);
    self.process = nullptr;
    if (last) process->space = nullptr;
    process_lock().unlock();
    if (last) {
      trace_frames();
      if (space != nullptr) space->drop_reference();
      check_frames("after exit");
      release_resources(*process);
      become_zombie(*process);
    }
  }
  self.state = ThreadState::dead;
  schedule();
  __builtin_unreachable();
}

void exit_process(u32 wait_status) {
  Process& process = current_process();
  process_lock().lock();
  if (!process.ending) {
    process.ending = true;
    process.wait_status = wait_status;
    kick_others(process);
  }
  process_lock().unlock();
  thread_exit();
}

i64 wait_for_child(i64 which, u64 options, u32& wait_status, u64& ticks) {
  Process& self = current_process();
  SpinGuard guard(process_lock());
  Process* found = nullptr;
  bool any = false;
  bool stopped = false;
  auto has_news = [&] {
    any = false;
    for (Process* child = self.children.first(); child != nullptr; child = self.children.next(child)) {
      if (!is_meant(*child, which, self)) continue;
      any = true;
      stopped = (options & WUNTRACED) != 0 && child->stopped && !child->stop_reported;
      const bool continued = (options & WCONTINUED) != 0 && !child->continue_reported;
      found = child;
      if (child->zombie || stopped || continued) return true;
    }
    return !any;
  };
  const i64 waited =
      self.child_wait.wait_until(process_lock(), has_news, (options & WNOHANG) != 0 ? 0 : ~u64{0});
  if (waited != 0) return waited == -EAGAIN ? 0 : waited;
  if (!any) return -ECHILD;
  const u32 pid = found->pid;
  ticks = found->cpu_ticks;
  wait_status = found->zombie || stopped ? found->wait_status : continued_status;
  if ((options & WNOWAIT) != 0) return pid;
  if (found->zombie) {
    self.children_ticks += found->cpu_ticks + found->children_ticks;
    unlink_process(*found);
    destroy(found);
  } else {
    (stopped ? found->stop_reported : found->continue_reported) = true;
  }
  return pid;
}

u32 wait_for_the_end() {
  process_lock().lock();
  while (find_process(init_pid) != nullptr) end_waiters.sleep(process_lock(), false);
  while (!all_processes().empty()) {
    for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process))
      if (!process->zombie) send_signal_locked(*process, SIGKILL, {SI_KERNEL, 0, 0});
    end_waiters.sleep(process_lock(), false);
  }
  process_lock().unlock();
  // The last threads are still leaving their kernel stacks on some harts. This one is a thread, too.
  while (live_threads() > 1 + bits_set(online_harts())) yield();
  return init_status;
}

}  // namespace guestos

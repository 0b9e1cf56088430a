// fork, vfork and thread creation: one system call, three kinds of sharing.
#include "guestos/fs/file_table.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

ForkMechanism mechanism_of(u64 clone_flags) {
  if ((clone_flags & CLONE_HARTBEAT_EAGER) != 0) return ForkMechanism::eager;
  if ((clone_flags & CLONE_HARTBEAT_COW) != 0) return ForkMechanism::cow;
  if ((clone_flags & CLONE_HARTBEAT_SHARED_TABLES) != 0) return ForkMechanism::shared_tables;
  return static_cast<ForkMechanism>(boot_choice("fork", {"cow", "eager", "shared-tables"}));
}

// The registers of the caller, as if it returned from the call with 0.
void copy_registers(Thread& parent, Thread& child, const CloneRequest& request) {
  save_floating_point(parent);
  child.frame() = parent.frame();
  TrapFrame& frame = child.frame();
  frame.x[a0] = 0;
  if (request.stack != 0) frame.x[sp] = request.stack;
  if ((request.flags & CLONE_SETTLS) != 0) frame.x[tp] = request.tls;
  memcpy(child.fp, parent.fp, sizeof child.fp);
  child.blocked = parent.blocked;
  if ((request.flags & CLONE_CHILD_CLEARTID) != 0) child.clear_child_tid = request.child_tid;
  if ((request.flags & CLONE_CHILD_SETTID) != 0) child.set_child_tid = request.child_tid;
}

i64 clone_thread(const CloneRequest& request) {
  Thread& self = current_thread();
  Process& process = *self.process;
  Thread* thread = create_thread(&process, 0, nullptr, nullptr);
  if (thread == nullptr) return -ENOMEM;
  copy_registers(self, *thread, request);
  process_lock().lock();
  thread->tid = allocate_pid();
  const u32 tid = thread->tid;
  process.threads.push_back(thread);
  ++process.thread_count;
  process_lock().unlock();
  if ((request.flags & CLONE_PARENT_SETTID) != 0) put_user(request.parent_tid, tid);
  make_runnable(*thread);
  return tid;
}

struct NewProcess {
  Process* process = nullptr;
  Thread* thread = nullptr;
  ForkCounts counts;
};

void discard(NewProcess& made) {
  if (made.thread != nullptr) release_thread(made.thread);
  destroy(made.process);
}

bool make_process(const CloneRequest& request, NewProcess& made) {
  Thread& self = current_thread();
  Process& parent = *self.process;
  made.process = create<Process>();
  if (made.process == nullptr) return false;
  Process& child = *made.process;
  made.thread = create_thread(&child, 0, nullptr, nullptr);
  if (made.thread == nullptr) return false;
  child.executable = parent.executable != nullptr ? copy_of_text(parent.executable) : nullptr;
  if (child.executable == nullptr && parent.executable != nullptr) return false;
  if ((request.flags & CLONE_VM) != 0) {
    parent.space->add_reference();
    child.space = parent.space;
  } else {
    child.space = fork_address_space(*parent.space, mechanism_of(request.flags), made.counts);
  }
  if (child.space == nullptr) return false;
  if ((request.flags & CLONE_FILES) != 0) {
    parent.files->add_reference();
    child.files = parent.files;
  } else {
    child.files = parent.files->copy();
  }
  if (child.files == nullptr) return false;
  child.directory = current_directory();
  static_cast<Inherited&>(child) = parent;
  child.exit_signal = request.exit_signal;
  child.started = ticks_now();
  copy_registers(self, *made.thread, request);
  if ((request.flags & CLONE_VM) == 0) made.thread->signal_stack = self.signal_stack;
  return true;
}

u32 enter_family(Process& parent, NewProcess& made, bool sibling) {
  SpinGuard guard(process_lock());
  Process& child = *made.process;
  if (parent.parent == nullptr) sibling = false;  // it became an orphan meanwhile
  if (sibling) child.exit_signal = parent.exit_signal;
  if (parent.ending)
    child.ending = true, child.wait_status = parent.wait_status;  // nobody escapes SIGKILL by forking
  child.parent = sibling ? parent.parent : &parent;
  child.parent->children.push_back(&child);
  return enter_lists(child, *made.thread);
}

// With the guard held, which it releases.
void leave_vfork(VforkWait* vfork) {
  const bool last = --vfork->references == 0;
  vfork->guard.unlock();
  if (last) destroy(vfork);
}

// Until the child runs a program or is gone, or this process is killed; no other signal is looked at meanwhile.
void wait_for_vfork(VforkWait* vfork) {
  Thread& self = current_thread();
  const u64 blocked = self.blocked;
  self.blocked = ~u64{0};
  vfork->guard.lock();
  while (!vfork->done && !self.process->ending) {
    if (vfork->waiters.sleep(vfork->guard) != Wake::signal || self.process->ending) continue;
    vfork->guard.unlock();  // stopped, or another thread wants to run a program: after the child
    yield();
    vfork->guard.lock();
  }
  leave_vfork(vfork);
  self.blocked = blocked;
}

i64 clone_process(const CloneRequest& request) {
  Process& parent = current_process();
  trace<Tracepoint::fork_begin>(parent.pid);
  NewProcess made;
  const bool waits = (request.flags & CLONE_VFORK) != 0;
  VforkWait* vfork = waits ? create<VforkWait>() : nullptr;
  if ((waits && vfork == nullptr) || !make_process(request, made)) {
    discard(made);
    destroy(vfork);
    trace<Tracepoint::fork_end>(parent.pid, static_cast<u64>(-ENOMEM), 0, 0);
    return -ENOMEM;
  }
  const u32 pid = enter_family(parent, made, (request.flags & CLONE_PARENT) != 0);
  if ((request.flags & CLONE_PARENT_SETTID) != 0) put_user(request.parent_tid, pid);
  made.thread->vfork = vfork;
  trace<Tracepoint::fork_end>(parent.pid, pid, made.counts.table_frames * page_size, made.counts.shared_pages,
                              made.process->space->root);
  trace_frames();
  check_frames("after fork");
  make_runnable(*made.thread);
  if (vfork != nullptr) wait_for_vfork(vfork);
  return pid;
}

}  // namespace

i64 clone_current(const CloneRequest& request) {
  if ((request.flags & CLONE_THREAD) != 0) {
    const u64 needed = CLONE_VM | CLONE_SIGHAND;
    return (request.flags & needed) == needed ? clone_thread(request) : -EINVAL;
  }
  if ((request.flags & CLONE_SIGHAND) != 0 && (request.flags & CLONE_VM) == 0) return -EINVAL;
  if ((request.flags & CLONE_PARENT) != 0 && current_process().parent == nullptr) return -EINVAL;
  return clone_process(request);
}

void complete_vfork(Thread& thread) {
  VforkWait* vfork = thread.vfork;
  if (vfork == nullptr) return;
  thread.vfork = nullptr;
  vfork->guard.lock();
  vfork->done = true;
  vfork->waiters.wake_all();
  leave_vfork(vfork);
}

}  // namespace guestos

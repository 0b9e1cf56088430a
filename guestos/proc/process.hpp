// A process: threads that share an address space, open files, signal actions and a place in the family tree.
#pragma once

#include "guestos/arch/hart.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/fs/inode.hpp"
#include "guestos/proc/scheduler.hpp"

namespace guestos {

class AddressSpace;
class FileTable;

struct SignalAction {
  u64 handler = SIG_DFL;
  u64 flags = 0;
  u64 mask = 0;
};

// What a child begins with as its parent has it, and execve leaves mostly alone.
struct Inherited {
  struct Limit {
    u64 soft = ~u64{0}, hard = ~u64{0};
  };
  u32 group = 0;
  u32 session = 0;
  u32 umask = 022;
  char name[32] = {};
  u64 arguments_start = 0, arguments_end = 0;
  Limit limits[limit_count];  // by RLIMIT_*; what STACK and NOFILE say is kept to
  SignalAction actions[signal_count + 1];
};

struct Process : Inherited {
  ~Process();
  u32 pid = 0;
  Process* parent = nullptr;
  Links<Process> siblings;
  List<Process, &Process::siblings> children;
  Links<Process> all;
  List<Thread, &Thread::process_links> threads;
  u32 thread_count = 0;

  AddressSpace* space = nullptr;
  FileTable* files = nullptr;
  InodeReference directory;    // current working directory
  char* executable = nullptr;  // path given to execve, on the heap

  bool ending = false;            // every thread is to exit
  Thread* sole_thread = nullptr;  // execve: every other thread is to exit
  bool zombie = false;
  bool oom_victim = false;  // killed for its memory (mm/oom.hpp)
  bool stopped = false;
  bool stop_reported = true;
  bool continue_reported = true;
  u32 wait_status = 0;  // as wait4 gives it
  u32 exit_signal = SIGCHLD;
  WaitQueue child_wait;   // parents waiting; guard: process_lock
  WaitQueue thread_wait;  // execve waiting for the others; and stopped threads
  u64 cpu_ticks = 0;
  u64 children_ticks = 0;
  u64 started = 0;
  u64 minor_faults = 0;

  u64 pending = 0;
  SignalInfo pending_info[signal_count] = {};
  Timer alarm;
  u64 alarm_interval = 0;  // ticks
};

// Protects the family tree, thread lists, zombie states and pending signals of every process.
SpinLock& process_lock();
using ProcessList = List<Process, &Process::all>;
ProcessList& all_processes();

inline constexpr u32 init_pid = 1;
u32 current_pid();
InodeReference current_directory();  // of the current process
void set_current_directory(InodeReference directory);
Process& current_process();
// With process_lock held.
Process* find_process(u32 pid);
Process* find_member(u32 group);  // somebody of it; all of a group are of one session
Thread* find_thread(u32 tid);
u32 allocate_pid();
// The process and its only thread get a number, which is returned, and their places in the lists.
u32 enter_lists(Process& process, Thread& thread);

// --- clone.cpp
struct CloneRequest {
  u64 flags = 0;
  u32 exit_signal = 0;
  u64 stack = 0;
  u64 parent_tid = 0;
  u64 tls = 0;
  u64 child_tid = 0;
};
i64 clone_current(const CloneRequest& request);  // the child's number or a negative errno

// --- exec.cpp
// A new process that will run `path`; used once, for init. Its number, or a negative errno.
struct TextList {  // NUL-separated, `count` of them
  char* bytes;
  u64 size;
  u64 count;
};
struct InitCommand {
  char path[PATH_MAX] = {};
  TextList arguments = {};
  TextList environment = {};
};
i64 start_init(InitCommand& command);
// A path that begins nowhere begins in the current directory. `depth`: of scripts that run it.
i64 execute(PathRequest path, const TextList& arguments, const TextList& environment, unsigned depth = 0);

// --- exit.cpp
[[noreturn]] void exit_process(u32 wait_status);  // all threads of the current process
extern "C" [[noreturn]] void thread_exit();
// As wait4 and kill name processes: that one; -1: any; 0: those of self's group; below: those of a group.
bool is_meant(const Process& process, i64 which, const Process& self);
// What SIGCHLD and waitid tell of a child by its wait status.
SignalInfo child_info(u32 pid, u32 wait_status);
// The child's number, 0 (WNOHANG) or a negative errno.
i64 wait_for_child(i64 which, u64 options, u32& wait_status, u64& ticks);
// Kills whatever is left after init has gone, waits until all is released, returns init's wait status.
u32 wait_for_the_end();
void complete_vfork(Thread& thread);

// --- Futexes (futex(2)): sleeping on a word of user memory.
i64 futex_call(u64 address, u64 operation, u32 value, u64 timeout, u32 third);
// CHILD_CLEARTID.
void futex_wake_all(u64 address);

// --- signal.cpp: signals, sent, and delivered on the way back to user mode (Linux riscv64 frame layout).
// To one thread; takes process_lock.
void send_signal(Thread& thread, u32 signal, const SignalInfo& info);
// To the process, or to one thread, with process_lock held.
void send_signal_locked(Process& process, u32 signal, const SignalInfo& info);
void send_signal_locked(Thread& thread, u32 signal, const SignalInfo& info);
// A fault of the current thread: cannot be ignored or blocked.
void force_signal(u32 signal, const SignalInfo& info);
// True if the signal has no handler in the current process: it will die of it.
bool is_fatal_here(u32 signal);
// Takes the first signal of `wanted` off the thread's or its process's pending ones, with process_lock held; 0: there is
// none. Signals of `urgent` come first.
u32 take_pending(Thread& self, u64 wanted, u64 urgent, SignalInfo& info);
// To every process of the group; false: there is none.
bool signal_group(u32 group, u32 signal, const SignalInfo& info);
// With process_lock held: all threads of the process but the current one look at their pending work.
void kick_others(Process& process);
// The current thread will not take these signals of its process (any more): somebody else is to.
void pass_on_signals(Process& process, u64 set);
void set_mask(u64 mask);  // the current thread's, without unblockable ones
void interval_timer_expired(u32 pid);

// Everything that must happen before a thread goes back to user mode: exit, stop, signal handlers, restarts.
extern "C" void prepare_return(TrapFrame* frame);
i64 return_from_signal(TrapFrame& frame);

// Signals that may not be blocked.
inline constexpr u64 unblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

}  // namespace guestos

// A thread of execution: of a process, or of the kernel itself (idle loops and the start-up thread, process
// == nullptr).
#pragma once

#include "guestos/arch/trap_frame.hpp"
#include "guestos/proc/wait_queue.hpp"

namespace guestos {

struct Hart;
struct Process;
class AddressSpace;

enum class ThreadState : u8 { runnable, running, sleeping, dead };

inline constexpr u64 kernel_stack_size = 4 * page_size;
inline constexpr unsigned kernel_stack_order = 2;

// What sigaltstack sets.
struct SignalStack {
  u64 base = 0;
  u64 size = 0;
  i32 flags = 2;  // SS_DISABLE
};

// What a vfork parent waits for: the child no longer uses its memory. It outlives whichever of the two goes first.
struct VforkWait {
  SpinLock guard;
  bool done = false;
  u32 references = 2;
  WaitQueue waiters;
};

struct Thread {
  Context context;
  u64 stack = 0;  // lowest address of the kernel stack (direct map)
  Process* process = nullptr;
  u32 tid = 0;
  SpinLock lock;  // protects `state` against concurrent wake-ups
  ThreadState state = ThreadState::runnable;
  bool interruptible = false;
  bool on_hart = false;   // its registers are still (or again) in a hart
  bool no_fault = false;  // a fault on user memory is to fail rather than to be resolved
  u64 last_hart = 0;
  Links<Thread> queue_links;
  Links<Thread> process_links;

  u64 fp[33] = {};  // f0..f31, fcsr
  Hart* fp_hart = nullptr;

  u64 blocked = 0;  // signal mask; bit n-1 is signal n
  u64 awaited = 0;  // rt_sigtimedwait: not blocked meanwhile, and not lost if nothing handles them
  u64 pending = 0;  // signals sent to this thread
  SignalInfo pending_info[signal_count] = {};
  u64 restored_mask = 0;  // rt_sigsuspend, ppoll: the mask to go back to after the handler
  bool restore_mask = false;
  SignalStack signal_stack;
  u64 clear_child_tid = 0;
  u64 set_child_tid = 0;
  VforkWait* vfork = nullptr;
  u64 started = 0;  // ticks of CPU time begin when it was last switched to
  u64 cpu_ticks = 0;
  // A restart of the interrupted system call, decided when signals are delivered.
  u64 call_number = 0;
  u64 call_argument = 0;
  bool in_system_call = false;

  TrapFrame& frame() const {
    return *reinterpret_cast<TrapFrame*>(stack + kernel_stack_size - sizeof(TrapFrame));
  }
  bool is_on_signal_stack(u64 pointer) const {
    return (signal_stack.flags & SS_DISABLE) == 0 && pointer - signal_stack.base < signal_stack.size;
  }
  // Signals to deliver, or the process is ending.
  bool has_pending_work() const;
};

// A thread that starts in the kernel with function(argument); if that returns true, or there is none, it goes
// to user mode with the registers of its frame(). Not runnable yet: make_runnable. nullptr when memory is
// exhausted.
Thread* create_thread(Process* process, u32 tid, bool (*function)(void*), void* argument);
void release_thread(Thread* thread);
// Threads that have a kernel stack, idle loops not counted.
u64 live_threads();

}  // namespace guestos

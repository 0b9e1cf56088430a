#include "guestos/proc/thread.hpp"

#include "guestos/arch/layout.hpp"
#include "guestos/mm/frames.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/proc/process.hpp"

extern "C" void thread_start();

namespace guestos {

static constinit u64 thread_total = 0;

bool Thread::has_pending_work() const {
  if (process == nullptr) return false;
  if (process->ending || process->stopped ||
      (process->sole_thread != nullptr && process->sole_thread != this))
    return true;
  return ((__atomic_load_n(&pending, __ATOMIC_SEQ_CST) |
           __atomic_load_n(&process->pending, __ATOMIC_SEQ_CST)) &
          ~blocked) != 0;
}

Thread* create_thread(Process* process, u32 tid, bool (*function)(void*), void* argument) {
  auto* thread = create<Thread>();
  const FrameNumber stack =
      thread == nullptr ? no_frame : allocate_frames(kernel_stack_order, FrameState::kernel);
  if (stack == no_frame) {
    destroy(thread);
    return nullptr;
  }
  __atomic_fetch_add(&thread_total, 1, __ATOMIC_RELAXED);
  thread->stack = reinterpret_cast<u64>(direct_page(stack));
  *reinterpret_cast<u64*>(thread->stack) = thread->stack;  // switch_to looks whether it is still there
  thread->process = process;
  thread->tid = tid;
  thread->last_hart = this_hart().id;
  thread->context.ra = reinterpret_cast<u64>(thread_start);
  thread->context.sp = reinterpret_cast<u64>(&thread->frame());
  thread->context.s[0] = reinterpret_cast<u64>(function);
  thread->context.s[1] = reinterpret_cast<u64>(argument);
  thread->frame() = {};
  thread->frame().sstatus = csr::sstatus_spie | csr::sstatus_fs_clean;
  return thread;
}

void release_thread(Thread* thread) {
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1) {
    Hart* hart = hart_by_id(lowest_bit(rest));
    Thread* expected = thread;
    // A later thread at the same address must not find its floating-point registers "still there".
    __atomic_compare_exchange_n(&hart->fp_owner, &expected, static_cast<Thread*>(nullptr), false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
  drop_reference(physical_of(reinterpret_cast<void*>(thread->stack)) >> page_bits);
  destroy(thread);
  __atomic_fetch_sub(&thread_total, 1, __ATOMIC_RELEASE);
}

u64 live_threads() { return __atomic_load_n(&thread_total, __ATOMIC_ACQUIRE); }

}  // namespace guestos

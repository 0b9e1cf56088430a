#include "guestos/proc/scheduler.hpp"

#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"

extern "C" {
void switch_context(guestos::Context* from, guestos::Context* to);
void fp_save(guestos::u64* registers);
void fp_restore(const guestos::u64* registers);
}

namespace guestos {

namespace {

constinit u64 idle_harts = 0;  // bit n: hart n is in its idle loop and needs an IPI to notice new work

constinit u64 perturbation = 0;  // boot argument perturb=SEED: the state of its random numbers; 0: none

u64 random_number() {
  u64 x = __atomic_load_n(&perturbation, __ATOMIC_RELAXED);
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  __atomic_store_n(&perturbation, x, __ATOMIC_RELAXED);
  return x;
}

// Perturbed: anything from a few instructions to the whole slice, short ones often.
u64 slice_ticks() {
  const u64 whole = boot_info().slice_microseconds * boot_info().timebase / 1'000'000;
  if (perturbation == 0) return whole;
  const u64 random = random_number();
  return 1 + (random >> 8) % max_of<u64>(whole >> random % 12, 1);
}

Thread* pop(Hart& hart, const Thread* except_unless) {
  SpinGuard guard(hart.queue_lock);
  for (Thread* thread = hart.queue.first(); thread != nullptr; thread = hart.queue.next(thread)) {
    // A thread that has just yielded is still in its hart's registers: only that hart may take it back.
    if (__atomic_load_n(&thread->on_hart, __ATOMIC_ACQUIRE) && thread != except_unless) continue;
    hart.queue.remove(thread);
    --hart.queue_size;
    return thread;
  }
  return nullptr;
}

Thread* steal(const Hart& thief) {
  Hart* victim = nullptr;
  u32 longest = 0;
  for (u64 rest = online_harts() & ~(u64{1} << thief.id); rest != 0; rest &= rest - 1) {
    Hart* hart = hart_by_id(lowest_bit(rest));
    const u32 size = __atomic_load_n(&hart->queue_size, __ATOMIC_RELAXED);
    if (size > longest) {
      longest = size;
      victim = hart;
    }
  }
  return victim == nullptr ? nullptr : pop(*victim, nullptr);
}

void enqueue(Thread& thread, Hart& hart) {
  hart.queue_lock.lock();
  hart.queue.push_back(&thread);
  __atomic_store_n(&hart.queue_size, hart.queue_size + 1, __ATOMIC_RELAXED);
  hart.queue_lock.unlock();
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  const u64 bit = u64{1} << hart.id;
  if (&hart != &this_hart() && (__atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_SEQ_CST) & bit) != 0)
    sbi::send_ipi(bit);
}

// Where it ran last if that hart is idle (its caches are warm), else any idle hart, else where it ran last.
Hart& choose_hart(const Thread& thread) {
  const u64 idle = __atomic_load_n(&idle_harts, __ATOMIC_SEQ_CST);
  if (perturbation != 0 && random_number() % 4 == 0) {  // anywhere
    Hart* hart = hart_by_id(random_number() % max_harts);
    if (hart != nullptr && (online_harts() >> hart->id & 1) != 0) return *hart;
  }
  if (idle == 0 || (idle >> thread.last_hart & 1) != 0) return *hart_by_id(thread.last_hart);
  return *hart_by_id(lowest_bit(idle));
}

void restore_floating_point(Thread& thread, Hart& hart) {
  if (hart.fp_owner == &thread && thread.fp_hart == &hart) return;
  csr::set<csr::sstatus>(csr::sstatus_fs);
  fp_restore(thread.fp);
  hart.fp_owner = &thread;
  thread.fp_hart = &hart;
}

void switch_to(Hart& hart, Thread& previous, Thread& next) {
  if (*reinterpret_cast<u64*>(previous.stack) != previous.stack) panic("kernel stack overflow", previous.tid);
  const u64 now = ticks_now();
  previous.cpu_ticks += now - previous.started;
  next.started = now;
  next.state = ThreadState::running;
  next.on_hart = true;
  next.last_hart = hart.id;
  hart.current = &next;
  hart.kernel_sp = next.stack + kernel_stack_size;
  hart.previous = &previous;
  if (previous.process != nullptr && previous.state != ThreadState::dead) save_floating_point(previous);
  AddressSpace* space = next.process != nullptr ? next.process->space : nullptr;
  activate_space(hart, space);
  if (next.process != nullptr) {
    restore_floating_point(next, hart);
    hart.slice_end = now + slice_ticks();
    program_timer(hart.slice_end);
  }
  trace<Tracepoint::process_switch>(next.process != nullptr ? next.process->pid : 0, next.tid,
                                    space != nullptr ? space->asid : 0);
  switch_context(&previous.context, &next.context);
  finish_switch();
}

}  // namespace

void scheduler_open() { perturbation = boot_number("perturb", 0) * 0x9e37'79b9'7f4a'7c15; }

void finish_switch() {
  Thread* previous = this_hart().previous;
  if (previous->state == ThreadState::dead) {
    release_thread(previous);
  } else {
    __atomic_store_n(&previous->on_hart, false, __ATOMIC_RELEASE);
  }
}

void schedule() {
  Hart& hart = this_hart();
  Thread& previous = *hart.current;
  Thread* next = pop(hart, &previous);
  if (next == nullptr) next = steal(hart);
  if (next == nullptr) next = hart.idle;
  if (next == &previous) {
    previous.state = ThreadState::running;
    return;
  }
  switch_to(hart, previous, *next);
}

void yield() {
  Hart& hart = this_hart();
  hart.current->state = ThreadState::runnable;
  enqueue(*hart.current, hart);
  schedule();
}

// With thread.lock held.
static void wake_locked(Thread& thread) {
  thread.state = ThreadState::runnable;
  // It may still be on its way into switch_context on another hart; that hart needs nothing of ours to get
  // there.
  while (__atomic_load_n(&thread.on_hart, __ATOMIC_ACQUIRE)) continue;
  enqueue(thread, choose_hart(thread));
}

void wake(Thread& thread) {
  SpinGuard guard(thread.lock);
  if (thread.state == ThreadState::sleeping) wake_locked(thread);
}

void interrupt_sleep(Thread& thread) {
  SpinGuard guard(thread.lock);
  if (thread.state == ThreadState::sleeping && thread.interruptible) wake_locked(thread);
}

void kick(Thread& thread) {
  interrupt_sleep(thread);
  const u64 hart = thread.last_hart;
  if (__atomic_load_n(&thread.on_hart, __ATOMIC_ACQUIRE) && hart != this_hart().id)
    sbi::send_ipi(u64{1} << hart);
}

void save_floating_point(Thread& thread) {
  TrapFrame& frame = thread.frame();
  if ((frame.sstatus & csr::sstatus_fs) != csr::sstatus_fs_dirty) return;
  csr::set<csr::sstatus>(csr::sstatus_fs);
  fp_save(thread.fp);
  frame.sstatus = (frame.sstatus & ~csr::sstatus_fs) | csr::sstatus_fs_clean;
  this_hart().fp_owner = &thread;
  thread.fp_hart = &this_hart();
}

void reload_floating_point(Thread& thread) { restore_floating_point(thread, this_hart()); }

void make_runnable(Thread& thread) { enqueue(thread, choose_hart(thread)); }

void preemption_point() {
  if ((csr::read<csr::sip>() & csr::interrupt_timer) != 0) timer_interrupt();
}

void timer_interrupt() {
  this_hart().programmed = ~u64{0};
  sbi::set_timer(~u64{0});
  run_timers();
  if (console_is_terminal()) poll_console_devices();  // ^C must come through while somebody computes
  Hart& hart = this_hart();
  const u64 now = ticks_now();
  if (now >= hart.slice_end && hart.queue_size != 0) return yield();
  if (now >= hart.slice_end) hart.slice_end = now + slice_ticks();
  program_timer(hart.slice_end);
}

void idle_loop() {
  for (;;) {
    Hart& hart = this_hart();
    run_timers();
    if ((csr::read<csr::sip>() & csr::interrupt_external) != 0) console_interrupt();
    poll_console_devices();
    const u64 bit = u64{1} << hart.id;
    csr::clear<csr::sip>(csr::interrupt_software);
    answer_shootdowns();
    stop_if_asked();
    __atomic_fetch_or(&idle_harts, bit, __ATOMIC_SEQ_CST);
    Thread* next = pop(hart, nullptr);
    if (next == nullptr) next = steal(hart);
    if (next != nullptr) {
      __atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_SEQ_CST);
      hart.idle->state = ThreadState::runnable;
      switch_to(hart, *hart.idle, *next);
      continue;
    }
    program_timer(console_is_terminal() ? console_deadline() : ~u64{0});
    wait_for_interrupt();
    __atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_SEQ_CST);
    if ((csr::read<csr::sip>() & csr::interrupt_timer) != 0) {
      hart.programmed = ~u64{0};
      sbi::set_timer(~u64{0});
    }
  }
}

}  // namespace guestos

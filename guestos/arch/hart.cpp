#include "guestos/arch/hart.hpp"

#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/proc/scheduler.hpp"

extern "C" {
void trap_entry();
void secondary_start();
// For entry.S, too: what a hart finds here is whole. Not in .bss, which the first hart clears while others may wait.
[[gnu::section(".data")]] constinit guestos::Hart* hart_table[guestos::max_harts] = {};
}

namespace guestos {

namespace {

constinit u64 online = 0;

bool idle_function(void*) { idle_loop(); }

Hart* make_hart(u64 id) {
  Hart* hart = create<Hart>();
  if (hart == nullptr) panic("no memory for a hart", id);
  hart->id = id;
  return hart;
}

// With an idle thread it is whole.
void complete(Hart& hart) {
  hart.idle = create_thread(nullptr, 0, idle_function, nullptr);
  if (hart.idle == nullptr) panic("no memory for an idle thread", hart.id);
  hart.idle->last_hart = hart.id;
  hart.kernel_sp = hart.idle->stack + kernel_stack_size;
  __atomic_store_n(&hart_table[hart.id], &hart, __ATOMIC_RELEASE);
}

void open_this_hart() {
  csr::write<csr::stvec>(reinterpret_cast<u64>(trap_entry));
  csr::write<csr::sscratch>(0);
  csr::write<csr::scounteren>(7);
  csr::write<csr::sie>(csr::interrupt_software | csr::interrupt_timer);
  csr::set<csr::sstatus>(csr::sstatus_fs);
  enable_console_interrupts();
}

}  // namespace

Hart* hart_by_id(u64 id) { return id < max_harts ? hart_table[id] : nullptr; }
u64 online_harts() { return __atomic_load_n(&online, __ATOMIC_ACQUIRE); }

void harts_open() {
  Hart* hart = make_hart(boot_info().boot_hart);
  asm volatile("mv tp, %0" ::"r"(hart));
  complete(*hart);
  __atomic_fetch_or(&online, u64{1} << hart->id, __ATOMIC_ACQ_REL);
  open_this_hart();
}

void start_other_harts() {
  for (u64 rest = boot_info().harts & ~online_harts(); rest != 0; rest &= rest - 1) {
    const u64 id = lowest_bit(rest);
    Hart* hart = make_hart(id);
    complete(*hart);
    memory_fence();
    const u64 entry = physical_of(reinterpret_cast<const void*>(secondary_start));
    if (sbi::start_hart(id, entry, reinterpret_cast<u64>(hart)) != 0) continue;
    while ((online_harts() >> id & 1) == 0) continue;
  }
}

// A hart's first C++ code, on its idle thread's stack.
extern "C" [[noreturn]] void secondary_main() {
  Hart& hart = this_hart();
  open_this_hart();
  hart.current = hart.idle;
  hart.idle->state = ThreadState::running;
  hart.idle->on_hart = true;
  fence_all();
  __atomic_fetch_or(&online, u64{1} << hart.id, __ATOMIC_ACQ_REL);
  idle_loop();
}

}  // namespace guestos

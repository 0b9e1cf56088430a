#include "payload.hpp"

extern "C" {
void on_trap(std::uint64_t* frame);
[[noreturn]] void payload_main(std::uint64_t hart_id);
[[noreturn]] void secondary_main(std::uint64_t hart_id, std::uint64_t argument, std::uint64_t satp,
                                 std::uint64_t sstatus);
extern const char user_mode_return[];
}

namespace payload {
namespace {

constexpr unsigned most_harts = 64;
constexpr std::uint64_t sstatus_spp = 1u << 8;
constexpr std::uint64_t interrupt_bit = 1ull << 63;

Traps traps[most_harts];
unsigned broken;

struct Worker {
  std::atomic<void (*)(std::uint64_t)> work{nullptr};
  std::uint64_t argument = 0;
};
Worker workers[most_harts];

struct Table {
  alignas(4096) std::uint64_t entries[512];
};
Table root, middle, leaves;

}  // namespace

Answer sbi(std::uint64_t extension, std::uint64_t function, std::uint64_t a0, std::uint64_t a1,
           std::uint64_t a2, std::uint64_t a3, std::uint64_t a4) {
  register std::uint64_t r0 asm("a0") = a0;
  register std::uint64_t r1 asm("a1") = a1;
  register std::uint64_t r2 asm("a2") = a2;
  register std::uint64_t r3 asm("a3") = a3;
  register std::uint64_t r4 asm("a4") = a4;
  register std::uint64_t r6 asm("a6") = function;
  register std::uint64_t r7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7) : "memory");
  return {static_cast<std::int64_t>(r0), r1};
}

void print(const char* text) {
  for (; *text != '\0'; ++text) sbi(1, 0, static_cast<std::uint8_t>(*text));
}

void law(bool holds, const char* sentence) {
  if (!holds) ++broken;
  print(holds ? "ok: " : "BROKEN: ");
  print(sentence);
  print("\n");
}

unsigned broken_laws() { return broken; }

Traps& traps_of(std::uint64_t hart_id) { return traps[hart_id]; }

std::uint64_t this_hart() {
  std::uint64_t id;
  asm volatile("mv %0, tp" : "=r"(id));
  return id;
}

std::uint64_t read_time() {
  std::uint64_t ticks;
  asm volatile("rdtime %0" : "=r"(ticks)::"memory");
  return ticks;
}

void enable_interrupts(std::uint64_t mask) {
  asm volatile("csrs sie, %0\n\tcsrsi sstatus, 2" : : "r"(mask) : "memory");
}

void disable_interrupts() { asm volatile("csrci sstatus, 2\n\tcsrw sie, zero" ::: "memory"); }

// Interrupts must be off in sstatus: one taken before the wfi would be gone, and nothing would end the wfi.
void nap() {
  constexpr std::uint64_t ticks = 1000;
  asm volatile("csrs sie, %0" : : "r"(timer_interrupt) : "memory");
  sbi(extension::time, 0, read_time() + ticks);
  asm volatile("wfi" ::: "memory");
  asm volatile("csrc sie, %0" : : "r"(timer_interrupt) : "memory");
  sbi(extension::time, 0, ~std::uint64_t{0});
}

std::uint64_t hart_count() {
  std::uint64_t count = 0;
  while (count < most_harts && sbi(extension::hart_state, 2, count).error == error::success) ++count;
  return count;
}

void begin_work(std::uint64_t hart_id, void (*work)(std::uint64_t), std::uint64_t argument) {
  workers[hart_id].argument = argument;
  workers[hart_id].work.store(work, std::memory_order_release);
}

void finish_work(std::uint64_t hart_id) {
  while (workers[hart_id].work.load(std::memory_order_acquire) != nullptr) nap();
}

[[noreturn]] void worker_loop(std::uint64_t hart_id) {
  Worker& me = workers[hart_id];
  for (;;) {
    if (auto* work = me.work.load(std::memory_order_acquire); work != nullptr) {
      work(me.argument);
      me.work.store(nullptr, std::memory_order_release);
    } else {
      nap();
    }
  }
}

void map_window(unsigned page, const void* frame) {
  constexpr std::uint64_t flags = 0xcf;  // D A X W R V
  const std::uint64_t ppn = reinterpret_cast<std::uint64_t>(frame) >> 12;
  std::atomic_ref<std::uint64_t>(leaves.entries[page]).store(frame == nullptr ? 0 : ppn << 10 | flags);
}

void paging_on() {
  constexpr std::uint64_t leaf_flags = 0xcf, pointer_flags = 0x01, sv39 = 8ull << 60;
  root.entries[2] = (0x80000000ull >> 12) << 10 | leaf_flags;
  root.entries[window >> 30] = reinterpret_cast<std::uint64_t>(&middle) >> 12 << 10 | pointer_flags;
  middle.entries[0] = reinterpret_cast<std::uint64_t>(&leaves) >> 12 << 10 | pointer_flags;
  asm volatile("sfence.vma\n\tcsrw satp, %0\n\tsfence.vma"
               :
               : "r"(sv39 | reinterpret_cast<std::uint64_t>(&root) >> 12)
               : "memory");
}

void paging_off() { asm volatile("csrw satp, zero\n\tsfence.vma" ::: "memory"); }

}  // namespace payload

using namespace payload;

// The frame: x registers by number, then sepc and sstatus.
void on_trap(std::uint64_t* frame) {
  std::uint64_t cause, value;
  asm volatile("csrr %0, scause\n\tcsrr %1, stval" : "=&r"(cause), "=r"(value));
  Traps& mine = traps_of(frame[4]);
  std::uint64_t& sepc = frame[32];
  if ((cause & interrupt_bit) != 0) {
    if ((cause & 63) == 1) {
      asm volatile("csrc sip, %0" : : "r"(software_interrupt));
      ++mine.software_interrupts;
    } else if ((cause & 63) == 13) {
      asm volatile("csrc sie, %0\n\tcsrc sip, %0" : : "r"(1u << 13));
      ++mine.overflow_interrupts;
    } else {
      asm volatile("csrc sie, %0" : : "r"(timer_interrupt));
      ++mine.timer_interrupts;
    }
    return;
  }
  mine.cause = cause;
  mine.value = value;
  mine.pc = sepc;
  ++mine.exceptions;
  if ((frame[33] & sstatus_spp) == 0) {
    sepc = reinterpret_cast<std::uint64_t>(user_mode_return);
    frame[33] |= sstatus_spp;
    return;
  }
  const auto* instruction = reinterpret_cast<const volatile std::uint16_t*>(sepc);
  sepc += (*instruction & 3) == 3 ? 4 : 2;
}

// Each check leaves the machine as it found it, but check_hart_states, which starts the workers.
void payload_main(std::uint64_t) {
  check_base();
  check_console();
  check_timer();
  check_traps();
  check_misaligned();
  check_performance_counters();
  check_hart_states();
  check_interrupts_between_harts();
  check_fences();
  check_counted_messages();
  print(broken_laws() == 0 ? "sbi_payload: all laws hold\n" : "sbi_payload: laws are BROKEN\n");
  sbi(extension::system_reset, 0, 0, broken_laws() == 0 ? 0 : 1);
  for (;;) asm volatile("wfi");
}

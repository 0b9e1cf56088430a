// Traps that the firmware delegates or hands on, and rdtime in every mode.
#include "payload.hpp"

extern "C" {
std::uint64_t run_in_user_mode(const void* code);
extern const char user_calls[], user_illegal[], user_reads_time[], user_breaks[];
}

namespace payload {
namespace {

bool trapped(std::uint64_t cause) { return traps_of(this_hart()).cause == cause; }

bool value_is_zero_or(std::uint64_t value) {
  const std::uint64_t seen = traps_of(this_hart()).value;
  return seen == 0 || seen == value;
}

void check_user_traps() {
  law(run_in_user_mode(user_calls) == 123 && trapped(8), "a system call of U-mode goes to S-mode");
  run_in_user_mode(user_illegal);
  law(trapped(2) && value_is_zero_or(0xffffffff),
      "an illegal instruction of U-mode goes to S-mode, with its bits");
  law(traps_of(this_hart()).pc == reinterpret_cast<std::uint64_t>(user_illegal), "and with its address");
  run_in_user_mode(user_breaks);
  law(trapped(3), "a breakpoint of U-mode goes to S-mode");
  asm volatile("csrs scounteren, %0" : : "r"(7));
  const std::uint64_t before = read_time();
  const std::uint64_t seen = run_in_user_mode(user_reads_time);
  law(trapped(8) && seen >= before && seen <= read_time(), "U-mode reads the time");
  asm volatile("csrc scounteren, %0" : : "r"(2));
  run_in_user_mode(user_reads_time);
  law(trapped(2), "U-mode does not read the time when scounteren.TM is 0");
  asm volatile("csrs scounteren, %0" : : "r"(7));
  std::uint64_t sstatus;
  asm volatile("csrr %0, sstatus" : "=r"(sstatus));
  law((sstatus & 2) == 0, "interrupts that were off in S-mode are off after U-mode");
}

void check_supervisor_traps() {
  Traps& mine = traps_of(this_hart());
  const std::uint64_t before = mine.exceptions;
  asm volatile(".4byte 0x00000000\n\t.balign 4" ::: "memory");  // two c.illegal: both are skipped
  law(mine.exceptions == before + 2 && trapped(2), "an illegal instruction of S-mode goes to S-mode");
  asm volatile(".option push\n\t.option norvc\n\tebreak\n\t.option pop" ::: "memory");
  law(trapped(3), "a breakpoint of S-mode goes to S-mode");
  asm volatile(".4byte 0xc0129073" ::: "memory");  // csrrw x0, time, t0
  law(trapped(2), "a write of the read-only time register is illegal");
  asm volatile("csrr t0, mstatus" ::: "t0", "memory");
  law(trapped(2), "an M-mode register is illegal in S-mode");
  alignas(8) static std::uint64_t words[2];
  const auto odd = reinterpret_cast<std::uint64_t>(words) + 1;
  const std::uint64_t before_amo = mine.exceptions;
  asm volatile("amoadd.w t0, zero, (%0)" : : "r"(odd) : "t0", "memory");
  // A core may do it in hardware (QEMU does, with one hart).
  law(mine.exceptions == before_amo || (mine.cause >= 4 && mine.cause <= 7 && mine.value == odd),
      "a misaligned AMO is S-mode's to see, if it traps");
  asm volatile("lr.w t0, (%0)" : : "r"(odd) : "t0", "memory");
  // CVA6's store unit executes LR, so there it is a store's fault.
  law(mine.cause >= 4 && mine.cause <= 7 && mine.value == odd, "a misaligned LR is S-mode's to see");
  asm volatile("ld t0, 0(%0)" : : "r"(0x7000'0000'0000) : "t0", "memory");
  law(trapped(5), "a load from where nothing is goes to S-mode");
  std::uint64_t interrupts_before, interrupts_after;
  asm volatile(
      "csrr %0, sstatus\n\t.option push\n\t.option norvc\n\tebreak\n\t.option pop\n\tcsrr %1, sstatus"
      : "=&r"(interrupts_before), "=r"(interrupts_after)
      :
      : "memory");
  law((interrupts_before & 2) == (interrupts_after & 2), "sret after a trap finds interrupts as they were");
}

}  // namespace

void check_traps() {
  check_user_traps();
  check_supervisor_traps();
}

}  // namespace payload

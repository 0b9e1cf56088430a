// BASE, DBCN, TIME, and the legacy calls that belong to them.
#include "payload.hpp"

extern "C" std::uint64_t sbi_keeps_registers();

namespace payload {
namespace {

constexpr std::uint64_t ticks_per_wait = 2000;
constexpr std::uint64_t ticks_per_minute = 600'000'000;
constexpr std::uint64_t forever = ~std::uint64_t{0};

bool exists(std::uint64_t id) { return sbi(extension::base, 3, id).value != 0; }

bool timer_is_pending() {
  std::uint64_t pending;
  asm volatile("csrr %0, sip" : "=r"(pending));
  return (pending & timer_interrupt) != 0;
}

void wait_until(std::uint64_t deadline) {
  while (read_time() < deadline) {
  }
}

// Each extension's first function number that SBI 2.0 leaves free.
bool free_functions_are_refused() {
  struct Row {
    std::uint64_t extension, function;
  };
  constexpr Row rows[] = {{extension::base, 7},          {extension::time, 1},
                          {extension::ipi, 1},           {extension::remote_fence, 7},
                          {extension::hart_state, 4},    {extension::system_reset, 1},
                          {extension::debug_console, 3}, {extension::pmu, 8}};
  bool all = true;
  for (const Row& row : rows) {
    const Answer answer = sbi(row.extension, row.function);
    all = all && answer.error == error::not_supported;
  }
  return all;
}

void check_reset_errors() {
  constexpr std::uint64_t warm_reboot = 2, system_failure = 1, platform_specific = 0xf0000000;
  law(sbi(extension::system_reset, 0, warm_reboot + 1, 0).error == error::invalid_param &&
          sbi(extension::system_reset, 0, platform_specific, 0).error == error::invalid_param,
      "a reserved kind of reset, or a platform's own, is invalid");
  law(sbi(extension::system_reset, 0, 0, system_failure + 1).error == error::invalid_param,
      "and so is a reserved reason for one");
}

}  // namespace

void check_base() {
  law(sbi(extension::base, 0).value == 0x02000000, "the specification version is 2.0");
  law(sbi(extension::base, 1).error == 0 && sbi(extension::base, 2).error == 0,
      "the implementation has id and version");
  bool all = true;
  for (const std::uint64_t id :
       {extension::base, extension::time, extension::ipi, extension::remote_fence, extension::hart_state,
        extension::system_reset, extension::debug_console, extension::pmu}) {
    all = all && exists(id);
  }
  law(all, "BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN and PMU exist");
  bool legacy = true;
  for (std::uint64_t id = 0; id <= 8; ++id) legacy = legacy && exists(id);
  law(legacy, "the legacy extensions exist");
  law(!exists(0x12345678) && !exists(9), "other extensions do not");
  law(sbi(0x12345678, 0).error == error::not_supported, "a call to an unknown extension is not supported");
  law(free_functions_are_refused(), "no extension has a function that SBI leaves free");
  check_reset_errors();
  law(sbi(extension::base, 4).error == 0 && sbi(extension::base, 5).error == 0 &&
          sbi(extension::base, 6).error == 0,
      "machine ids can be read");
  law(sbi_keeps_registers() == 1, "a call keeps every register but a0 and a1");
}

void check_console() {
  static const char text[] = "ok: DBCN writes a buffer\n";
  const auto address = reinterpret_cast<std::uint64_t>(text);
  const Answer written = sbi(extension::debug_console, 0, sizeof text - 1, address, 0);
  law(written.error == 0 && written.value == sizeof text - 1, "and says how much");
  law(sbi(extension::debug_console, 0, 1, 0x7000'0000'0000, 0).error == error::invalid_param,
      "a buffer where no memory is, is an invalid parameter");
  law(sbi(extension::debug_console, 0, 1, address, 1).error == error::invalid_param,
      "a buffer beyond 64 bits is an invalid parameter");
  law(sbi(extension::debug_console, 2, '#').error == 0, "DBCN writes a byte (before this line)");
  static char input[4];
  const Answer read =
      sbi(extension::debug_console, 1, sizeof input, reinterpret_cast<std::uint64_t>(input), 0);
  law(read.error == 0 && read.value == 0, "DBCN reads nothing when nothing was typed");
  law(sbi(extension::debug_console, 1, 0, reinterpret_cast<std::uint64_t>(input), 0).error == 0,
      "and reads 0 bytes");
  law(sbi(2, 0).error == -1, "the legacy getchar says -1 when nothing was typed");
}

void check_timer() {
  const std::uint64_t first = read_time();
  wait_until(first + ticks_per_wait);
  law(read_time() >= first + ticks_per_wait, "time goes on");
  Traps& mine = traps_of(this_hart());
  sbi(extension::time, 0, read_time() + ticks_per_minute);
  law(!timer_is_pending(), "a deadline in the future is not pending");
  sbi(extension::time, 0, forever);
  enable_interrupts(timer_interrupt);
  const std::uint64_t deadline = read_time() + ticks_per_wait;
  sbi(extension::time, 0, deadline);
  while (mine.timer_interrupts == 0) {  // no wfi: the interrupt may come just before it
  }
  law(read_time() >= deadline && mine.timer_interrupts == 1,
      "the timer interrupt comes once, and not before its time");
  disable_interrupts();
  law(timer_is_pending(), "a passed deadline stays pending");
  sbi(extension::time, 0, forever);
  law(!timer_is_pending(), "setting the timer clears a pending interrupt");
  sbi(0, 0, read_time());
  wait_until(read_time() + ticks_per_wait);
  law(timer_is_pending(), "the legacy set_timer works");
  sbi(0, 0, forever);
}

}  // namespace payload

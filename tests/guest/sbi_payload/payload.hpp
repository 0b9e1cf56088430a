// An S-mode program that is a test of the firmware: calls every SBI function and looks at what comes back.
// Prints one line for each law ("ok: …" or "BROKEN: …") and ends the machine, with failure if a law is
// broken.
#pragma once

#include <atomic>
#include <cstdint>

namespace payload {

struct Answer {
  std::int64_t error;
  std::uint64_t value;
};

Answer sbi(std::uint64_t extension, std::uint64_t function, std::uint64_t a0 = 0, std::uint64_t a1 = 0,
           std::uint64_t a2 = 0, std::uint64_t a3 = 0, std::uint64_t a4 = 0);

namespace extension {
inline constexpr std::uint64_t base = 0x10, time = 0x54494d45, ipi = 0x735049, remote_fence = 0x52464e43,
                               hart_state = 0x48534d, system_reset = 0x53525354, debug_console = 0x4442434e,
                               pmu = 0x504d55;
}
namespace error {
inline constexpr std::int64_t success = 0, not_supported = -2, invalid_param = -3, invalid_address = -5,
                              already_available = -6, already_started = -7, already_stopped = -8,
                              no_shared_memory = -9;
}

void print(const char* text);
void law(bool holds, const char* sentence);
unsigned broken_laws();

// What this hart's trap vector has seen. Exceptions are skipped; interrupts are acknowledged and counted.
struct Traps {
  std::uint64_t cause = 0;
  std::uint64_t value = 0;
  std::uint64_t pc = 0;
  std::uint64_t exceptions = 0;
  std::atomic<std::uint64_t> timer_interrupts{0};
  std::atomic<std::uint64_t> software_interrupts{0};
  std::atomic<std::uint64_t> overflow_interrupts{0};  // LCOFI: masked from then on
};
Traps& traps_of(std::uint64_t hart_id);
std::uint64_t this_hart();

std::uint64_t read_time();

inline constexpr std::uint64_t software_interrupt = 1u << 1;
inline constexpr std::uint64_t timer_interrupt = 1u << 5;
void enable_interrupts(std::uint64_t mask);
void disable_interrupts();

// Sleeps for a moment: harts that only wait leave their host's processor to those that work.
void nap();

// Harts of this machine: ids 0 to count - 1 (found by HSM).
std::uint64_t hart_count();

// Other harts run `work(argument)` when told to.
void begin_work(std::uint64_t hart_id, void (*work)(std::uint64_t), std::uint64_t argument);
void finish_work(std::uint64_t hart_id);

void check_base();
void check_console();
void check_timer();
void check_interrupts_between_harts();
void check_hart_states();
void check_fences();
void check_traps();
void check_misaligned();
void check_performance_counters();
void check_counted_messages();

// Sv39: an identity gigapage for RAM, and `window_pages` pages at `window` that are mapped by hand.
inline constexpr std::uint64_t window = 0xc0000000;
inline constexpr unsigned window_pages = 512;
void map_window(unsigned page, const void* frame);  // nullptr: unmapped
void paging_on();
void paging_off();

}  // namespace payload

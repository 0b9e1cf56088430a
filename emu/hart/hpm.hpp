// Hardware performance monitoring (Zihpm, Sscofpmf): the events there are and how a hart's 29 counters follow them.
// docs/hpm-events.md says what each event counts.
//
// Nothing is counted for these counters' sake while the hart runs: an event is a figure that the hart keeps anyway, and a
// counter is the difference between two looks at it. Only what is known of each single instruction (the classes) is
// counted separately, and only while a counter asks for it; the machine then uses the observed engine.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat {

struct Hart;

namespace hpm {

// mhpmevent's low 16 bits. The numbers are an interface: docs/hpm-events.md.
enum class Event : std::uint16_t {
  none = 0x00,
  cycles = 0x01,
  instructions = 0x02,
  loads = 0x03,
  stores = 0x04,
  device_accesses = 0x05,
  misaligned_accesses = 0x06,
  failed_store_conditionals = 0x07,
  wfi_cycles = 0x08,
  itlb_misses = 0x10,
  dtlb_misses = 0x11,
  second_tlb_misses = 0x12,
  walks = 0x13,
  walk_reads = 0x14,
  walk_faults = 0x15,
  ad_updates = 0x16,
  exceptions = 0x20,
  fetch_page_faults = 0x21,
  load_page_faults = 0x22,
  store_page_faults = 0x23,
  access_faults = 0x24,
  illegal_instructions = 0x25,
  environment_calls = 0x26,
  breakpoints = 0x27,
  misaligned_traps = 0x28,
  interrupts = 0x30,
  software_interrupts = 0x31,
  timer_interrupts = 0x32,
  external_interrupts = 0x33,
  sfence_vma = 0x40,
  fence_i = 0x41,
  branch_mispredictions = 0x80,  // these three are 0 without a cycle model (follow_model)
  icache_misses = 0x81,
  dcache_misses = 0x82,
  dcache_accesses = 0x83,
  retired_by_unit = 0x100,  // + isa::Unit
  taken_branches = 0x140,
  control_transfers = 0x141,
};

inline constexpr unsigned first_model_event = 0x80, model_events = 3;
inline constexpr unsigned unit_slots = 0x40;  // by isa::Unit

// mhpmevent (Sscofpmf).
inline constexpr std::uint64_t OF = std::uint64_t{1} << 63, MINH = std::uint64_t{1} << 62;
inline constexpr std::uint64_t SINH = std::uint64_t{1} << 61, UINH = std::uint64_t{1} << 60;
inline constexpr std::uint64_t selector = 0xffff;

// Counters 3 to 31 stand at their numbers.
struct Counters {
  std::array<std::uint64_t, 32> event{};  // mhpmevent
  std::array<std::uint64_t, 32> value{};  // mhpmcounter when the event's figure was `base`
  std::array<std::uint64_t, 32> base{};
  std::uint32_t active = 0;                         // counters with an event, not inhibited
  bool each_instruction = false;                    // one of them counts a class of instructions
  std::uint64_t check_at = ~std::uint64_t{0};       // clock before which no counter can overflow
  std::array<std::uint64_t, unit_slots> retired{};  // by isa::Unit, while each_instruction
  std::uint64_t taken = 0;                          // branches
  // From Event::branch_mispredictions on: of the cycle model under which the hart runs, or null, and of those before it.
  std::array<const std::uint64_t*, model_events> model{};
  std::array<std::uint64_t, model_events> model_before{};
};

std::uint64_t read_counter(const Hart& hart, std::uint64_t now, unsigned counter);
void write_counter(Hart& hart, std::uint64_t now, unsigned counter, std::uint64_t value);
void write_event(Hart& hart, std::uint64_t now, unsigned counter, std::uint64_t value);
// mcountinhibit goes from `before` to what the hart's CSR holds.
void inhibit_changed(Hart& hart, std::uint64_t now);
// Before the hart's privilege changes: what was counted so far belongs to the old one.
void settle(Hart& hart, std::uint64_t now);
// At check_at or later: raises the overflow interrupt if one is due, and computes the next check_at.
void check_overflow(Hart& hart, std::uint64_t now);
// scountovf as seen from the hart's privilege.
std::uint64_t overflowed(const Hart& hart);
// A cycle model takes the hart over, or, with nulls, leaves it. Its figures must stay where they are meanwhile.
void follow_model(Counters& counters, const std::array<const std::uint64_t*, model_events>& figures);
// A class of instruction has retired.
void count_unit(Hart& hart, unsigned unit, std::uint64_t by);

}  // namespace hpm
}  // namespace hartbeat

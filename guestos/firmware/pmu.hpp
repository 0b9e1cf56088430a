// Performance monitoring: what the firmware keeps of each hart's counters for the SBI's PMU extension.
#pragma once

#include <array>
#include <cstdint>

#include "guestos/firmware/pmu_events.hpp"

namespace hartbeat::firmware {

// Codes of the SBI's firmware events (SBI 2.0, table 11.5). Not named here: access faults, which are delegated, and the
// fences of the hypervisor extension, which is not offered; they never come here to be counted.
enum class FirmwareEvent : std::uint32_t {
  misaligned_load = 0,
  misaligned_store = 1,
  illegal_instruction = 4,
  set_timer = 5,
  ipi_sent = 6,
  ipi_received = 7,
  fence_i_sent = 8,
  fence_i_received = 9,
  sfence_vma_sent = 10,
  sfence_vma_received = 11,
  sfence_vma_asid_sent = 12,
  sfence_vma_asid_received = 13,
};
inline constexpr unsigned firmware_events = 14;

inline constexpr unsigned hardware_counters = 32;
inline constexpr unsigned firmware_counters = 16;
inline constexpr unsigned pmu_counters = hardware_counters + firmware_counters;  // fits one 64-bit set

// Nothing is counted for a firmware counter's sake: each event counts, and a counter is the difference of two looks.
struct FirmwareCounter {
  std::uint32_t code = 0;
  std::uint64_t value = 0;  // when the event's count was `base`
  std::uint64_t base = 0;
};

struct PmuHart {
  std::array<std::uint64_t, firmware_events> happened{};
  std::uint64_t configured = 0;  // counters that have an event, by bit
  std::uint64_t started = 0;
  std::array<FirmwareCounter, firmware_counters> firmware{};
  std::uint64_t snapshot = 0;  // physical address of the shared memory, if has_snapshot
  bool has_snapshot = false;
  // Of the hart, found at its first call.
  bool probed = false;
  bool has_inhibit = false;                             // mcountinhibit
  bool has_filters = false;                             // Sscofpmf
  std::uint32_t implemented = 0;                        // hardware counters
  std::array<std::uint8_t, hardware_counters> width{};  // in bits

  void count(FirmwareEvent event) { ++happened[static_cast<unsigned>(event)]; }
};

}  // namespace hartbeat::firmware

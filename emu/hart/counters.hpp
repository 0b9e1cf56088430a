// What a hart counts as it runs, by itself and always. Each counter has its definition here and in docs/counters.md.
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/stall.hpp"

namespace hartbeat {

struct HartCounters {
  std::uint64_t instret = 0;                   // instructions retired (those that trap do not retire)
  std::uint64_t cycles = 0;                    // the hart's clock
  std::uint64_t wfi_cycles = 0;                // cycles of `cycles` spent asleep in wfi or wrs
  std::array<std::uint64_t, 24> exceptions{};  // traps taken by mcause/scause code
  std::array<std::uint64_t, 16> interrupts{};  // interrupts taken by code
  std::array<std::uint64_t, 4> instret_by_privilege{};  // index: U = 0, S = 1, M = 3
  std::array<std::uint64_t, 4> cycles_by_privilege{};
  std::uint64_t loads = 0, stores = 0;  // executed data accesses (AMO counts as one store)
  std::uint64_t device_accesses = 0;    // loads and stores that reached a device
  std::uint64_t misaligned = 0;         // loads and stores not naturally aligned
  std::uint64_t sfence_vma = 0, fence_i = 0;
  std::uint64_t sc_failed = 0;
  std::array<timing::StallCycles, 4> stalls{};  // under a cycle model: every cycle by privilege and cause
  std::uint64_t blocks_decoded = 0;  // decoded basic blocks made (an engine's figure, not the guest's)
};

}  // namespace hartbeat

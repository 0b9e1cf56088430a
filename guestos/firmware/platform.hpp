// What the firmware needs to know of the machine, as its device tree tells it.
#pragma once

#include <cstdint>
#include <optional>

#include "guestos/firmware/device_tree.hpp"
#include "guestos/firmware/layout.h"

namespace hartbeat::firmware {

inline constexpr unsigned max_harts = FIRMWARE_MAX_HARTS;
using HartMask = std::uint64_t;  // bit i: hart id i
static_assert(max_harts <= 64);

// The lowest hart of a mask that is not empty. (std::countr_zero would need libgcc: the firmware's base ISA
// has no ctz.)
constexpr unsigned lowest_hart(HartMask mask) {
  unsigned hart_id = 0;
  for (unsigned step = 32; step != 0; step /= 2) {
    if ((mask & ((HartMask{1} << step) - 1)) == 0) {
      mask >>= step;
      hart_id += step;
    }
  }
  return hart_id;
}

struct UartDescription {
  std::uint64_t address = 0;  // 0: there is none
  unsigned register_shift = 0;
  unsigned register_width = 1;  // bytes of one access
  std::uint32_t clock_hertz = 0;
};

struct Platform {
  HartMask harts = 0;
  // CLINT (or ACLINT): physical addresses of the arrays with one entry for each hart, by hart id; 0: missing.
  std::uint64_t msip = 0;      // 4 bytes each
  std::uint64_t mtimecmp = 0;  // 8 bytes each
  std::uint64_t mtime = 0;
  std::uint64_t finisher = 0;  // sifive,test; 0: missing
  UartDescription uart;
  // menvcfg.ADUE: the harts have Svadu and do not ask for Svade.
  bool hardware_updates_accessed_dirty = false;
  // /chosen/hartbeat,emulate-time: rdtime traps and is emulated even where the core could do it (for tests).
  bool emulate_time = false;
};

// pmu: the node of the performance counters, if there is one; to be read while the tree is there.
Platform read_platform(const DeviceTree& tree, std::optional<DeviceTree::Node>* pmu = nullptr);

}  // namespace hartbeat::firmware

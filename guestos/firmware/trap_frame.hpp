// The registers of S- or U-mode while the firmware runs on its behalf; trap_entry.S lays it out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guestos/firmware/layout.h"

namespace hartbeat::firmware {

struct TrapFrame {
  std::uint64_t x[32];  // x[0] is never read
  std::uint64_t mepc;
  std::uint64_t mstatus;  // restored at the return: changes of FS, MPP, … are made here
};
static_assert(sizeof(TrapFrame) == FIRMWARE_FRAME_SIZE);
static_assert(offsetof(TrapFrame, mepc) == FIRMWARE_FRAME_MEPC);
static_assert(offsetof(TrapFrame, mstatus) == FIRMWARE_FRAME_MSTATUS);

inline constexpr unsigned reg_a0 = 10;

}  // namespace hartbeat::firmware

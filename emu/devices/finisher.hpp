// SiFive's test finisher: a write ends the run (syscon-poweroff and syscon-reboot of the device tree).
#pragma once

#include <cstdint>

#include "emu/devices/board.hpp"

namespace hartbeat {

class Finisher {
 public:
  static constexpr PhysAddr base{0x10'0000};
  static constexpr std::uint64_t size = 0x1000;
  static constexpr std::uint32_t fail = 0x3333, pass = 0x5555, reset = 0x7777;

  explicit Finisher(Board& board) : board_(board) {}

  bool read(std::uint64_t, unsigned, Cycle, std::uint64_t& value) {
    value = 0;
    return true;
  }
  // Bits 15:0 are the command; for `fail`, bits 31:16 are the exit status (0 counts as 1: a failure is never
  // a success).
  bool write(std::uint64_t offset, unsigned, std::uint64_t value, Cycle) {
    if (offset != 0) return true;
    const auto code = static_cast<int>((value >> 16) & 0xffff);
    switch (value & 0xffff) {
      case fail: board_.power_off(code == 0 ? 1 : code); break;
      case pass: board_.power_off(0); break;
      case reset: board_.reset(); break;
      default: break;
    }
    return true;
  }

 private:
  Board& board_;
};

}  // namespace hartbeat

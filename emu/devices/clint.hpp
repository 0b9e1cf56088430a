// CLINT (ACLINT MSWI + MTIMER, and SSWI beside it): software interrupts and the timer of every hart.
// RISC-V ACLINT specification 1.0; addresses as on QEMU's virt board with aclint=on.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/devices/board.hpp"
#include "emu/devices/clock.hpp"

namespace hartbeat {

class Clint {
 public:
  static constexpr PhysAddr base{0x200'0000};
  static constexpr std::uint64_t size = 0x1'0000;
  static constexpr std::uint64_t mtimecmp_offset = 0x4000;
  static constexpr std::uint64_t mtime_offset = 0xbff8;
  static constexpr unsigned ssip = 1, msip = 3, mtip = 7;  // bits of mip

  // mtime advances by timebase_hz / clock_hz per cycle of the core clock; both are at least 1.
  Clint(unsigned harts, std::uint64_t timebase_hz, std::uint64_t clock_hz, Board& board);

  bool read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value);
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now);

  std::uint64_t mtime(Cycle now) const { return ratio_.ticks(now) + mtime_offset_; }

  // The first cycle at which mtime, still below `time`, reaches it; `never` when that is beyond the end of
  // time.
  Cycle cycle_of(std::uint64_t time) const { return ratio_.first_cycle(time - mtime_offset_); }

  // When the next timer reaches its compare value; `never` when none will.
  Cycle next_event() const { return next_event_; }
  // Raises MTIP of every hart whose compare value has been reached at `now`.
  void advance(Cycle now);

 private:
  void arm(unsigned hart, Cycle now);  // new level of MTIP, and when it will rise
  void find_next_event();
  void set_msip(unsigned hart, bool level);

  struct Timer {
    std::uint64_t compare = ~std::uint64_t{0};
    Cycle due = never;  // when MTIP rises; `never` while it is high already
    bool pending = false;
  };
  ClockRatio ratio_;
  std::uint64_t mtime_offset_ = 0;  // what software has added to mtime by writing it (wraps)
  std::vector<Timer> timers_;
  std::vector<bool> msip_;
  Cycle next_event_ = never;
  Board& board_;
};

// ACLINT SSWI: a write of 1 to a hart's register raises its SSIP; the register reads as 0 and SSIP is cleared
// by the hart itself (ACLINT specification, chapter 4).
class Sswi {
 public:
  static constexpr PhysAddr base{0x2f0'0000};
  static constexpr std::uint64_t size = 0x4000;

  Sswi(unsigned harts, Board& board) : harts_(harts), board_(board) {}
  bool read(std::uint64_t, unsigned size, Cycle, std::uint64_t& value) {
    value = 0;
    return size == 4;
  }
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle) {
    if (size != 4) return false;
    const std::uint64_t hart = offset / 4;
    if (hart < harts_ && (value & 1) != 0) {
      board_.set_interrupt(HartId{static_cast<std::uint32_t>(hart)}, Clint::ssip, true);
    }
    return true;
  }

 private:
  unsigned harts_;
  Board& board_;
};

}  // namespace hartbeat

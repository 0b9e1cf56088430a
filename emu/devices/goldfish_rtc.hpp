// Goldfish real-time clock (Android emulator; binding google,goldfish-rtc): nanoseconds since 1970, and one
// alarm. Its epoch is a configuration value and it advances with guest time, so two runs see the same dates.
#pragma once

#include <cstdint>

#include "emu/devices/board.hpp"
#include "emu/devices/clock.hpp"
#include "emu/devices/plic.hpp"

namespace hartbeat {

class GoldfishRtc {
 public:
  static constexpr PhysAddr base{0x10'1000};
  static constexpr std::uint64_t size = 0x1000;
  static constexpr unsigned interrupt = 11;

  // epoch_seconds: the time at cycle 0.
  GoldfishRtc(std::uint64_t epoch_seconds, std::uint64_t clock_hz, InterruptLine line, Board& board);

  bool read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value);
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now);
  Cycle next_event() const { return due_; }
  void advance(Cycle now);

 private:
  std::uint64_t nanoseconds(Cycle now) const { return ratio_.ticks(now) + offset_; }
  void arm(Cycle now);

  ClockRatio ratio_;
  std::uint64_t offset_;
  std::uint64_t alarm_ = 0;
  std::uint32_t time_high_ = 0, alarm_high_ = 0, set_high_ = 0;  // latches: the halves of 64-bit values
  bool armed_ = false, pending_ = false, enabled_ = false;
  Cycle due_ = never;
  InterruptLine line_;
  Board& board_;
};

}  // namespace hartbeat

// The machine's wall clock: how core cycles turn into timebase ticks and nanoseconds, exactly.
#pragma once

#include <cstdint>
#include <numeric>

#include "emu/timing/cycle.hpp"

namespace hartbeat {

// ticks = floor(cycles * ticks_hz / clock_hz), without rounding error at any length of run.
class ClockRatio {
 public:
  ClockRatio(std::uint64_t ticks_hz, std::uint64_t clock_hz)
      : numerator_(ticks_hz / std::gcd(ticks_hz, clock_hz)),
        denominator_(clock_hz / std::gcd(ticks_hz, clock_hz)) {}

  std::uint64_t ticks(Cycle cycle) const {
    if (denominator_ == 1 && numerator_ == 1) return cycle.value;
    if (numerator_ == 1) return cycle.value / denominator_;
    return static_cast<std::uint64_t>(static_cast<Wide>(cycle.value) * numerator_ / denominator_);
  }

  // The first cycle at which ticks() is at least `ticks`; `never` when that is beyond the end of time.
  Cycle first_cycle(std::uint64_t ticks) const {
    const Wide cycle = (static_cast<Wide>(ticks) * denominator_ + numerator_ - 1) / numerator_;
    return cycle >= never.value ? never : Cycle{static_cast<std::uint64_t>(cycle)};
  }

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t numerator_;
  std::uint64_t denominator_;
};

}  // namespace hartbeat

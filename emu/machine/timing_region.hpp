// Regions of interest: where in a run the cycle model begins and ends. Functional before, warming up for a stretch,
// cycle-accurate inside, functional after.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "emu/hart/events.hpp"

namespace hartbeat {

class System;

// A moment of a run.
struct TimingPoint {
  enum class Kind : std::uint8_t {
    none,     // --timing-from: reset; --timing-to: the end of the run
    instret,  // a hart has retired `value` instructions
    cycle,    // a hart's clock has reached `value`
    symbol,   // a hart is about to execute the instruction at `value`
    hint,     // a hart has executed the guest tracepoint `value`
    user,     // a hart is about to execute its first instruction in U-mode
  };
  Kind kind = Kind::none;
  std::uint64_t value = 0;
};

// "instret:N", "cycle:N", "symbol:NAME" (then `symbol_name`, whose address is not known here), "hint:N", "event:user".
// Throws UserError, beginning with `option`.
TimingPoint parse_timing_point(const std::string& text, const std::string& option, std::string& symbol_name);

struct TimingRegion {
  TimingPoint from, to;
  std::uint64_t warm = 0;  // instructions, of the hart that gets there first, under the model but not counted
};

enum class TimingPart : std::uint8_t { before, warming, inside, after };
inline constexpr std::array<const char*, 4> timing_part_names = {"functional before", "warming",
                                                                 "cycle-accurate", "functional after"};

// What the harts did in one part, summed.
struct TimingPartFigures {
  std::uint64_t instret = 0, cycles = 0;
};

// Ends the engine's turn (Stop::engine) when the armed point is reached.
class RegionWatch final : public Listener {
 public:
  RegionWatch(System& system, const TimingRegion& region) : system_(system), region_(region) {}

  void arm(const TimingPoint& point) {
    point_ = point;
    reached_ = false;
  }
  bool reached() const { return reached_; }

  Wants wants() const override;
  void on(const TrapReturnEvent& event) override;
  void on(const TracepointEvent& event) override;
  void on(const RetireEvent& event) override;

 private:
  void reach();

  System& system_;
  TimingRegion region_;
  TimingPoint point_;
  bool reached_ = false;
};

}  // namespace hartbeat

// One line about a run under way, for people who wait at a terminal. It is about the host's time, and no result.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "emu/machine/machine.hpp"

namespace hartbeat::cli {

class StatusLine {
 public:
  // Shows nothing unless `wanted` and standard error is a terminal.
  explicit StatusLine(bool wanted);
  ~StatusLine() { erase(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Every few million cycles. Draws twice a second, from the second second on.
  void update(Machine& machine);
  // Before guest output. A line that the guest has begun, such as a prompt, stays alone until it ends it.
  void make_way(bool ends_line) {
    erase();
    line_is_free_ = ends_line;
  }
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  struct Look {
    std::uint64_t instret = 0, cycles = 0, furthest = 0, asleep = 0;
  };
  std::string text(Machine& machine, double seconds);

  bool wanted_;
  bool drawn_ = false, line_is_free_ = true;
  Clock::time_point began_ = Clock::now(), last_ = began_;
  Look before_;
};

}  // namespace hartbeat::cli

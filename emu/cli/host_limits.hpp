// What the host may stop a run for: a signal, or the time that the user has allowed.
#pragma once

#include <chrono>
#include <optional>

namespace hartbeat::cli {

// While it lives, SIGINT and SIGTERM ask the run to end in good order; a second one kills the program.
class HostLimits {
 public:
  explicit HostLimits(std::optional<double> timeout_seconds);
  ~HostLimits();
  HostLimits(const HostLimits&) = delete;
  HostLimits& operator=(const HostLimits&) = delete;

  bool interrupted() const;
  bool timed_out() const;
  bool reached() const { return interrupted() || timed_out(); }

 private:
  std::optional<std::chrono::steady_clock::time_point> end_;
};

}  // namespace hartbeat::cli

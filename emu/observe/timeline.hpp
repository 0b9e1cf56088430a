// What each hart did when, as spans: processes on it, forks, faults, shootdowns. For the picture in the HTML
// report; the traces have everything.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

struct TimelineSpan {
  const char* kind = "";  // process, fault, fork, shootdown
  std::uint64_t hart = 0, begin = 0, end = 0, pid = 0;
  std::string name;
};

class Timeline final : public Listener {
 public:
  // Keeps at most so many spans of each kind. 0: listens to nothing.
  explicit Timeline(std::size_t most) : most_(most) {}

  Wants wants() const override { return {.tracepoints = most_ != 0}; }
  void on(const TracepointEvent& event) override;
  // The run is over, with this many cycles.
  void finish(std::uint64_t end);

  const std::vector<TimelineSpan>& spans() const { return spans_; }  // in the order of their ends
  std::uint64_t left_out() const { return left_out_; }

 private:
  void begin(const char* kind, const TracepointEvent& event, std::uint64_t key = 0);
  void end(const char* kind, const TracepointEvent& event, std::string name, std::uint64_t key = 0);
  void keep(TimelineSpan span);

  using Key = std::tuple<std::string, std::uint64_t, std::uint64_t>;  // kind, first argument, key
  std::size_t most_;
  ProcessFamily family_;
  std::map<std::uint64_t, TimelineSpan> running_;  // by hart
  std::map<Key, std::uint64_t> open_;              // cycle of the begin
  std::map<std::string, std::size_t> kept_;
  std::vector<TimelineSpan> spans_;
  std::uint64_t left_out_ = 0;
};

}  // namespace hartbeat::observe

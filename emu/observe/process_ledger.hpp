// Who ran where: hands each hart's counters to the process that the guest kernel says is running there, so
// that the processes' figures add up to the harts'.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emu/hart/events.hpp"
#include "emu/observe/figures.hpp"
#include "emu/observe/open_spans.hpp"

namespace hartbeat::observe {

struct ProcessFigures {
  enum class Kind : std::uint8_t { boot, kernel, process };  // before the first switch; pid 0; a real one

  Kind kind = Kind::process;
  std::uint64_t pid = 0;
  std::optional<std::uint64_t> parent;
  std::string name;                          // of the program it executes
  std::optional<std::uint64_t> wait_status;  // as wait4 gives it, once it has ended
  HartFigures ran;
  FaultFigures faults;
  CopyFigures copies;
  ForkFigures forks;  // that it made as parent
  std::uint64_t system_calls = 0;
  std::uint64_t shootdowns = 0;  // initiated, with at least one other hart as target
};

class ProcessLedger final : public Listener {
 public:
  explicit ProcessLedger(std::vector<HartView> harts);

  Wants wants() const override { return {.tracepoints = true}; }
  void on(const TracepointEvent& event) override;

  // The run is over: hands out what the harts have counted since their last switch.
  void finish();

  // First what ran before any process, then processes in the order in which they appeared. A pid may appear
  // again when the kernel reuses numbers.
  const std::vector<ProcessFigures>& processes() const { return processes_; }

 private:
  struct Running {
    std::size_t process = 0;  // index into processes_
    HartFigures since;        // the hart's counters when it began
  };

  std::size_t index_of(std::uint64_t pid);
  std::size_t add(std::uint64_t pid);
  void settle(std::size_t hart);
  void switch_to(const TracepointEvent& event);
  void set_name(const TracepointEvent& event);
  void end_fork(const TracepointEvent& event);
  void end_fault(const TracepointEvent& event);
  void end_copy(const TracepointEvent& event);

  std::vector<HartView> harts_;
  std::vector<Running> running_;  // by hart
  std::vector<ProcessFigures> processes_;
  std::map<std::uint64_t, std::size_t> latest_;  // pid to index
  OpenSpans faults_, copies_, forks_;
};

}  // namespace hartbeat::observe

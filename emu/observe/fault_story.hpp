// Follows every page fault from the trap to the return: the hardware's half (trap, walk) joined with the
// kernel's (tracepoints). Hands each finished one on; keeps none.
#pragma once

#include <functional>
#include <vector>

#include "emu/observe/fault_record.hpp"
#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

class FaultStory final : public Listener {
 public:
  using Finished = std::function<void(const FaultRecord&)>;
  explicit FaultStory(Finished finished) : finished_(std::move(finished)) {}

  Wants wants() const override { return {.traps = true, .fences = true, .tracepoints = true}; }
  void on(const TrapEvent& event) override;
  void on(const TrapReturnEvent& event) override;
  void on(const FenceEvent& event) override;
  void on(const TracepointEvent& event) override;

  // The run is over: hands on what is still open.
  void finish();

  const ProcessFamily& family() const { return family_; }

 private:
  struct PerHart {
    std::optional<FaultRecord> trapped;    // no tracepoint about it yet
    std::optional<FaultRecord> returning;  // resolved; not back yet
  };

  PerHart& hart(HartId id);
  // The open fault of this process at this address, on this hart if there is one.
  FaultRecord* find(HartId hart, std::uint64_t process, VirtAddr address);
  FaultRecord* running_fault(const EventSite& site);
  void begin(const TracepointEvent& event);
  void decide(const TracepointEvent& event);
  void begin_copy(const TracepointEvent& event);
  void end_copy(const TracepointEvent& event);
  void end(const TracepointEvent& event);
  void shoot(const TracepointEvent& event);
  void leave(HartId id, Cycle at);
  void drop(const TracepointEvent& event);

  Finished finished_;
  ProcessFamily family_;
  std::uint64_t faults_ = 0, copies_ = 0;
  std::vector<PerHart> harts_;
  std::vector<FaultRecord> open_;  // a handful: one per thread inside the kernel
};

}  // namespace hartbeat::observe

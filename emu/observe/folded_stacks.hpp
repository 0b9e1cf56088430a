// --trace folded[-COST]: call stacks with what was spent in them, a line each, as flame graph programs read them.
#pragma once

#include <memory>

#include "emu/observe/call_stacks.hpp"
#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

// A trace that only counts, and writes at the end.
class StackTrace : public Trace {
 public:
  StackTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
      : stacks_(context), output_(std::move(output)) {}

  Wants wants() const override { return stacks_.wants(); }
  void on(const TrapEvent& event) override { stacks_.on(event); }
  void on(const TrapReturnEvent& event) override { stacks_.on(event); }
  void on(const WalkEvent& event) override { stacks_.on(event); }
  void on(const TracepointEvent& event) override { stacks_.on(event); }
  void on(const RetireEvent& event) override { stacks_.on(event); }

 protected:
  CallStacks stacks_;
  std::unique_ptr<TraceOutput> output_;
};

class FoldedStacks final : public StackTrace {
 public:
  FoldedStacks(const TraceContext& context, std::unique_ptr<TraceOutput> output, Cost cost)
      : StackTrace(context, std::move(output)), cost_(cost) {}
  bool finish() override;

 private:
  Cost cost_;
};

}  // namespace hartbeat::observe

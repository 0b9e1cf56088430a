// --trace rvfi: records with the signals of the RISC-V Formal Interface, one JSON object a line (docs/traces.md).
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "emu/observe/trace.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe {

class RvfiTrace final : public Trace {
 public:
  RvfiTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
      : harts_(context.harts), output_(std::move(output)) {}

  Wants wants() const override { return {.traps = true, .retired = true}; }
  void on(const TrapEvent& event) override;
  void on(const RetireEvent& event) override;
  void skipped(const RetireEvent& event) override;
  bool finish() override { return output_->flush(); }

 private:
  struct Hart {
    std::uint64_t order = 0;
    std::array<std::uint64_t, 32> x{};
    std::uint32_t known = 1;  // bit by register: its value has been seen
    bool handler = false;     // the next instruction is a trap handler's first
  };
  static void note(Hart& hart, const RetireEvent& event);

  std::vector<Hart> harts_;
  std::unique_ptr<TraceOutput> output_;
};

}  // namespace hartbeat::observe

// --trace text: each retired instruction for people, with its disassembly, symbol, process and effects, and what happened
// between them. docs/traces.md has the grammar.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emu/observe/guest_places.hpp"
#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

class TextTrace final : public Trace {
 public:
  TextTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output);

  Wants wants() const override {
    return {.traps = true, .walks = true, .fences = true, .ipis = true, .tracepoints = true, .retired = true};
  }
  void on(const TrapEvent& event) override;
  void on(const TrapReturnEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const FenceEvent& event) override;
  void on(const IpiEvent& event) override;
  void on(const TracepointEvent& event) override;
  void on(const RetireEvent& event) override;
  bool finish() override { return output_->flush(); }

 private:
  struct Disassembly {
    std::uint64_t pc = ~std::uint64_t{0};
    std::uint32_t bits = 0;
    std::string text;
  };
  std::string head(const EventSite& site);
  void event_line(const EventSite& site, const std::string& text);
  const std::string& disassembly(std::uint64_t pc, std::uint32_t bits);

  GuestPlaces places_;
  isa::ExtensionSet extensions_;
  std::unique_ptr<TraceOutput> output_;
  std::vector<Disassembly> disassemblies_;
};

}  // namespace hartbeat::observe

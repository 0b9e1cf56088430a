// --trace kanata: pipeline stages in Kanata's format, version 4, for the viewer Konata (docs/traces.md).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emu/observe/guest_places.hpp"
#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

class KanataTrace final : public Trace {
 public:
  KanataTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output);

  Wants wants() const override {
    return {
        .traps = true, .walks = true, .ipis = true, .tracepoints = true, .retired = true, .commits = true};
  }
  void on(const TrapEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const IpiEvent& event) override;
  void on(const TracepointEvent& event) override { places_.hear(event); }
  void on(const RetireEvent& event) override;
  void on(const CommitEvent& event) override;
  void on(const ModelEvent& event) override { modelled_ = event.on; }
  bool finish() override;

 private:
  struct WalkLevel {
    unsigned level = 0;
    std::string label;
  };
  struct InFlight {
    std::uint64_t id = 0, issue = 0;
    bool trapped = false;
    std::vector<WalkLevel> walk;
  };
  struct Ipi {
    std::uint64_t id = 0;
    HartId from, to;
  };

  InFlight begin(const EventSite& site, const std::string& text);
  void stage(std::uint64_t id, unsigned lane, std::string_view name, std::uint64_t from, std::uint64_t to);
  void walk_stages(const InFlight& instruction, std::uint64_t commit);
  // A line of that cycle, made of texts and numbers.
  template <class... Parts>
  void command(std::uint64_t cycle, const Parts&... parts);
  // The text of a cycle that may still grow; what no later event can come before is written.
  std::string& text_at(std::uint64_t cycle);
  // Writes the cycles before this one.
  void settle(std::uint64_t cycle);

  GuestPlaces places_;
  isa::ExtensionSet extensions_;
  std::unique_ptr<TraceOutput> output_;
  bool modelled_ = true;                         // else there is no pipeline to show
  std::vector<std::deque<InFlight>> in_flight_;  // by hart, oldest first
  std::vector<std::vector<WalkLevel>> walked_;   // by hart: for the next instruction
  std::vector<Ipi> ipis_;                        // sent, not taken
  std::vector<std::string> pending_;             // the commands of the cycles from first_ on, in a ring
  std::uint64_t first_ = 0, behind_last_ = 0;    // cycles
  std::uint64_t next_id_ = 0, next_retired_ = 0;
  std::uint64_t now_ = 0;  // written last
  bool begun_ = false;
};

}  // namespace hartbeat::observe

// TLB shootdowns, from the initiating hart's first step to its resumption: who was interrupted, who held the
// translation at all, and where the cycles went.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "emu/hart/events.hpp"
#include "emu/observe/distribution.hpp"

namespace hartbeat::observe {

// The steps between seven moments of a shootdown's slowest target; they add up to its latency exactly:
// begin -send-> IPI raised -deliver-> trap taken -enter-> about to fence -fence-> fenced -acknowledge->
// acknowledged -resume-> end. A moment that nobody reported coincides with the next one.
inline constexpr std::array<std::string_view, 6> shootdown_phases = {"send",  "deliver",     "enter",
                                                                     "fence", "acknowledge", "resume"};
using ShootdownCycles = std::array<std::uint64_t, shootdown_phases.size()>;

struct ShootdownTarget {
  std::uint64_t hart = 0;
  std::uint64_t removed = 0;  // TLB entries; 0: it was asked in vain
  std::uint64_t busy = 0;     // cycles from its trap, or its look at the request, to its acknowledgement
};

// One shootdown of at least one other hart.
struct ShootdownRecord {
  std::uint64_t id = 0, process = 0;
  std::uint64_t initiator = 0;         // hart
  std::uint64_t first = 0, pages = 0;  // ~0 and 0: the whole address space
  std::uint64_t begin = 0;             // cycle
  std::uint64_t slowest = 0;           // hart whose phases these are
  ShootdownCycles phases{};
  std::vector<ShootdownTarget> targets;
};

struct ShootdownFigures {
  std::uint64_t initiated = 0;      // with at least one other hart as target
  std::uint64_t avoided = 0;        // no other hart could hold the translation: no IPI
  std::uint64_t targets = 0;        // harts asked, summed over the shootdowns
  std::uint64_t ipis_sent = 0;      // software interrupts raised for a target while its shootdown was open
  std::uint64_t ipis_received = 0;  // targets that took the interrupt, or noticed the request before it
  std::uint64_t acknowledged = 0;   // targets that acknowledged
  std::uint64_t wasted = 0;         // targets whose fence found no entry to remove
  std::uint64_t latency = 0;        // cycles from begin to end, summed
  std::uint64_t latency_most = 0;
  std::uint64_t completed = 0;      // shootdowns whose end was seen
  std::uint64_t target_cycles = 0;  // that targets spent on it, from trap to acknowledgement, summed
  std::uint64_t wasted_cycles = 0;  // part of those, of targets whose fence found nothing
  ShootdownCycles phases{};         // parts of `latency`
  Distribution latencies;
  std::array<Distribution, shootdown_phases.size()> phase_spread;
  std::vector<ShootdownRecord> events;  // the first ones
};

class ShootdownStory final : public Listener {
 public:
  // Keeps at most so many one by one.
  explicit ShootdownStory(std::size_t most_events = 0) : most_events_(most_events) {}

  Wants wants() const override { return {.traps = true, .fences = true, .ipis = true, .tracepoints = true}; }
  void on(const TracepointEvent& event) override;
  void on(const IpiEvent& event) override;
  void on(const TrapEvent& event) override;
  void on(const FenceEvent& event) override;

  const ShootdownFigures& figures() const { return figures_; }

 private:
  struct Target {
    HartId hart;
    std::optional<Cycle> raised = {}, trapped = {}, fencing = {}, fenced = {}, acknowledged = {};
    bool received = false;
    unsigned removed = 0;
    std::uint64_t busy = 0;
  };
  struct Open {
    std::uint64_t id = 0, process = 0, first = 0, pages = 0;
    HartId initiator;
    Cycle begin;
    std::vector<Target> targets;
  };

  void begin(const TracepointEvent& event);
  void about_to_fence(const TracepointEvent& event);
  void acknowledge(const TracepointEvent& event);
  void end(const TracepointEvent& event);
  void add_latency(const Open& open, Cycle end);
  // The target `hart` of the shootdown `id`; of any for id 0, the lowest initiator first, as the firmware
  // serves them. Only targets that `suits`.
  template <class Suits>
  Target* find(std::uint64_t id, HartId hart, Suits suits);
  void receive(Target& target);
  void close(Target& target, Cycle at);
  void keep(const Open& open, const Target& slowest, const ShootdownCycles& phases);

  std::size_t most_events_;
  ShootdownFigures figures_;
  bool fences_are_told_ = false;  // there has been a shootdown_fence
  std::vector<Open> open_;        // by ascending initiator
};

}  // namespace hartbeat::observe

// --trace perfetto: a timeline in Chrome's JSON trace format, for ui.perfetto.dev (docs/traces.md). One nanosecond is one
// cycle.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "emu/observe/guest_places.hpp"
#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

class PerfettoTrace final : public Trace {
 public:
  PerfettoTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output);

  Wants wants() const override {
    return {.traps = true, .walks = true, .fences = true, .ipis = true, .tracepoints = true};
  }
  void on(const TrapEvent& event) override;
  void on(const TrapReturnEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const FenceEvent& event) override;
  void on(const IpiEvent& event) override;
  void on(const TracepointEvent& event) override;
  bool finish() override;

 private:
  // The groups of tracks ("processes" of the format).
  enum class Group : std::uint16_t { harts = 1, walkers = 2, memory = 3, ipis = 4, first_process = 1000 };
  struct Lane {             // a hart
    bool runs = false;      // a span with a process's name is open
    unsigned handlers = 0;  // open spans of traps
    std::uint64_t counted_cycle = 0, counted_instret = 0;
    TlbOccupancy held;
    std::vector<std::uint64_t> arriving;  // flows of IPIs that it has not taken
  };
  struct Flush {  // a shootdown under way
    HartId from;
    std::uint64_t waiting = 0;                // harts that have not acknowledged
    std::vector<std::uint64_t> acknowledged;  // flows back
  };
  using Track = std::pair<std::uint64_t, std::uint64_t>;  // group, number

  void record(char phase, Track track, std::uint64_t cycle, const std::string& name,
              const std::string& more = "");
  void span_begin(Track track, std::uint64_t cycle, const std::string& name,
                  const std::string& arguments = "");
  void span_end(Track track, std::uint64_t cycle, const std::string& arguments = "");
  void flow(bool begin, Track track, std::uint64_t cycle, std::uint64_t id, const std::string& name);
  void name_track(Track track, const std::string& group, const std::string& name);
  void count_ipc(const EventSite& site);
  void count_tlbs(const EventSite& site, const TlbOccupancy& held);
  void switch_to(const TracepointEvent& event);
  void process_span(const TracepointEvent& event);
  void shootdown_begins(const TracepointEvent& event);
  void acknowledge(const TracepointEvent& event);
  void shootdown_ends(const TracepointEvent& event);
  // Perfetto takes a thread 0 for another name of its process's first thread: tracks are counted from 1.
  static Track track_of(Group group, std::uint64_t number, std::uint64_t pid = 0) {
    return {static_cast<std::uint64_t>(group) + pid, number};
  }
  static Track hart_track(HartId hart) { return track_of(Group::harts, hart.value + 1); }
  static Track walker_track(HartId hart) { return track_of(Group::walkers, hart.value + 1); }
  static Track ipi_track(HartId from) { return track_of(Group::ipis, from.value + 1); }
  Track process_track(const TracepointEvent& event);

  GuestPlaces places_;
  std::unique_ptr<TraceOutput> output_;
  bool first_ = true;
  std::uint64_t last_cycle_ = 0, next_flow_ = 1;
  std::vector<Lane> lanes_;
  std::map<Track, unsigned> open_;  // spans by track
  std::set<Track> named_;
  std::map<Track, std::string>
      processes_;  // by thread: named at the end, because names come later than threads
  std::map<std::uint64_t, Flush> flushes_;  // by number
};

}  // namespace hartbeat::observe

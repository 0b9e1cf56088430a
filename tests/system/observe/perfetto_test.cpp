// The timeline's counters, against values that the events say by themselves.
#include "emu/observe/perfetto.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

using Point = std::pair<double, double>;  // cycle, value

// A timeline that is written to a file which nobody sees.
class Timeline {
 public:
  explicit Timeline(unsigned harts) : file_(std::tmpfile()) {
    observe::TraceContext context;
    context.program = "a.out";
    context.harts = harts;
    trace = std::make_unique<observe::PerfettoTrace>(
        context, std::make_unique<observe::TraceOutput>(fileno(file_), "timeline",
                                                        [](const std::string& text) { FAIL(text); }));
  }
  ~Timeline() { std::fclose(file_); }

  std::map<std::string, std::vector<Point>> counters() {
    CHECK(trace->finish());
    std::rewind(file_);
    const auto document = nlohmann::json::parse(file_);
    std::map<std::string, std::vector<Point>> result;
    for (const auto& event : document["traceEvents"]) {
      if (event["ph"] != "C") continue;
      const double cycle = event["ts"].get<double>() * 1000;
      result[event["name"]].emplace_back(std::round(cycle), event["args"].begin().value().get<double>());
    }
    return result;
  }

  std::unique_ptr<observe::PerfettoTrace> trace;

 private:
  std::FILE* file_;
};

WalkEvent walk(std::uint32_t hart, std::uint64_t cycle, TlbOccupancy held) {
  static const mmu::Walk nothing;
  return {site(hart, cycle), VirtAddr{0x1000}, mmu::Access::load, &nothing, held};
}

}  // namespace

TEST_CASE("The timeline's TLB counters are what walks and fences leave behind, told when they change") {
  Timeline timeline(2);
  timeline.trace->on(walk(1, 10, {.instruction = 1, .data = 0, .second_level = 1}));
  timeline.trace->on(walk(1, 20, {.instruction = 1, .data = 1, .second_level = 2}));
  timeline.trace->on(walk(1, 30, {.instruction = 1, .data = 1, .second_level = 2}));
  FenceEvent fence;
  fence.site = site(1, 40);
  fence.removed = 4;
  timeline.trace->on(fence);
  const auto counters = timeline.counters();
  CHECK(counters.at("I-TLB entries hart 1") == std::vector<Point>{{10, 1}, {40, 0}});
  CHECK(counters.at("D-TLB entries hart 1") == std::vector<Point>{{20, 1}, {40, 0}});
  CHECK(counters.at("L2 TLB entries hart 1") == std::vector<Point>{{10, 1}, {20, 2}, {40, 0}});
  CHECK(counters.size() == 3);  // nothing of the hart that did nothing
}

TEST_CASE("The timeline's IPC is instructions by cycles since the point before") {
  Timeline timeline(1);
  for (const auto& [cycle, instret] : {std::pair{2000u, 500u}, {2400u, 900u}, {4000u, 2500u}}) {
    TrapReturnEvent event;
    event.site = site(0, cycle);
    event.site.instret = instret;
    timeline.trace->on(event);
  }
  // From 0: 500 in 2000. 400 cycles are no interval yet. From 2000: 2000 in 2000.
  CHECK(timeline.counters().at("IPC hart 0") == std::vector<Point>{{0, 0.25}, {2000, 1}});
}

TEST_CASE("The timeline's frames by state are the kernel's") {
  Timeline timeline(1);
  timeline.trace->on(tracepoint(abi::Tracepoint::frames, 0, 5, {100, 20, 3, 4, 5, 6}));
  timeline.trace->on(tracepoint(abi::Tracepoint::frames, 0, 9, {90, 20, 13, 4, 5, 6}));
  const auto counters = timeline.counters();
  CHECK(counters.at("free frames") == std::vector<Point>{{5, 100}, {9, 90}});
  CHECK(counters.at("CoW shared frames") == std::vector<Point>{{5, 3}, {9, 13}});
  CHECK(counters.at("kernel frames") == std::vector<Point>{{5, 6}, {9, 6}});
}

// What the pictures by time are drawn from: spans, and walks by region.
#include <catch2/catch.hpp>

#include "emu/observe/timeline.hpp"
#include "emu/observe/tlb_map.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;

namespace {

using enum abi::Tracepoint;

void walk(TlbMap& map, std::uint64_t cycle, std::uint64_t address, std::uint64_t satp = 1,
          mmu::Fault fault = mmu::Fault::none) {
  mmu::Walk walked;
  walked.fault = fault;
  WalkEvent event;
  event.site = site(0, cycle);
  event.site.satp = satp;
  event.address = {address};
  event.walk = &walked;
  map.on(event);
}

}  // namespace

TEST_CASE("A process's span lasts from its switch to the next one on that hart, the last to the end") {
  Timeline timeline(10);
  timeline.on(tracepoint(process_switch, 0, 100, {1}));
  timeline.on(process_named(1, "one"));
  timeline.on(tracepoint(process_switch, 1, 120, {2}));
  timeline.on(tracepoint(process_switch, 0, 150, {0}));
  timeline.finish(200);
  const auto& spans = timeline.spans();
  REQUIRE(spans.size() == 2);
  CHECK((spans[0].hart == 0 && spans[0].begin == 100 && spans[0].end == 150 && spans[0].name == "one"));
  CHECK((spans[1].hart == 1 && spans[1].begin == 120 && spans[1].end == 200 && spans[1].pid == 2));
}

TEST_CASE("Faults and forks are spans that end on the hart where they end, named by what came of them") {
  Timeline timeline(10);
  const auto copied = static_cast<std::uint64_t>(abi::FaultResolution::cow_copy);
  timeline.on(tracepoint(fork_begin, 0, 10, {1}));
  timeline.on(tracepoint(fork_end, 0, 40, {1, 2, 0, 0, 0}));
  timeline.on(tracepoint(fault_begin, 0, 50, {1, 0x5000, 15}));
  timeline.on(tracepoint(fault_begin, 1, 55, {2, 0x5000, 15}));
  timeline.on(tracepoint(fault_end, 1, 70, {2, 0x5000, copied}));
  timeline.on(tracepoint(fault_end, 0, 90, {1, 0x5000, copied}));
  timeline.on(tracepoint(fault_end, 0, 95, {9, 0x5000, copied}));  // has no beginning
  const auto& spans = timeline.spans();
  REQUIRE(spans.size() == 3);
  CHECK((std::string(spans[0].kind) == "fork" && spans[0].begin == 10 && spans[0].end == 40));
  CHECK(spans[0].name == "fork of process 2");
  CHECK((spans[1].hart == 1 && spans[1].begin == 55 && spans[1].end == 70 && spans[1].name == "cow_copy"));
  CHECK((spans[2].hart == 0 && spans[2].begin == 50 && spans[2].end == 90));
}

TEST_CASE("A shootdown that asks no other hart is none; what does not fit is counted") {
  Timeline timeline(1);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    timeline.on(tracepoint(shootdown_begin, 0, 10 * id, {id, 1, 0, 0, id == 1 ? 1u : 3u}));
    timeline.on(tracepoint(shootdown_end, 0, 10 * id + 5, {id}));
  }
  REQUIRE(timeline.spans().size() == 1);
  CHECK(timeline.spans()[0].name == "shootdown 2");
  CHECK(timeline.left_out() == 1);
}

TEST_CASE("Walks are counted by 2 MiB region and time, and a second walk for a page is one `again`") {
  TlbMap map(true);
  walk(map, 0, 0x1000);
  walk(map, 1000, 0x1008);
  walk(map, 1024, 0x1010);
  walk(map, 1024, 0x1000, 2);  // another address space
  walk(map, 1024, 0x20'0000);
  walk(map, 1030, 0x3000, 1, mmu::Fault::page);
  CHECK(map.pages() == 3);
  REQUIRE(map.rows().size() == 2);
  const TlbMap::Row& first = map.rows().at(0);
  CHECK((first.walks[0] == 2 && first.again[0] == 1));
  CHECK((first.walks[1] == 2 && first.again[1] == 1));
  CHECK(map.rows().at(1).walks[1] == 1);
}

TEST_CASE("A longer run has wider bins, and loses no walk to them") {
  TlbMap map(true);
  for (std::uint64_t cycle = 0; cycle < 64 * 1024; cycle += 512) walk(map, cycle, 0x1000);
  CHECK(map.cycles_per_bin() == 1024);
  walk(map, 64 * 1024 * 3, 0x1000);
  CHECK(map.cycles_per_bin() == 4096);
  const TlbMap::Row& row = map.rows().at(0);
  CHECK(row.walks[0] == 8);
  std::uint64_t all = 0, again = 0;
  for (std::size_t i = 0; i < TlbMap::bins; ++i) all += row.walks[i], again += row.again[i];
  CHECK((all == 129 && again == 128));
}

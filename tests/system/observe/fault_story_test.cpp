#include <catch2/catch.hpp>

#include <numeric>

#include "emu/observe/code_map.hpp"
#include "emu/observe/cow_attribution.hpp"
#include "emu/observe/distribution.hpp"
#include "emu/observe/fault_explanation.hpp"
#include "emu/observe/fault_story.hpp"
#include "tests/system/observe/story.hpp"

namespace hartbeat::test {

using namespace observe;
using enum abi::Tracepoint;

namespace {

TrapEvent store_fault(std::uint32_t hart, std::uint64_t cycle, std::uint64_t address,
                      const mmu::Walk* walk = nullptr) {
  TrapEvent event;
  event.site = site(hart, cycle);
  event.site.privilege = mmu::Privilege::user;
  event.site.pc = {0x10234};
  event.cause = 15;
  event.tval = address;
  event.target = mmu::Privilege::supervisor;
  event.walk = walk;
  return event;
}

TrapReturnEvent back_to_user(std::uint32_t hart, std::uint64_t cycle) {
  return {site(hart, cycle), mmu::Privilege::user};
}

FenceEvent fence(std::uint32_t hart, std::uint64_t cycle) {
  FenceEvent event;
  event.site = site(hart, cycle);
  return event;
}

struct Told {
  std::vector<FaultRecord> faults;
  FaultStory story{[this](const FaultRecord& fault) { faults.push_back(fault); }};
};

// Process 3, made by fork 1, copies the page of 0x5008 on hart 1.
void tell_a_copy(FaultStory& story, std::uint64_t at) {
  story.on(store_fault(1, at, 0x5008));
  story.on(tracepoint(fault_begin, 1, at + 10, {3, 0x5008, 15, 0x10234}));
  story.on(tracepoint(copy_decided, 1, at + 30, {3, 0x5000, 0x4000, 0x8000, 3, 2}));
  story.on(tracepoint(copy_begin, 1, at + 35, {3, 0x5000, 100, 200, 4096}));
  story.on(tracepoint(copy_end, 1, at + 95, {3, 0x5000, 100, 200, 4096}));
  story.on(fence(1, at + 99));
  story.on(fence(1, at + 103));
  story.on(tracepoint(fault_end, 1, at + 110, {3, 0x5008, 0, 100, 200}));
  story.on(back_to_user(1, at + 120));
}

}  // namespace

TEST_CASE("A copying fault's steps are those of its moments and add up to its cycles") {
  Told told;
  told.story.on(process_named(1, "parent"));
  told.story.on(tracepoint(fork_begin, 0, 40, {1}));
  told.story.on(tracepoint(fork_end, 0, 50, {1, 3, 0, 4}));
  told.story.on(tracepoint(process_switch, 1, 60, {3, 3, 1}));
  tell_a_copy(told.story, 100);
  REQUIRE(told.faults.size() == 1);
  const FaultRecord& fault = told.faults.front();
  CHECK(fault.number == 1);
  CHECK(fault.program == "parent");
  CHECK(fault.fork == 0);
  CHECK(fault.range->references == 2);
  CHECK(fault.steps() == StepCycles{10, 20, 5, 60, 8, 17});
  CHECK(fault.cycles() == 120);
}

TEST_CASE("A private page of a file that is written was not shared by a fork") {
  Told told;
  told.story.on(tracepoint(fork_begin, 0, 40, {1}));
  told.story.on(tracepoint(fork_end, 0, 50, {1, 3, 0, 4}));
  told.story.on(store_fault(1, 100, 0x5008));
  told.story.on(tracepoint(fault_begin, 1, 110, {3, 0x5008, 15, 0}));
  told.story.on(tracepoint(copy_decided, 1, 111, {3, 0x5000, 0x4000, 0x8000, 3 | abi::range_of_file, 2}));
  told.story.on(tracepoint(copy_end, 1, 120, {3, 0x5000, 100, 200, 4096}));
  told.story.on(tracepoint(fault_end, 1, 130, {3, 0x5008, 0, 100, 200}));
  told.story.on(back_to_user(1, 140));
  REQUIRE(told.faults.size() == 1);
  CHECK_FALSE(told.faults.front().fork.has_value());
}

TEST_CASE("A fault ends when its hart turns to another process, and at the end of the run") {
  Told told;
  told.story.on(store_fault(0, 100, 0x5000));
  told.story.on(tracepoint(fault_begin, 0, 110, {3, 0x5000, 15, 0}));
  told.story.on(tracepoint(fault_end, 0, 130, {3, 0x5000, 2, 0, 7}));
  told.story.on(tracepoint(process_switch, 0, 150, {4, 4, 1}));
  REQUIRE(told.faults.size() == 1);
  CHECK(told.faults.front().cycles() == 50);
  told.story.on(store_fault(0, 200, 0x6000));
  told.story.finish();
  REQUIRE(told.faults.size() == 2);
  CHECK_FALSE(told.faults.back().told);
}

TEST_CASE("A fault is fatal when its process ends by the fault's signal before it is back") {
  Told told;
  told.story.on(store_fault(0, 100, 0x5000));
  told.story.on(tracepoint(fault_begin, 0, 110, {3, 0x5000, 15, 0}));
  told.story.on(tracepoint(fault_end, 0, 130, {3, 0x5000, 8, 0, 0}));
  told.story.on(tracepoint(fault_message, 0, 140, {3, 0x5000, 15, 0, 11}));
  told.story.on(tracepoint(exit, 0, 170, {3, 11}));
  REQUIRE(told.faults.size() == 1);
  CHECK(told.faults.front().fatal);
}

TEST_CASE("Copies are charged to the store, its program and its fork, with what really changed") {
  Told told;
  CowAttribution attribution(1);
  told.story.on(process_named(3, "writer"));
  tell_a_copy(told.story, 100);
  tell_a_copy(told.story, 1000);
  told.story.on(tracepoint(syscall_enter, 1, 2000, {3, 63}));
  told.story.on(tracepoint(copy_end, 1, 2010, {3, 0x9000, 100, 200, 4096}));
  for (const FaultRecord& fault : told.faults) attribution.add(fault);
  const auto where = [](const std::string& program, std::uint64_t pc) {
    return program == "writer" && pc == 0x10234 ? CodePlace{"touch", 4, "a.c", "src/a.c", 7} : CodePlace{};
  };
  const CowFigures cow = attribution.figures({16, -1, 4}, where);
  REQUIRE(cow.sites.size() == 2);
  CHECK(cow.sites[0].sums.copies == 2);
  CHECK(cow.sites[0].sums.cycles == 240);
  CHECK(cow.sites[0].sums.measured_pages == 1);
  CHECK(cow.sites[0].sums.changed_bytes == 16);
  CHECK(cow.sites[0].place.text(0x10234) == "touch+0x4 (a.c:7)");
  CHECK(cow.sites[1].system_call == 63);
  CHECK(cow.lines.at("writer a.c:7").copies == 2);
  CHECK(cow.programs.at("writer").changed_bytes == 20);
  CHECK(cow.copies.size() == 1);
  CHECK(cow.copy_count == 3);
  CHECK(cow.cycles.count() == 2);  // of faults
}

TEST_CASE(
    "A fault is explained with each entry that the walker read, the failed check and the kernel's answer") {
  mmu::Walk walk;
  walk.check = mmu::Check::not_writable;
  walk.pte = 0x2000'00d3;
  walk.read_count = 1;
  walk.reads[0] = {{0x8020'1000}, 0x2000'00d3, 0};
  FaultStory story([](const FaultRecord&) {});
  Told told;
  told.story.on(process_named(1, "parent"));
  told.story.on(tracepoint(fork_begin, 0, 40, {1}));
  told.story.on(tracepoint(fork_end, 0, 50, {1, 3, 0, 4}));
  tell_a_copy(told.story, 100);
  told.faults.front().walk = walk;
  const std::string text = explanation(
      told.faults.front(), {.forks = &told.story.family().forks(), .find_code = {}, .changed_bytes = 9});
  for (const char* part :
       {"process 3 (parent) on hart 1", "a store to 0x5008", "level 0 at 0x80201000 = 0x200000d3",
        "the page is not writable", "cow_copy", "fork 1 (process 1 made 3)", "frame 0xc8",
        "9 bytes of the copy really changed", "copy 60", "= 120."}) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("Percentiles are nearest ranks") {
  Distribution spread;
  CHECK(spread.percentile(50) == 0);
  for (std::uint64_t i = 1; i <= 10; ++i) spread.add(i * 10);
  CHECK(spread.percentile(50) == 50);
  CHECK(spread.percentile(90) == 90);
  CHECK(spread.percentile(99) == 100);
  CHECK(spread.most() == 100);
  CHECK(spread.sum() == 550);
}

TEST_CASE("A file that is no ELF has no places") {
  const std::uint8_t noise[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  CHECK(CodeMap(noise).at(0x1000).text(0x1000) == "0x1000");
  CHECK(CodeMap(std::span<const std::uint8_t>()).at(0x1000).symbol.empty());
}

}  // namespace hartbeat::test

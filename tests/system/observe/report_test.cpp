#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/fault_sentence.hpp"
#include "emu/observe/json_report.hpp"
#include "emu/observe/observation.hpp"
#include "emu/observe/screen_report.hpp"
#include "emu/observe/syscall_names.hpp"
#include "emu/observe/text_report.hpp"
#include "emu/observe/text_table.hpp"
#include "tests/system/observe/story.hpp"

namespace hartbeat::test {

using namespace observe;
using enum abi::Tracepoint;

namespace {

RunFacts facts() {
  return {.program = "cow-basic",
          .arguments = {"one"},
          .machine = "virt",
          .timing = "none",
          .memory_bytes = std::uint64_t{128} << 20,
          .exit_status = 3,
          .ending = "the guest powered off"};
}

// A small life: one process copies a page, reuses another, makes a system call that nobody knows, and ends.
Report small_life() {
  HartCounters core[2];
  mmu::UnitCounters translation[2];
  Observation observation({{&core[0], &translation[0]}, {&core[1], &translation[1]}});
  const auto tell = [&](const TracepointEvent& event) {
    for (Listener* listener : observation.listeners()) {
      if (listener->wants().tracepoints) listener->on(event);
    }
  };
  core[0].instret = core[0].cycles = 1'000'000;
  tell(tracepoint(boot_done, 0, 5, {30000, 32768}));
  tell(tracepoint(process_switch, 0, 10, {1, 1, 1}));
  tell(process_named(1, "cow-basic"));
  core[0].instret = core[0].cycles = 3'000'000;
  core[0].exceptions[15] = 2;
  translation[0].dtlb.misses = 1234;
  tell(tracepoint(fault_begin, 0, 20, {1, 0x1000, 15, 0}));
  tell(tracepoint(copy_begin, 0, 30, {1, 0x1000, 5, 6, 4096}));
  tell(tracepoint(copy_end, 0, 542, {1, 0x1000, 5, 6, 4096}));
  tell(tracepoint(fault_end, 0, 700, {1, 0x1000, 0, 5, 6}));
  tell(tracepoint(fault_begin, 0, 720, {1, 0x2000, 15, 0}));
  tell(tracepoint(fault_end, 0, 790, {1, 0x2000, 1, 7, 7}));
  tell(tracepoint(syscall_unknown, 0, 800, {1, 435}));
  tell(tracepoint(exit, 0, 900, {1, 0x300}));
  tell(tracepoint(shutdown, 0, 950, {29998, 3}));
  return observation.report(facts());
}

}  // namespace

TEST_CASE("The JSON report has every counter of the table under its key") {
  const auto json = nlohmann::json::parse(to_json(small_life()));
  CHECK(json["schema"] == json_schema_version);
  REQUIRE(json["harts"].size() == 2);
  for (const auto& counter : hart_counters()) CHECK(json["harts"][1].contains(counter.text.key));
  for (const auto& counter : hart_counters()) CHECK(json["total"].contains(counter.text.key));
  for (const auto& counter : tlb_counters())
    CHECK(json["harts"][0]["tlb"]["dtlb"].contains(counter.text.key));
  for (const auto& counter : walker_counters()) CHECK(json["harts"][0]["walker"].contains(counter.text.key));
  for (const auto& text : fault_resolutions()) CHECK(json["kernel"]["faults"]["count"].contains(text.key));
  for (const auto& counter : copy_counters()) CHECK(json["kernel"]["copies"].contains(counter.text.key));
  for (const auto& counter : copy_use_counters()) CHECK(json["kernel"]["copies"].contains(counter.text.key));
  for (const auto& counter : fork_counters()) CHECK(json["kernel"]["forks"].contains(counter.text.key));
  for (const auto& counter : shootdown_counters())
    CHECK(json["kernel"]["shootdowns"].contains(counter.text.key));
  for (const auto& text : shootdown_phase_texts())
    CHECK(json["kernel"]["shootdowns"]["phases"].contains(text.key));
  for (const auto& counter : hardware_counters()) CHECK(json["hardware"].contains(counter.text.key));
}

TEST_CASE("The JSON report says what happened") {
  const auto json = nlohmann::json::parse(to_json(small_life()));
  CHECK(json["exit_status"] == 3);
  CHECK(json["timing"]["model"] == "none");
  CHECK(json["harts"][0]["hart"] == 0);
  CHECK(json["harts"][0]["instret"] == 3'000'000);
  CHECK(json["harts"][0]["ipc"] == 1.0);
  CHECK(json["harts"][0]["exceptions"]["store_page_fault"] == 2);
  CHECK(json["kernel"]["faults"]["count"]["cow_copy"] == 1);
  CHECK(json["kernel"]["faults"]["cycles"]["cow_copy"] == 680);
  CHECK(json["kernel"]["faults"]["count"]["cow_reuse"] == 1);
  CHECK(json["kernel"]["copies"]["cycles"] == 512);
  CHECK(json["kernel"]["unknown_system_calls"][0]["name"] == "clone3");
  CHECK(json["kernel"]["frames"]["free_at_end"] == 29998);
  REQUIRE(json["processes"].size() == 2);
  CHECK(json["processes"][0]["kind"] == "boot");
  CHECK(json["processes"][1]["name"] == "cow-basic");
  CHECK(json["processes"][1]["wait_status"] == 0x300);
  CHECK(json["processes"][1]["ran"]["instret"] == 2'000'000);
  CHECK(json["comparison"]["agree"] == false);  // the test's hardware shows nothing
}

TEST_CASE("Equal runs give equal bytes") {
  CHECK(to_json(small_life()) == to_json(small_life()));
  CHECK(to_screen(small_life()) == to_screen(small_life()));
  CHECK(to_full_text(small_life()) == to_full_text(small_life()));
}

TEST_CASE("A bare-metal run has no kernel, no processes and nothing to compare") {
  HartCounters core;
  mmu::UnitCounters translation;
  Observation observation({{&core, &translation}});
  const Report report = observation.report(facts());
  const auto json = nlohmann::json::parse(to_json(report));
  CHECK(json["kernel"].is_null());
  CHECK(json["comparison"].is_null());
  CHECK(json["processes"].empty());
  CHECK(to_screen(report).find("no tracepoints") != std::string::npos);
  CHECK(to_full_text(report).find("no tracepoints") != std::string::npos);
}

TEST_CASE("The text report says in words what a cycle is, what leaked, and that the stories disagree") {
  const std::string text = GENERATE(true, false) ? to_screen(small_life()) : to_full_text(small_life());
  INFO(text);
  CHECK(text.find("one instruction = one cycle") != std::string::npos);
  CHECK(text.find("LEAKED 2 frames") != std::string::npos);
  CHECK(text.find("DISAGREE") != std::string::npos);
  CHECK(text.find("clone3 (435, 1 time)") != std::string::npos);
  CHECK(text.find("exit 3") != std::string::npos);
  CHECK(text.find("cow_copy") < text.find("cow_reuse"));  // what cost most first
}

TEST_CASE("A name that is not UTF-8 does not end the report") {
  HartCounters core;
  mmu::UnitCounters translation;
  Observation observation({{&core, &translation}});
  RunFacts odd = facts();
  odd.program = "\xff\xfe";
  CHECK_NOTHROW(nlohmann::json::parse(to_json(observation.report(odd))));
}

TEST_CASE("Numbers are written as people read them") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(12345678) == "12,345,678");
  CHECK(byte_size(1) == "1 byte");
  CHECK(byte_size(500 << 20) == "500.0 MiB");
  CHECK(byte_size(~std::uint64_t{0}) == "16777216.0 TiB");
  CHECK(percent(1, 8) == "12.5 %");
  CHECK(percent(1, 0) == "-");
}

TEST_CASE("System calls have the names of Linux on riscv64") {
  CHECK(system_call_name(64) == "write");
  CHECK(system_call_name(79) == "newfstatat");
  CHECK(system_call_name(221) == "execve");
  CHECK(system_call_name(258) == "riscv_hwprobe");
  CHECK(system_call_name(5000) == "system call 5000");
}

TEST_CASE("A fault is told with the walk's reads and the check that failed") {
  mmu::Walk walk;
  walk.fault = mmu::Fault::page;
  walk.check = mmu::Check::not_writable;
  walk.read_count = 1;
  walk.reads[0] = {.address = {0x80201000}, .pte = 0x20080401, .level = 2};
  TrapEvent event;
  event.site = site(1, 0);
  event.site.pc = {0x10234};
  event.site.privilege = mmu::Privilege::user;
  event.cause = 15;
  event.tval = 0x3fff000;
  event.walk = &walk;
  CHECK(fault_sentence(event) == "hart 1: store_page_fault at 0x3fff000 (pc 0x10234, user mode): " +
                                     std::string(mmu::sentence(mmu::Check::not_writable)) +
                                     "\n  level 2 PTE at 0x80201000 = 0x0000000020080401");
}

}  // namespace hartbeat::test

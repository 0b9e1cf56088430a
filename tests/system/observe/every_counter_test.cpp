// Tables of counters as a whole, each counter with a value of its own that follows from the events by hand: a counter that is
// added to a table makes its test fail until it has one, too. tests/system/counters.py reads here which tables these are.
#include <catch2/catch.hpp>

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/fault_story.hpp"
#include "emu/observe/kernel_story.hpp"
#include "emu/observe/shootdown_story.hpp"
#include "tests/system/observe/story.hpp"

namespace hartbeat::test {

using namespace observe;
using enum abi::Tracepoint;

namespace {

using Values = std::map<std::string_view, std::uint64_t>;

// `section` as docs/counters.md has it.
template <class Table, class Figures>
void check_table(std::string_view section, const Table& table, const Figures& figures,
                 const Values& expected) {
  CAPTURE(section);
  Values found;
  for (const auto& counter : table) found[counter.text.key] = counter.read(figures);
  CHECK(found == expected);
  for (const auto& [key, value] : expected) CHECK(value != 0);
}

// Of steps that add up to a whole: those of the table, in its order.
void check_parts(std::span<const CounterText> table, std::span<const std::uint64_t> found,
                 const Values& expected) {
  REQUIRE(table.size() == found.size());
  Values by_key;
  for (std::size_t i = 0; i < table.size(); ++i) by_key[table[i].key] = found[i];
  for (const auto& [key, value] : expected) {
    CAPTURE(key);
    CHECK(by_key[key] == value);
  }
  CHECK(by_key.size() == expected.size());
  for (const auto& [key, value] : expected) CHECK(value != 0);
}
void check_phases(std::span<const std::uint64_t> found, const Values& expected) {
  check_parts(shootdown_phase_texts(), found, expected);
}
void check_steps(std::span<const std::uint64_t> found, const Values& expected) {
  check_parts(fault_step_texts(), found, expected);
}

}  // namespace

TEST_CASE("Every counter of the forks has its value") {
  KernelStory story;
  story.on(tracepoint(fork_begin, 0, 100, {1}));
  story.on(tracepoint(fork_end, 0, 107, {1, 2, 3 * 4096, 50}));
  story.on(tracepoint(fork_begin, 0, 200, {1}));
  story.on(tracepoint(fork_end, 0, 220, {1, 3, 2 * 4096, 11}));
  story.on(tracepoint(fork_begin, 0, 300, {1}));
  story.on(tracepoint(fork_end, 0, 303, {1, static_cast<std::uint64_t>(-12)}));
  check_table("Forks", fork_counters(), story.figures().forks,
              {{"count", 2},
               {"failed", 1},
               {"cycles", 7 + 20 + 3},
               {"page_table_bytes", 5 * 4096},
               {"shared_pages", 61},
               {"shared_bytes", 61 * 4096}});
}

TEST_CASE("Every state of a frame has its value, and so has every count of references") {
  KernelStory story;
  story.on(tracepoint(frames, 0, 2, {900, 51, 42, 13, 14, 5}));
  story.on(tracepoint(frame_references, 0, 2, {90, 40, 31, 22, 13, 4}));
  check_table("Frames", frame_counters(), *story.figures().frames.last,
              {{"free", 900},
               {"private", 51},
               {"cow_shared", 42},
               {"page_cache", 13},
               {"page_table", 14},
               {"kernel", 5}});
  check_table("References", reference_counters(), *story.figures().frames.references.last,
              {{"1", 90}, {"2", 40}, {"3", 31}, {"4", 22}, {"5_to_8", 13}, {"9_and_more", 4}});
}

TEST_CASE("Every counter of the reference counts' memory has its value") {
  KernelStory story;
  story.on(tracepoint(reference_table, 0, 1, {7936, 8192, 12288, 126976}));
  check_table(
      "Memory of the reference counts", reference_table_counters(), *story.figures().frames.references.table,
      {{"table_bytes", 7936}, {"side_bytes", 8192}, {"most_side_bytes", 12288}, {"plain_bytes", 126976}});
}

// Hart 0 asks 1 and 2; then 1 asks 2, which has nothing to drop; a third one needs nobody.
TEST_CASE("Every counter of the shootdowns has its value") {
  ShootdownStory story;
  story.on(tracepoint(shootdown_begin, 0, 100, {1, 7, 0x1000, 1, 0b111}));
  story.on(ipi(0, 1, 110));
  story.on(ipi(0, 2, 120));
  story.on(software_interrupt(1, 112));
  story.on(tracepoint(shootdown_fence, 1, 115, {1}));
  story.on(fence(1, 116, 1));
  story.on(tracepoint(shootdown_ack, 1, 118, {1}));
  story.on(software_interrupt(2, 130));
  story.on(tracepoint(shootdown_fence, 2, 145, {1}));
  story.on(fence(2, 150, 3));
  story.on(tracepoint(shootdown_ack, 2, 160, {1}));
  story.on(tracepoint(shootdown_end, 0, 175, {1, 7}));
  story.on(tracepoint(shootdown_begin, 1, 200, {2, 7, 0x1000, 1, 0b110}));
  story.on(ipi(1, 2, 201));
  story.on(software_interrupt(2, 203));
  story.on(tracepoint(shootdown_fence, 2, 206, {2}));
  story.on(fence(2, 210, 0));
  story.on(tracepoint(shootdown_ack, 2, 215, {2}));
  story.on(tracepoint(shootdown_end, 1, 221, {2, 7}));
  story.on(tracepoint(shootdown_begin, 1, 300, {3, 7, 0x1000, 1, 0b010}));
  story.on(tracepoint(shootdown_begin, 2, 400, {4, 7, 0x1000, 1, 0b1100}));  // the run ends in it
  const std::uint64_t busy = (118 - 112) + (160 - 130) + (215 - 203);
  check_table("TLB shootdowns", shootdown_counters(), story.figures(),
              {{"initiated", 3},
               {"avoided", 1},
               {"targets", 4},
               {"ipis_sent", 3},
               {"ipis_received", 3},
               {"acknowledged", 3},
               {"wasted", 1},
               {"completed", 2},
               {"latency", 75 + 21},
               {"latency_most", 75},
               {"target_cycles", busy},
               {"wasted_cycles", 215 - 203}});
  // Of the slowest target of each: hart 2 of the first, hart 2 of the second.
  check_phases(story.figures().phases, {{"send", 20 + 1},
                                        {"deliver", 10 + 2},
                                        {"enter", 15 + 3},
                                        {"fence", 5 + 4},
                                        {"acknowledge", 10 + 5},
                                        {"resume", 15 + 6}});
}

TEST_CASE("Every step of a fault that copies has its value") {
  std::vector<FaultRecord> faults;
  FaultStory story{[&](const FaultRecord& fault) { faults.push_back(fault); }};
  story.on(tracepoint(process_switch, 1, 990, {3}));
  TrapEvent fault;
  fault.site = site(1, 1000);
  fault.site.privilege = mmu::Privilege::user;
  fault.cause = 15;
  fault.tval = 0x5008;
  fault.target = mmu::Privilege::supervisor;
  story.on(fault);
  story.on(tracepoint(fault_begin, 1, 1011, {3, 0x5008, 15, 0x10234}));
  story.on(tracepoint(copy_decided, 1, 1033, {3, 0x5000, 0x4000, 0x8000, 3, 2}));
  story.on(tracepoint(copy_begin, 1, 1037, {3, 0x5000, 100, 200, 4096}));
  story.on(tracepoint(copy_end, 1, 1093, {3, 0x5000, 100, 200, 4096}));
  FenceEvent dropped;  // the kernel's own, no firmware's
  dropped.site = site(1, 1101);
  story.on(dropped);
  story.on(tracepoint(fault_end, 1, 1110, {3, 0x5008, 0, 100, 200}));
  story.on(TrapReturnEvent{site(1, 1125), mmu::Privilege::user});
  REQUIRE(faults.size() == 1);
  check_steps(faults[0].steps(),
              {{"entry", 11}, {"lookup", 22}, {"allocate", 4}, {"copy", 56}, {"fence", 8}, {"return", 24}});
}

TEST_CASE("Swap, kills and system calls are counted as the kernel tells them") {
  KernelStory story;
  story.on(tracepoint(swap_slots, 0, 1, {64, 60}));
  story.on(tracepoint(swap_out, 0, 2, {7, 0x1000, 1, 1}));  // written
  story.on(tracepoint(swap_out, 0, 3, {7, 0x2000, 1, 2}));  // written, of two owners
  story.on(tracepoint(swap_out, 0, 4, {7, 0x3000, 0, 3}));  // on the disk already, of three
  story.on(tracepoint(swap_out, 0, 5, {7, 0x4000, 1, 1}));
  story.on(tracepoint(swap_slots, 0, 6, {64, 57}));
  story.on(tracepoint(oom_kill, 0, 7, {9, 1000, 700, 3}));
  for (int i = 0; i < 5; ++i) story.on(tracepoint(syscall_enter, 0, 8, {7, 64}));
  const SwapFigures& swap = story.figures().swap;
  CHECK(swap.slots == 64);
  CHECK(swap.free_at_boot == 60);
  CHECK(swap.free_at_end == 57);
  CHECK(swap.evicted == 4);
  CHECK(swap.written == 3);
  CHECK(swap.shared == 2);
  REQUIRE(story.figures().out_of_memory_kills.size() == 1);
  CHECK(story.figures().out_of_memory_kills[0].process == 9);
  CHECK(story.figures().system_calls == 5);
}

}  // namespace hartbeat::test

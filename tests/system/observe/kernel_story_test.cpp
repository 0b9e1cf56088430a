#include <catch2/catch.hpp>

#include <map>

#include "emu/observe/copy_watch.hpp"
#include "emu/observe/counter_table.hpp"
#include "emu/observe/kernel_story.hpp"
#include "tests/system/observe/story.hpp"

namespace hartbeat::test {

using namespace observe;
using enum abi::Tracepoint;
using enum abi::FaultResolution;

TEST_CASE("Faults are counted by their resolution, with the cycles from begin to end") {
  KernelStory story;
  story.on(tracepoint(fault_begin, 0, 100, {7, 0x1000, 15, 0}));
  story.on(tracepoint(fault_begin, 1, 105, {7, 0x1000, 15, 0}));  // another thread, the same page
  story.on(tracepoint(fault_end, 0, 150, {7, 0x1000, 0, 1, 2}));
  story.on(tracepoint(fault_end, 1, 175, {7, 0x1000, 7, 2, 2}));
  const FaultFigures& faults = story.figures().faults;
  CHECK(faults.of(cow_copy) == 1);
  CHECK(faults.of(spurious) == 1);
  CHECK(faults.total() == 2);
  CHECK(faults.cycles[static_cast<unsigned>(cow_copy)] == 50);
  CHECK(faults.cycles[static_cast<unsigned>(spurious)] == 70);
}

TEST_CASE("A fault that sleeps and ends on another hart keeps its begin") {
  KernelStory story;
  story.on(tracepoint(fault_begin, 0, 100, {7, 0x1000, 13, 0}));
  story.on(tracepoint(fault_end, 3, 400, {7, 0x1000, 3, 0, 2}));
  CHECK(story.figures().faults.cycles[static_cast<unsigned>(file_fill)] == 300);
}

TEST_CASE("A resolution that this version does not know is not counted as another") {
  KernelStory story;
  story.on(tracepoint(fault_end, 0, 1, {7, 0x1000, 200, 0, 0}));
  CHECK(story.figures().faults.total() == 0);
}

TEST_CASE("Each resolution is counted under its own key, as the kernel's ABI numbers them") {
  constexpr std::string_view keys[] = {"cow_copy",   "cow_reuse",    "demand_zero", "file_fill",
                                       "stack_grow", "swap_in",      "ad_update",   "spurious",
                                       "protection", "table_attach", "zero_copy"};
  KernelStory story;
  for (std::uint64_t kind = 0; kind < 11; ++kind) {
    for (std::uint64_t times = 0; times <= kind; ++times)
      story.on(tracepoint(fault_end, 0, 1, {7, 0x1000 * kind, kind, 0, 2}));
  }
  const FaultFigures& faults = story.figures().faults;
  REQUIRE(fault_resolutions().size() == 11);
  for (unsigned kind = 0; kind < 11; ++kind) {
    CHECK(fault_resolutions()[kind].key == keys[kind]);
    CHECK(faults.of(static_cast<abi::FaultResolution>(kind)) == kind + 1);
  }
}

TEST_CASE("Large pages are counted by their size and by what became of them") {
  KernelStory story;
  const auto tell = [&](std::uint64_t log2_pages, abi::LargePageEvent event, unsigned times) {
    for (unsigned i = 0; i < times; ++i)
      story.on(tracepoint(large_page, 0, 1, {7, 0x200000, log2_pages, static_cast<std::uint64_t>(event), 1}));
  };
  using enum abi::LargePageEvent;
  tell(4, filled, 1);
  tell(9, filled, 2);
  tell(4, fell_back, 3);
  tell(9, fell_back, 1);
  tell(9, split, 5);
  tell(4, copied, 6);
  tell(9, copied, 7);
  tell(4, reused, 8);
  std::map<std::string_view, std::uint64_t> found;
  for (const auto& counter : large_page_counters())
    found[counter.text.key] = counter.read(story.figures().large_pages);
  CHECK(found == std::map<std::string_view, std::uint64_t>{{"filled_64k", 1},
                                                           {"filled_2m", 2},
                                                           {"fell_back", 4},
                                                           {"split", 5},
                                                           {"copied_64k", 6},
                                                           {"copied_2m", 7},
                                                           {"reused", 8}});
}

TEST_CASE("Copies are counted in pages, bytes and cycles") {
  KernelStory story;
  story.on(tracepoint(copy_begin, 0, 10, {7, 0x1000, 5, 6, 4096}));
  story.on(tracepoint(copy_end, 0, 522, {7, 0x1000, 5, 6, 4096}));
  CHECK(story.figures().copies.pages == 1);
  CHECK(story.figures().copies.bytes == 4096);
  CHECK(story.figures().copies.cycles == 512);
}

TEST_CASE("Copies and reuses are told by page, neighbours with the same counts together") {
  KernelStory story;
  for (const std::uint64_t va : {0x3000, 0x1008, 0x2000})
    story.on(tracepoint(fault_end, 0, 1, {7, va, 0, 1, 2}));
  story.on(tracepoint(fault_end, 0, 1, {8, 0x3ff8, 1, 2, 2}));
  story.on(tracepoint(fault_end, 0, 1, {8, 0x5000, 2, 0, 2}));
  CHECK(story.figures().cow_pages.ranges() ==
        std::vector<PageRange>{{{0x1000}, 2, 1, 0}, {{0x3000}, 1, 1, 1}});
}

TEST_CASE("A fork's shared pages are what an eager fork would have copied") {
  KernelStory story;
  story.on(tracepoint(fork_begin, 0, 0, {1}));
  story.on(tracepoint(fork_end, 0, 900, {1, 2, std::uint64_t{1} << 20, 128000}));
  CHECK(story.figures().forks.count == 1);
  CHECK(story.figures().forks.cycles == 900);
  CHECK(story.figures().forks.shared_bytes() == std::uint64_t{128000} * 4096);
}

TEST_CASE("An unknown system call is listed once with its count") {
  KernelStory story;
  for (int i = 0; i < 3; ++i) story.on(tracepoint(syscall_unknown, 0, 1, {4, 435}));
  story.on(tracepoint(syscall_unknown, 0, 1, {5, 1000}));
  REQUIRE(story.figures().unknown_system_calls.size() == 2);
  CHECK(story.figures().unknown_system_calls.at(435).count == 3);
  CHECK(story.figures().unknown_system_calls.at(435).first_process == 4);
}

TEST_CASE("Frames at boot, at the end and at the height of sharing are kept apart") {
  KernelStory story;
  story.on(tracepoint(boot_done, 0, 1, {1000, 1024}));
  story.on(tracepoint(frames, 0, 2, {900, 50, 40, 10, 14, 10}));
  story.on(tracepoint(frames, 0, 3, {950, 50, 0, 0, 14, 10}));
  story.on(tracepoint(shutdown, 0, 4, {1000, 3}));
  const FrameFigures& f = story.figures().frames;
  CHECK(f.free_at_boot == 1000);
  CHECK(f.free_at_end == 1000);
  CHECK(f.last->free == 950);
  CHECK(f.last->total() == 1024);
  CHECK(f.most_shared->cow_shared == 40);
  CHECK(story.figures().shutdown_status == 3);
}

TEST_CASE("References are kept from boot, from the end and from when sharing saved most") {
  KernelStory story;
  story.on(tracepoint(frame_references, 0, 1, {100, 0, 0, 0, 0, 0}));
  story.on(tracepoint(frame_references, 0, 2, {10, 40, 0, 0, 0, 0}));  // saves 40
  story.on(tracepoint(frame_references, 0, 3, {10, 0, 0, 20, 0, 0}));  // saves 60
  story.on(tracepoint(frame_references, 0, 4, {90, 1, 0, 0, 0, 0}));
  const auto& references = story.figures().frames.references;
  CHECK(references.at_boot->frames[0] == 100);
  CHECK(references.most_shared->frames[3] == 20);
  CHECK(references.last->frames[1] == 1);
  CHECK(references.last->total() == 91);
}

namespace {

struct Memory {
  std::map<std::uint64_t, std::uint8_t> bytes;
  bool read(PhysAddr at, std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[at.value + i];
    return at.value < 0x100000;
  }
  ReadMemory reader() {
    return [this](PhysAddr at, std::span<std::uint8_t> out) { return read(at, out); };
  }
};

}  // namespace

TEST_CASE("Write amplification counts the bytes that differ when the process exits") {
  Memory memory;
  CopyWatch watch(memory.reader());
  memory.bytes[0x6000] = 1;
  watch.on(tracepoint(copy_end, 0, 1, {7, 0x1000, 5, 6, 4096}));
  memory.bytes[0x6000] = 2;
  memory.bytes[0x6fff] = 9;
  watch.on(tracepoint(exit, 0, 2, {7, 0}));
  memory.bytes[0x6001] = 5;  // somebody else's by now
  watch.finish();
  CHECK(watch.figures().measured_pages == 1);
  CHECK(watch.figures().changed_bytes == 2);
}

TEST_CASE("What execve puts into a process's old frames is not counted as its writes") {
  Memory memory;
  CopyWatch watch(memory.reader());
  watch.on(tracepoint(copy_end, 0, 1, {7, 0x1000, 5, 6, 4096}));
  memory.bytes[0x6000] = 2;
  watch.on(tracepoint(syscall_enter, 0, 2, {7, 221}));
  for (unsigned i = 0; i < 100; ++i) memory.bytes[0x6000 + i] = 0xcc;
  watch.on(process_named(7, "new"));
  CHECK(watch.figures().measured_pages == 1);
  CHECK(watch.figures().changed_bytes == 1);
}

TEST_CASE("A copy whose frame was filled anew is left out, not miscounted") {
  Memory memory;
  CopyWatch watch(memory.reader());
  watch.on(tracepoint(copy_end, 0, 1, {7, 0x1000, 5, 6, 4096}));
  watch.on(tracepoint(fault_end, 0, 2, {8, 0x2000, 2, 0, 6}));
  watch.finish();
  CHECK(watch.figures().measured_pages == 0);
}

}  // namespace hartbeat::test

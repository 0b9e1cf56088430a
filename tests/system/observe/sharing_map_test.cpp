// The sharing map, on page tables laid out by hand.
#include "emu/observe/sharing_map.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "mmu/pte.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t virtual_page = 0x40'0000, shared = 0x90'000, copy = 0x91'000, neighbour = 0x92'000;
constexpr std::uint64_t parent_root = 0x10, child_root = 0x20;  // frame numbers

// Guest memory: one eight-byte word by address.
struct Memory {
  std::map<std::uint64_t, std::uint64_t> words;

  // Maps a 4 KiB user page in the address space of `root`, whose tables are the two frames behind it.
  void map(std::uint64_t root, std::uint64_t va, std::uint64_t pa, std::uint64_t bits) {
    using namespace hartbeat::mmu::pte;
    words[(root << 12) + 8 * (va >> 30 & 511)] = (root + 1) << 10 | V;
    words[((root + 1) << 12) + 8 * (va >> 21 & 511)] = (root + 2) << 10 | V;
    words[((root + 2) << 12) + 8 * (va >> 12 & 511)] = (pa >> 12) << 10 | V | U | R | bits;
  }
  ReadMemory reader() {
    return [this](PhysAddr address, std::span<std::uint8_t> into) {
      const auto found = words.find(address.value);
      const std::uint64_t value = found == words.end() ? 0 : found->second;
      std::memcpy(into.data(), &value, std::min(into.size(), sizeof value));
      return true;
    };
  }
};

TracepointEvent on_tables(TracepointEvent event, std::uint64_t root) {
  event.site.satp = std::uint64_t{8} << 60 | root;
  return event;
}

// Process 1 has forked 2; they share one page and the parent has a neighbour of its own. Then 2 writes the page.
std::vector<SharingMoment> write_after_fork(Memory& memory, std::uint64_t resolution,
                                            std::size_t most = 100) {
  using enum abi::Tracepoint;
  SharingMap map(memory.reader(), most);
  memory.map(parent_root, virtual_page, shared, 0);
  memory.map(parent_root, virtual_page + 0x1000, neighbour, mmu::pte::W);
  memory.map(child_root, virtual_page, shared, 0);
  map.on(process_named(1, "parent"));
  map.on(on_tables(tracepoint(syscall_enter, 0, 5, {1, 220}), parent_root));
  map.on(tracepoint(fork_begin, 0, 10, {1}));
  map.on(tracepoint(fork_end, 0, 20, {1, 2, 0, 1, child_root}));
  map.on(on_tables(tracepoint(fault_begin, 0, 30, {2, virtual_page + 8, 15}), child_root));
  const bool copies = resolution == static_cast<std::uint64_t>(abi::FaultResolution::cow_copy);
  if (copies) memory.map(child_root, virtual_page, copy, mmu::pte::W);
  map.on(
      on_tables(tracepoint(fault_end, 0, 40,
                           {2, virtual_page + 8, resolution, shared >> 12, (copies ? copy : shared) >> 12}),
                child_root));
  return map.moments();
}

}  // namespace

TEST_CASE("Before the write both processes map one frame, after it the writer has a frame of its own") {
  Memory memory;
  const auto moments = write_after_fork(memory, static_cast<std::uint64_t>(abi::FaultResolution::cow_copy));
  REQUIRE(moments.size() == 2);
  for (const SharingMoment& moment : moments) {
    CHECK(moment.page == virtual_page);
    REQUIRE(moment.processes.size() == 2);
    CHECK(moment.processes[0].pid == 2);  // who writes is first
    CHECK(moment.processes[1].pid == 1);
    CHECK(moment.processes[1].name == "parent");
    REQUIRE(moment.processes[1].pages.size() == 2);
    CHECK(moment.processes[1].pages[0].frame == shared >> 12);
    CHECK_FALSE(moment.processes[1].pages[0].writable);
    CHECK(moment.processes[1].pages[1].frame == neighbour >> 12);
    CHECK(moment.processes[1].pages[1].writable);
    REQUIRE(moment.processes[0].pages.size() == 1);
  }
  CHECK(moments[0].cycle == 30);
  CHECK(moments[0].processes[0].pages[0].frame == shared >> 12);
  CHECK(moments[1].cycle == 40);
  CHECK(moments[1].processes[0].pages[0].frame == copy >> 12);
  CHECK(moments[1].processes[0].pages[0].writable);
  CHECK(moments[1].what.find("0x90 was copied to 0x91") != std::string::npos);
}

TEST_CASE("A fault that neither copies nor reuses a frame is no moment of sharing") {
  Memory memory;
  CHECK(write_after_fork(memory, static_cast<std::uint64_t>(abi::FaultResolution::demand_zero)).empty());
}

TEST_CASE("A sharing map that keeps nothing listens to nothing") {
  Memory memory;
  CHECK(write_after_fork(memory, static_cast<std::uint64_t>(abi::FaultResolution::cow_copy), 0).empty());
  CHECK_FALSE(SharingMap(memory.reader(), 0).wants().tracepoints);
  CHECK_FALSE(SharingMap({}, 10).wants().tracepoints);
}

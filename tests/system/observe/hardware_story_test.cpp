#include <catch2/catch.hpp>

#include "emu/observe/comparison.hpp"
#include "emu/observe/hardware_story.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;
using mmu::Access;

namespace {

constexpr std::uint64_t readable = mmu::pte::V | mmu::pte::R | mmu::pte::U | mmu::pte::A;
constexpr std::uint64_t writable = readable | mmu::pte::W | mmu::pte::D;

constexpr std::uint64_t pte_of(std::uint64_t frame, std::uint64_t bits) { return frame << 10 | bits; }

struct Bench {
  HardwareStory story;
  std::uint64_t now = 0;

  void fault(Access access, std::uint64_t va, std::uint64_t pte, std::uint32_t hart = 0, bool walked = true,
             std::uint64_t satp = 0x8000'0000'0008'0000) {
    mmu::Walk walk;
    walk.fault = mmu::Fault::page;
    walk.pte = pte;
    walk.read_count = walked ? 3 : 0;
    TrapEvent event;
    event.site = site(hart, now += 10);
    event.site.satp = satp;
    event.site.privilege = mmu::Privilege::user;
    event.cause = access == Access::fetch ? 12 : access == Access::load ? 13 : 15;
    event.tval = va;
    event.target = mmu::Privilege::supervisor;
    event.walk = &walk;
    story.on(event);
  }
  void walk(Access access, std::uint64_t va, std::uint64_t pte, std::uint32_t hart = 0,
            std::uint64_t satp = 0x8000'0000'0008'0000, unsigned page_shift = 12) {
    mmu::Walk walk;
    walk.pte = pte;
    walk.page_shift = page_shift;
    walk.read_count = 3;
    WalkEvent event;
    event.site = site(hart, now += 10);
    event.site.satp = satp;
    event.address = {va};
    event.access = access;
    event.walk = &walk;
    story.on(event);
  }
  InferredFigures figures() const { return story.figures(); }
};

}  // namespace

TEST_CASE("A store fault after which another frame is mapped is a copy") {
  Bench b;
  b.fault(Access::store, 0x1008, pte_of(5, readable));
  b.walk(Access::store, 0x1008, pte_of(6, writable));
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().copied_bytes == 4096);
  CHECK(b.figures().cow_pages.ranges() == std::vector<PageRange>{{{0x1000}, 1, 1, 0}});
  CHECK(b.figures().cycles == 10);
  CHECK(b.figures().unresolved == 0);
}

TEST_CASE("A store fault after which the same frame is writable is a reuse") {
  Bench b;
  b.fault(Access::store, 0x1008, pte_of(5, readable));
  b.walk(Access::store, 0x1008, pte_of(5, writable));
  CHECK(b.figures().reuses == 1);
  CHECK(b.figures().copies == 0);
}

TEST_CASE("A first touch is a fill, whatever the access") {
  Bench b;
  b.fault(Access::store, 0x1000, 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable));
  b.fault(Access::load, 0x2000, 0);
  b.walk(Access::load, 0x2000, pte_of(6, readable));
  b.fault(Access::fetch, 0x3000, 0);
  b.walk(Access::fetch, 0x3000, pte_of(7, readable | mmu::pte::X));
  CHECK(b.figures().fills == 3);
  CHECK(b.figures().page_faults == 3);
}

TEST_CASE("A page that is filled, shared by fork and then written is a fill and a copy") {
  Bench b;
  b.fault(Access::store, 0x1000, 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable));
  b.fault(Access::store, 0x1000, pte_of(5, readable));
  b.walk(Access::store, 0x1000, pte_of(9, writable));
  CHECK(b.figures().fills == 1);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().reuses == 0);
}

TEST_CASE("Two harts that fault on one page at once make one copy and one spurious fault") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.fault(Access::store, 0x1000, pte_of(5, readable), 1);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 1);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().spurious == 1);
  CHECK(b.figures().unresolved == 0);
}

TEST_CASE("A copy that another hart's load sees first is still counted, and once") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.walk(Access::load, 0x1000, pte_of(6, writable), 1);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().spurious == 0);
}

TEST_CASE("Another hart's load of the page before the kernel has acted resolves nothing") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.walk(Access::load, 0x1000, pte_of(5, readable), 1);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0);
  CHECK(b.figures().copies == 1);
}

TEST_CASE("A fault from a stale TLB entry is spurious when memory already allowed the access") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable), 0);
  b.fault(Access::store, 0x1000, pte_of(5, readable), 1, false);  // hart 1 still has the old entry
  b.walk(Access::store, 0x1000, pte_of(5, writable), 1);
  CHECK(b.figures().reuses == 1);
  CHECK(b.figures().spurious == 1);
}

TEST_CASE("A page that a signal's handler has left and that is mapped again is filled, not copied") {
  for (const std::uint32_t next_hart : {0, 1}) {
    Bench b;
    b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
    b.fault(Access::load, 0x9000, 0, 0);  // the program is running again
    b.fault(Access::store, 0x1000, 0, next_hart);
    b.walk(Access::store, 0x1000, pte_of(6, writable), next_hart);
    CHECK(b.figures().copies == 0);
    CHECK(b.figures().fills == 1);
  }
}

TEST_CASE("A page is filled, too, where a fault of a hart that idles since met nothing") {
  Bench b;
  b.fault(Access::store, 0x1000, 0, 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable), 0);
  b.fault(Access::store, 0x1000, 0, 1);  // answered by a signal, which another hart takes
  b.fault(Access::store, 0x1000, 0, 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable), 0);  // the same frame again, as it happens
  CHECK(b.figures().fills == 2);
  CHECK(b.figures().spurious == 0);
  CHECK(b.figures().unresolved == 1);
}

TEST_CASE("A copy of a large page is seen by the walk of whichever part comes first") {
  Bench b;
  for (std::uint64_t page = 0; page < 16; ++page) {  // each part has been touched
    b.fault(Access::load, 0x10000 + page * 4096, 0);
    b.walk(Access::load, 0x10000 + page * 4096, pte_of(16 + page, readable));
  }
  b.fault(Access::store, 0x13000, pte_of(19, readable));
  b.walk(Access::store, 0x1f000, pte_of(32, writable), 0, 0x8000'0000'0008'0000, 16);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().copied_bytes == 65536);
  CHECK(b.figures().unresolved == 0);
}

TEST_CASE("A page that a kernel takes away while it copies it is copied, not filled") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.fault(Access::load, 0x1000, 0, 1);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().fills == 0);
}

TEST_CASE("A fault that a signal answers stays unresolved") {
  Bench b;
  b.fault(Access::store, 0x0, 0);
  CHECK(b.figures().unresolved == 1);
}

TEST_CASE("A copy that a second fork write-protects before its retry is still a copy") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable));
  b.fault(Access::store, 0x1000, pte_of(6, readable));
  b.walk(Access::store, 0x1000, pte_of(6, writable));
  // The kernel copied, then reused; the first mapping never was seen writable.
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().reuses == 1);
  CHECK(b.figures().unresolved == 0);
}

TEST_CASE(
    "A copy that passes through an invalid entry is a copy, and who faults meanwhile met a spurious fault") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0);
  b.fault(Access::store, 0x1000, 0, 1);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 1);
  CHECK(b.figures().copies == 1);
  CHECK(b.figures().spurious == 1);
  CHECK(b.figures().fills == 0);
}

TEST_CASE("A page that could only be executed and may be read after a load's fault has changed") {
  Bench b;
  b.fault(Access::load, 0x1000, pte_of(5, mmu::pte::V | mmu::pte::X | mmu::pte::U | mmu::pte::A));
  b.walk(Access::load, 0x1000, pte_of(5, readable));
  CHECK(b.figures().changes == 1);
  CHECK(b.figures().page_faults == 1);
  CHECK(b.figures().fills == 0);
}

TEST_CASE("A page that is unmapped and mapped anew is filled, not copied") {
  Bench b;
  b.fault(Access::store, 0x1000, 0);
  b.walk(Access::store, 0x1000, pte_of(5, writable));
  b.fault(Access::store, 0x1000, 0);
  b.walk(Access::store, 0x1000, pte_of(6, writable));
  CHECK(b.figures().fills == 2);
  CHECK(b.figures().copies == 0);
}

TEST_CASE("A page fault that the firmware takes for itself is none of the kernel's") {
  HardwareStory story;
  TrapEvent event;
  event.cause = 13;
  event.target = mmu::Privilege::machine;
  story.on(event);
  CHECK(story.figures().page_faults == 0);
}

TEST_CASE("The same address in another address space is another page") {
  Bench b;
  b.fault(Access::store, 0x1000, pte_of(5, readable), 0, true, 0x8000'0000'0008'0000);
  b.walk(Access::store, 0x1000, pte_of(6, writable), 0, 0x8000'0000'0009'0000);
  CHECK(b.figures().copies == 0);
  CHECK(b.figures().unresolved == 1);
}

TEST_CASE("An interrupt with a page fault's number is not a page fault") {
  HardwareStory story;
  TrapEvent event;
  event.interrupt = true;
  event.cause = 13;
  story.on(event);
  CHECK(story.figures().page_faults == 0);
}

TEST_CASE("Stories that differ are flagged, and faults without a retry are allowed for") {
  KernelFigures kernel;
  kernel.heard = true;
  kernel.copies.pages = 3;
  kernel.faults.count[0] = 3;
  InferredFigures hardware;
  hardware.page_faults = 3;
  hardware.copies = 3;
  CHECK(compare(kernel, hardware).agrees());
  hardware.copies = 2;
  CHECK_FALSE(compare(kernel, hardware).agrees());
  hardware.unresolved = 1;
  CHECK(compare(kernel, hardware).agrees());
  hardware.page_faults = 4;  // one that the kernel met on a user's bad pointer
  CHECK(compare(kernel, hardware).agrees());
  hardware.page_faults = 2;
  CHECK_FALSE(compare(kernel, hardware).agrees());
  hardware.page_faults = 3;
  hardware.copies = 4;
  CHECK_FALSE(compare(kernel, hardware).agrees());
}

TEST_CASE("A store that waits for a fork which copies at once gains its right unseen by the kernel") {
  KernelFigures kernel;
  kernel.heard = true;
  kernel.faults.count[static_cast<std::size_t>(abi::FaultResolution::spurious)] = 5;
  InferredFigures hardware;
  hardware.page_faults = 5;
  hardware.spurious = 3;
  hardware.reuses = 2;
  CHECK(compare(kernel, hardware).agrees());
  hardware.reuses = 3;
  CHECK_FALSE(compare(kernel, hardware).agrees());
}

TEST_CASE("A guest without tracepoints is not compared with anything") {
  CHECK_FALSE(compare(KernelFigures{}, InferredFigures{}).possible);
  InferredFigures hardware;
  hardware.copies = 4;
  CHECK(compare(KernelFigures{}, hardware).agrees());
}

// Translated accesses: stale entries stay and go as the TLB's contents say while the fast path is hot (DESIGN
// D4, D5), A and D bits, accesses that cross pages, MPRV, SUM and MXR.
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t pool = ram + 0x10'0000, frame_a = ram + 0x20'0000, frame_b = ram + 0x21'0000;
constexpr std::uint64_t page = 0x4000'0000;    // the page that the tests change
constexpr std::uint64_t window = 0x5000'0000;  // its PTE, as S-mode sees it
constexpr std::uint64_t mark_a = 0xaaaa, mark_b = 0xbbbb;

// A supervisor with its code mapped where it is, `page` → frame_a, and the page's PTE writable at s2; s1 =
// page, s3 = the PTE that maps frame_b instead.
struct Space {
  Bench& bench;
  PageTables tables;
  std::uint64_t pte_place, pte_offset;

  explicit Space(Bench& on, std::uint64_t flags = rwx) : bench(on), tables(on, pool) {
    tables.map(ram, ram, rwx, 1);
    pte_place = tables.map(page, frame_a, flags);
    pte_offset = pte_place & page_offset_mask;
    tables.map(window, pte_place & ~page_offset_mask, rwx);
    bench.poke(frame_a, mark_a);
    bench.poke(frame_b, mark_b);
  }
  void enter(Assembler& as, unsigned privilege = 1, std::uint64_t second_flags = rwx) {
    as.set_csr(Csr::satp, tables.satp(1));
    as.li(s1, page);
    as.li(s2, window + pte_offset);
    as.li(s3, pte_of(frame_b, second_flags));
    as.drop_to(privilege);
  }
};

enum class Way { all, address, asid, address_and_asid, sinval, other_address, other_asid, satp_write, none };

}  // namespace

TEST_CASE("a translation stays until a fence names it, also when the fast path serves it") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const Way way = GENERATE(values({Way::all, Way::address, Way::asid, Way::address_and_asid, Way::sinval,
                                   Way::other_address, Way::other_asid, Way::satp_write, Way::none}));
  const bool store = GENERATE(true, false);
  CAPTURE(static_cast<int>(way), store);
  Bench bench(engine);
  Space space(bench);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    for (unsigned i = 0; i < 4; ++i) as.ld(a0, s1);  // hot
    for (unsigned i = 0; i < 4; ++i) as.sd(a0, s1, 8);
    as.sd(s3, s2);  // the page now lies in frame_b; no shootdown
    as.ld(a1, s1);
    as.li(t0, page + 0x1000);
    as.li(t1, 1);
    as.li(t2, 2);
    switch (way) {
      case Way::all: as.sfence_vma(); break;
      case Way::address: as.sfence_vma(s1); break;
      case Way::asid: as.sfence_vma(zero, t1); break;
      case Way::address_and_asid: as.sfence_vma(s1, t1); break;
      case Way::sinval: as.sinval_vma(s1, t1); break;
      case Way::other_address: as.sfence_vma(t0); break;
      case Way::other_asid: as.sfence_vma(zero, t2); break;
      case Way::satp_write:
        as.csrr(t0, Csr::satp);
        as.csrw(Csr::satp, t0);
        break;
      case Way::none: break;
    }
    as.ld(a2, s1);
    as.li(a3, 0x77);
    if (store) as.sd(a3, s1, 16);
    as.ecall();
  });
  CHECK(trap.cause == cause::ecall_from_s);
  const bool fenced = way <= Way::sinval;
  CHECK(bench.x(a1) == mark_a);
  CHECK(bench.x(a2) == (fenced ? mark_b : mark_a));
  CHECK(bench.peek(frame_a + 16) == (store && !fenced ? 0x77 : 0));
  CHECK(bench.peek(frame_b + 16) == (store && fenced ? 0x77 : 0));
}

TEST_CASE("a global translation outlives a fence of its address space, and not one of all") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool by_asid = GENERATE(true, false);
  Bench bench(engine);
  Space space(bench, rwx | G);
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.sd(s3, s2);
    as.li(t1, 1);
    by_asid ? as.sfence_vma(zero, t1) : as.sfence_vma();
    as.ld(a2, s1);
    as.ecall();
  });
  CHECK(bench.x(a2) == (by_asid ? mark_a : mark_b));
}

TEST_CASE("another address space does not see the translations of the last, and finds its own again") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Space space(bench);
  PageTables other(bench, ram + 0x18'0000);
  other.map(ram, ram, rwx, 1);
  other.map(page, frame_b, rwx);
  trapped_by(bench, [&](Assembler& as) {
    as.li(s4, other.satp(2));
    as.li(s5, space.tables.satp(1));
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.csrw(Csr::satp, s4);
    as.ld(a1, s1);
    as.ld(a1, s1);
    as.csrw(Csr::satp, s5);
    as.ld(a2, s1);
    as.csrw(Csr::satp, zero);
    as.li(t0, frame_b);
    as.ld(a3, t0);
    as.ecall();
  });
  CHECK(bench.x(a0) == mark_a);
  CHECK(bench.x(a1) == mark_b);
  CHECK(bench.x(a2) == mark_a);
  CHECK(bench.x(a3) == mark_b);
  CHECK(bench.mmu_counters().walks == 4);  // code and page, once in each space
}

TEST_CASE("an evicted translation is walked for again, although the fast path knew it") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  MachineConfig config = bench_config();
  config.hart.mmu.dtlb = {2, 2, mmu::TlbConfig::fifo};
  Bench bench(engine, config);
  Space space(bench);
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.sd(s3, s2);  // second entry: the window
    as.ld(a1, s1);  // still the old one
    as.li(t0, ram);
    as.ld(t1, t0);  // third entry: evicts the page
    as.ld(a2, s1);
    as.ecall();
  });
  CHECK(bench.x(a1) == mark_a);
  CHECK(bench.x(a2) == mark_b);
}

TEST_CASE("code runs from a stale translation until a fence") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool fence = GENERATE(true, false);
  Bench bench(engine);
  Space space(bench);
  for (const auto& [frame, value] : {std::pair{frame_a, 1u}, std::pair{frame_b, 2u}}) {
    Assembler routine(page);
    routine.addi(a0, a0, value);
    routine.ret();
    bench.place(frame, routine);
  }
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.li(a0, 0);
    as.jalr(ra, s1);
    as.jalr(ra, s1);
    as.sd(s3, s2);
    if (fence) as.sfence_vma(s1);
    as.jalr(ra, s1);
    as.ecall();
  });
  CHECK(bench.x(a0) == (fence ? 4 : 3));
}

TEST_CASE("the first store to a clean page walks and sets D although loads are hot") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool hardware = GENERATE(true, false);
  MachineConfig config = bench_config();
  config.hart.adue_reset = hardware;
  Bench bench(engine, config);
  Space space(bench, V | R | W | A);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.sd(a0, s1, 8);
    as.sd(a0, s1, 16);
    as.ecall();
  });
  CHECK(trap.cause == (hardware ? cause::ecall_from_s : cause::store_page_fault));
  CHECK(((bench.peek(space.pte_place) & D) != 0) == hardware);
  if (hardware) {
    CHECK(bench.mmu_counters().ad_writes == 1);
    CHECK(bench.mmu_counters().rewalks == 1);
    CHECK(bench.peek(frame_a + 16) == mark_a);
  } else {
    CHECK(trap.tval == page + 8);
    CHECK(bench.peek(frame_a + 8) == 0);
  }
}

TEST_CASE("ADUE cleared while entries without D are held: the next store faults") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Space space(bench, V | R | W | A);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    const Label handler = as.label(), over = as.label();
    space.enter(as);
    as.j(over);
    as.bind(handler);
    as.bind(over);
    as.ld(a0, s1);
    as.ecall();  // recorded; the test changes ADUE below and goes on from S-mode
  });
  CHECK(trap.cause == cause::ecall_from_s);
  Bench second(engine);
  Space again(second, V | R | W | A);
  const TrapRecord fault = trapped_by(second, [&](Assembler& as) {
    // M-mode touches the page through MPRV, then clears ADUE and stores.
    as.set_csr(Csr::satp, again.tables.satp(1));
    as.li(s1, page);
    as.clear_bits(Csr::mstatus, mstatus::MPP);
    as.set_bits(Csr::mstatus, mstatus::MPRV | 1u << 11);
    as.ld(a0, s1);
    as.clear_bits(Csr::menvcfg, menvcfg::ADUE);
    as.clear_bits(Csr::mstatus, mstatus::MPRV);
    as.drop_to(1);
    as.ld(a0, s1);
    as.sd(a0, s1, 8);
    as.ecall();
  });
  CHECK(fault.cause == cause::store_page_fault);
  CHECK(fault.tval == page + 8);
}

TEST_CASE("SUM opens user pages to S-mode loads and stores and closes them again at once") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool sum = GENERATE(true, false);
  Bench bench(engine);
  Space space(bench, rwx | U);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mstatus, mstatus::SUM);
    as.li(s4, mstatus::SUM);
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.sd(a0, s1, 8);
    as.sd(a0, s1, 8);
    if (!sum) as.csrc(Csr::sstatus, s4);
    as.ld(a1, s1);
    as.ecall();
  });
  CHECK(bench.x(a0) == mark_a);
  CHECK(trap.cause == (sum ? cause::ecall_from_s : cause::load_page_fault));
}

TEST_CASE("SUM never opens user pages to S-mode fetches") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Space space(bench, rwx | U);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mstatus, mstatus::SUM);
    space.enter(as);
    as.jr(s1);
  });
  CHECK(trap.cause == cause::fetch_page_fault);
  CHECK(trap.tval == page);
}

TEST_CASE("MXR makes execute-only pages readable while it is set") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Space space(bench, V | X | A);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mstatus, mstatus::MXR);
    as.li(s4, mstatus::MXR);
    space.enter(as);
    as.ld(a0, s1);
    as.ld(a0, s1);
    as.csrc(Csr::sstatus, s4);
    as.ld(a1, s1);
  });
  CHECK(bench.x(a0) == mark_a);
  CHECK(trap.cause == cause::load_page_fault);
}

TEST_CASE("MPRV gives M-mode the loads and stores of MPP, not its fetches") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned mpp = GENERATE(0u, 1u, 3u);
  Bench bench(engine);
  Space space(bench, rwx | U);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::satp, space.tables.satp(1));
    as.li(s1, page);
    as.li(s4, mstatus::MPRV);
    as.clear_bits(Csr::mstatus, mstatus::MPP);
    as.set_bits(Csr::mstatus, std::uint64_t{mpp} << 11);
    as.csrs(Csr::mstatus, s4);
    as.ld(a0, s1);
    as.csrc(Csr::mstatus, s4);
  });
  if (mpp == 0) {
    CHECK(trap.count == 0);
    CHECK(bench.x(a0) == mark_a);
  } else {
    CHECK(trap.cause == (mpp == 1 ? cause::load_page_fault : cause::load_access));
    CHECK(trap.tval == page);
  }
}

TEST_CASE("a store that crosses into a bad page names that page and writes nothing") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool load = GENERATE(true, false);
  Bench bench(engine);
  Space space(bench);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.li(a0, ~std::uint64_t{0});
    as.li(t0, page + 0xffd);
    load ? as.ld(a0, t0) : as.sd(a0, t0);
  });
  CHECK(trap.cause == (load ? cause::load_page_fault : cause::store_page_fault));
  CHECK(trap.tval == page + 0x1000);
  CHECK(bench.peek(frame_a + 0xff8) == 0);
}

TEST_CASE("an access that crosses pages meets both frames") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Space space(bench);
  space.tables.map(page + 0x1000, frame_b, rwx);
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.li(a0, 0x1122334455667788);
    as.li(t0, page + 0xffd);
    as.sd(a0, t0);
    as.ld(a1, t0);
    as.lw(a2, t0, 1);
    as.ecall();
  });
  CHECK(bench.x(a1) == 0x1122334455667788);
  CHECK(bench.x(a2) == 0x44556677);
  CHECK(bench.peek(frame_a + 0xffd, 3) == 0x667788);
  CHECK(bench.peek(frame_b, 5) == 0x1122334455);
}

TEST_CASE("tree-PLRU sees every change of page, whoever else accesses in between") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool fetches_too = GENERATE(true, false);
  MachineConfig config = bench_config();
  config.hart.mmu.dtlb = {2, 2, mmu::TlbConfig::lru};
  Bench bench(engine, config);
  Space space(bench);
  space.tables.map(page + 0x2000, frame_b, rwx);
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.li(t0, page + 0x2000);
    as.li(t1, ram);
    as.ld(a0, s1);  // A
    as.ld(a0, t0);  // B
    if (fetches_too) as.fence_i();
    as.ld(a0, s1);  // A again: a hit that makes B the oldest
    as.ld(a0, t1);  // C evicts B
    as.ld(a0, s1);  // A is still there
    as.ecall();
  });
  CHECK(bench.mmu_counters().dtlb.misses == 3);
  CHECK(bench.mmu_counters().dtlb.evictions == 1);
}

TEST_CASE("an LRU entry that only a page-crossing access touched in between is not taken for the last one") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  MachineConfig config = bench_config();
  config.hart.mmu.dtlb = {3, 3, mmu::TlbConfig::lru};
  Bench bench(engine, config);
  Space space(bench);
  space.tables.map(page + 0x1000, frame_b, rwx);
  space.tables.map(page + 0x2000, frame_b, rwx);
  trapped_by(bench, [&](Assembler& as) {
    space.enter(as);
    as.li(t0, page + 0x1ffc);  // crosses from B to C
    as.li(t1, ram);
    as.ld(a0, s1);  // A
    as.ld(a0, t0);  // B, C
    as.ld(a0, s1);  // A is the youngest
    as.ld(a0, t0);  // B, C
    as.ld(a0, s1);  // A again the youngest: B is the oldest
    as.ld(a0, t1);  // D evicts B
    as.ld(a0, s1);  // hit
    as.ecall();
  });
  CHECK(bench.mmu_counters().dtlb.misses == 4);
}

TEST_CASE("an LRU I-TLB sees a return to a page although M-mode ran at that page's address in between") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  MachineConfig config = bench_config();
  config.hart.mmu.itlb = {2, 2, mmu::TlbConfig::lru};
  Bench bench(engine, config);
  constexpr std::uint64_t b = ram + 0x30'0000, c = page + 0x5000;  // b is also where M-mode's handler lies
  PageTables tables(bench, pool);
  tables.map(page, frame_a, rwx);
  tables.map(b, frame_b, rwx);
  tables.map(c, ram + 0x22'0000, rwx);
  Assembler in_a(page), in_b(b), in_c(c), handler(b);
  const Label again = in_a.label();
  in_a.jr(s4);
  in_a.bnez(s1, again);
  in_a.ecall();
  in_a.bind(again);
  in_a.jr(s5);
  in_a.ecall();
  in_b.jr(s4);
  in_c.jr(s6);
  const Label last = handler.label();
  handler.bnez(s1, last);
  handler.addi(s1, s1, 1);
  handler.csrw(Csr::mepc, s7);
  handler.mret();
  handler.bind(last);
  handler.finish();
  bench.place(frame_a, in_a);
  bench.place(frame_b, in_b);
  bench.place(ram + 0x22'0000, in_c);
  bench.place(handler);
  trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::satp, tables.satp());
    as.set_csr(Csr::mtvec, b);
    as.li(s4, page + 4);
    as.li(s5, c);
    as.li(s6, page + 16);
    as.li(s7, b);
    as.li(s1, 0);
    as.li(t0, page);
    as.csrw(Csr::mepc, t0);
    as.clear_bits(Csr::mstatus, mstatus::MPP);
    as.set_bits(Csr::mstatus, 1u << 11);
    as.mret();
  });
  CHECK(bench.x(s1) == 1);
  CHECK(bench.mmu_counters().itlb.misses == 3);  // a, b, c; on the way back a is held and b has gone
}

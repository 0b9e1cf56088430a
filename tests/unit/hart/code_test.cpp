// Fetching: instructions across pages, code that changes, and decoded code that must not outlive it.
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t pool = ram + 0x10'0000, frame = ram + 0x20'0000;
constexpr std::uint64_t page = 0x4000'0000;
constexpr std::uint32_t addi_a0(unsigned n) { return n << 20 | a0 << 15 | a0 << 7 | 0x13; }

}  // namespace

TEST_CASE("an instruction that crosses into a bad page faults with the second page's address") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool mapped = GENERATE(true, false);
  Bench bench(engine);
  PageTables tables(bench, pool);
  tables.map(ram, ram, rwx, 1);
  tables.map(page, frame, rwx);
  if (mapped) tables.map(page + 0x1000, frame + 0x5000, rwx);
  Assembler first(page + 0xffa);
  first.addi(a0, a0, 1);
  first.half(addi_a0(2) & 0xffff);
  bench.place(frame + 0xffa, first);
  Assembler second(page + 0x1000);
  second.half(addi_a0(2) >> 16);
  second.addi(a0, a0, 4);
  second.ecall();
  bench.place(frame + 0x5000, second);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::satp, tables.satp());
    as.li(s0, page + 0xffa);
    as.drop_to(1);
    as.li(a0, 0);
    as.jr(s0);
  });
  CHECK(trap.cause == (mapped ? cause::ecall_from_s : cause::fetch_page_fault));
  CHECK(bench.x(a0) == (mapped ? 7 : 1));
  if (!mapped) {
    CHECK(trap.epc == page + 0xffe);
    CHECK(trap.tval == page + 0x1000);
  }
}

TEST_CASE("straight code runs over page boundaries, whatever hart is interrupted there") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned harts = GENERATE(1u, 3u);
  Bench bench(engine, bench_config(harts));
  Assembler as(ram);
  as.li(a0, 0);
  while (as.here() < ram + 0x6000) as.addi(a0, a0, 1);
  as.csrr(t0, Csr::mhartid);
  const Label wait = as.bound();
  as.bnez(t0, wait);
  as.finish();
  bench.place(as);
  // Cut the run everywhere near the boundaries: each hart must find its place again.
  for (std::uint64_t limit = 1000; limit<3100; limit += limit % 1024> 1015 || limit % 1024 < 8 ? 1 : 37) {
    bench.run_for(limit);
    for (unsigned id = 0; id < harts; ++id)
      REQUIRE(bench.hart(id).pc == ram + 4 * bench.counters(id).instret);
  }
  bench.run();
  for (unsigned id = 0; id < harts; ++id) CHECK(bench.x(a0, id) == 0x6000 / 4 - 1);
}

TEST_CASE("code that changes itself runs as changed, with fence.i and here also without") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool fence = GENERATE(true, false);
  const bool same_block = GENERATE(true, false);
  Bench bench(engine);
  trapped_by(bench, [&](Assembler& as) {
    const Label patched = as.label(), over = as.label();
    as.li(a0, 0);
    as.la(t0, patched);
    as.li(t1, addi_a0(100));
    as.li(t2, 3);
    const Label loop = as.bound();
    as.sw(t1, t0);
    if (fence) as.fence_i();
    if (!same_block) as.j(over);
    as.bind(over);
    as.bind(patched);
    as.addi(a0, a0, 1);
    as.addi(t2, t2, -1);
    as.addi(t1, t1, 0);
    as.bnez(t2, loop);
  });
  CHECK(bench.x(a0) == 300);
}

TEST_CASE("data in the page of the code can be stored to and loaded from") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [&](Assembler& as) {
    const Label over = as.label(), words = as.label();
    as.j(over);
    as.align(8);
    as.bind(words);
    as.doubleword(0);
    as.bind(over);
    as.la(t0, words);
    as.li(t1, 1000);
    const Label loop = as.bound();
    as.ld(a0, t0);
    as.addi(a0, a0, 3);
    as.sd(a0, t0);
    as.addi(t1, t1, -1);
    as.bnez(t1, loop);
  });
  CHECK(bench.x(a0) == 3000);
}

TEST_CASE("a hart runs what another hart has written into its code, even inside the block it stands in") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned writer = GENERATE(0u, 1u);
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label write = as.label(), target = as.label();
  as.li(a0, 0);
  as.csrr(t0, Csr::mhartid);
  as.li(t1, writer);
  as.la(t2, target);
  as.li(t3, addi_a0(100));
  as.beq(t0, t1, write);
  // One long block; the writer replaces an instruction near its end while this hart is in the middle.
  as.nops(30);
  as.bind(target);
  as.addi(a0, a0, 1);
  as.finish();
  as.bind(write);
  as.nops(5);
  as.sw(t3, t2);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  bench.run();
  CHECK(bench.x(a0, 1 - writer) == 100);
}

TEST_CASE("decoded code that DMA overwrites is decoded again") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Assembler as(ram);
  const Label loop = as.bound();
  const std::uint64_t place = as.here();
  as.addi(a0, a0, 1);
  as.j(loop);
  bench.place(as);
  bench.run_for(100);
  CHECK(bench.x(a0) == 50);
  bench.poke(place, addi_a0(1000), 4);
  bench.machine().system().written(nullptr, 0, place, 4);
  bench.run_for(102);
  CHECK(bench.x(a0) == 1050);
}

TEST_CASE("blocks that were dropped are freed while the program runs") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label patched = as.label(), other = as.label();
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, other);
  as.la(t0, patched);
  as.li(t1, addi_a0(1));
  as.li(t2, 30'000);
  const Label loop = as.bound();
  as.sw(t1, t0);
  as.j(patched);
  as.bind(patched);
  as.nop();
  as.addi(t2, t2, -1);
  as.bnez(t2, loop);
  as.finish();
  as.bind(other);
  as.nops(3);
  as.j(other);
  bench.place(as);
  bench.run(10'000'000);
  CHECK(bench.x(a0) == 30'000);
  CHECK(bench.counters().blocks_decoded > 90'000);
  // Collection happens when the host is polled.
  bench.machine().system().poll_at = 0;
  Assembler rest(ram + 0x3000);
  rest.finish();
  bench.place(rest);
  bench.hart().pc = ram + 0x3000;
  bench.run(20'000'000);
  CHECK_FALSE(bench.machine().system().code.wants_collection());
}

TEST_CASE("an interrupt handler at the address of the interrupted instruction is another instruction") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const auto at = GENERATE(range(60, 110));
  Bench bench(engine, bench_config(1, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  constexpr std::uint64_t handler_page = ram + 0x30'0000;
  PageTables tables(bench, pool);
  tables.map(ram, ram, rwx, 1);
  tables.map(handler_page, frame, rwx);
  Assembler supervisor(handler_page);
  for (unsigned i = 0; i < 60; ++i) supervisor.addi(s1, s1, 1);
  const Label spin = supervisor.bound();
  supervisor.j(spin);
  bench.place(frame, supervisor);
  Assembler handler(handler_page + 0x40);
  handler.addi(s0, s0, 1);
  handler.csrr(s2, Csr::mepc);
  handler.finish();
  bench.place(handler);
  trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::satp, tables.satp());
    as.set_csr(Csr::mtvec, handler_page + 0x40);
    as.set_csr(Csr::mie, irq::MTIP);
    as.li(t0, 0x200'4000);
    as.li(t1, static_cast<std::uint64_t>(at));
    as.sd(t1, t0);
    as.li(s0, 0);
    as.li(s1, 0);
    as.li(t0, handler_page);
    as.csrw(Csr::mepc, t0);
    as.clear_bits(Csr::mstatus, mstatus::MPP);
    as.set_bits(Csr::mstatus, 1u << 11);
    as.mret();
  });
  CHECK(bench.x(s0) == 1);
  CHECK(bench.x(s2) == handler_page + 4 * bench.x(s1));
}

TEST_CASE("a page-table entry that the walker changes right ahead of the pc is fetched as changed") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  PageTables tables(bench, pool);
  constexpr std::uint64_t va = page + 0x10'0000;
  const std::uint64_t entry = tables.map(va, frame, V | R | W);  // A and D are clear
  Assembler load(entry - 4);
  load.ld(a0, s1);
  bench.place(load);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::satp, tables.satp());
    as.li(s1, va);
    as.li(s2, entry - 4);
    as.clear_bits(Csr::mstatus, mstatus::MPP);
    as.set_bits(Csr::mstatus, mstatus::MPRV | 1u << 11);
    as.jr(s2);
  });
  CHECK(trap.cause == cause::illegal_instruction);  // FS is Off: both forms are floating point
  CHECK(trap.epc == entry);
  CHECK(trap.tval == (pte_of(frame, V | R | W | A) & 0xffffffff));
}

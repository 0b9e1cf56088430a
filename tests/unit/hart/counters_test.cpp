// Counters and their CSRs (privileged specification 3.1.10 to 3.1.12; Zicntr).
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

TEST_CASE("the instruction behind a write to mcycle or minstret reads the value written") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    as.li(a0, 1000);
    as.csrw(Csr::mcycle, a0);
    as.csrr(s0, Csr::mcycle);
    as.csrr(s1, Csr::mcycle);
    as.csrw(Csr::minstret, a0);
    as.csrr(s2, Csr::minstret);
    as.csrr(s3, Csr::minstret);
  });
  CHECK(bench.x(s0) == 1000);
  CHECK(bench.x(s1) == 1001);
  CHECK(bench.x(s2) == 1000);
  CHECK(bench.x(s3) == 1001);
}

TEST_CASE("mcountinhibit stops the counters it names, and they go on from where they stood") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    as.csrw(Csr::mcycle, zero);
    as.csrw(Csr::minstret, zero);     // mcycle 0 here
    as.csrwi(Csr::mcountinhibit, 4);  // mcycle 1, minstret 0: this one still counts
    as.csrr(s0, Csr::minstret);       // 1
    as.csrr(s1, Csr::mcycle);         // 3
    as.csrwi(Csr::mcountinhibit, 5);  // rewriting does not count either
    as.csrr(s2, Csr::minstret);       // 1
    as.csrr(s3, Csr::mcycle);         // 5, frozen
    as.nops(3);
    as.csrr(s4, Csr::mcycle);  // 5
    as.li(a0, 77);
    as.csrw(Csr::mcycle, a0);
    as.csrw(Csr::mcountinhibit, zero);  // does not count itself
    as.csrr(s5, Csr::mcycle);           // 77
    as.csrr(s6, Csr::minstret);         // 2: the csrr before
  });
  CHECK(bench.x(s0) == 1);
  CHECK(bench.x(s1) == 3);
  CHECK(bench.x(s2) == 1);
  CHECK(bench.x(s3) == 5);
  CHECK(bench.x(s4) == 5);
  CHECK(bench.x(s5) == 77);
  CHECK(bench.x(s6) == 2);
}

TEST_CASE("mcounteren opens counters to S-mode, and scounteren on top of it to U-mode") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned privilege = GENERATE(0u, 1u);
  const unsigned m_enable = GENERATE(0u, 7u), s_enable = GENERATE(0u, 7u);
  const Csr counter = GENERATE(values({Csr::cycle, Csr::time, Csr::instret}));
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mcounteren, m_enable);
    as.set_csr(Csr::scounteren, s_enable);
    as.drop_to(privilege);
    as.csrr(a0, counter);
    as.ecall();
  });
  const bool open = m_enable != 0 && (privilege == 1 || s_enable != 0);
  CHECK(trap.cause == (open ? cause::ecall_from_u + privilege : cause::illegal_instruction));
}

TEST_CASE("without Zicntr the unprivileged counters do not exist") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const Csr counter = GENERATE(values({Csr::cycle, Csr::instret, Csr::hpmcounter3}));
  Bench bench(engine, bench_config(1, {"hart.isa=\"rv64ima_zicsr\""}));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) { as.csrr(a0, counter); });
  CHECK(trap.cause == cause::illegal_instruction);
}

TEST_CASE("instret leaves out what traps") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Assembler as(ram);
  const Label handler = as.label(), after = as.label();
  as.la(t6, handler);
  as.csrw(Csr::mtvec, t6);
  as.csrw(Csr::minstret, zero);
  as.nop();    // 0
  as.ecall();  // does not retire
  as.bind(after);
  as.finish();
  as.align(4);
  as.bind(handler);
  as.csrr(s0, Csr::minstret);  // 1
  as.la(t6, after);
  as.csrw(Csr::mepc, t6);
  as.mret();
  bench.place(as);
  bench.run();
  CHECK(bench.x(s0) == 1);
}

TEST_CASE("loads, stores and TLB hits are counted the same in fast and slow paths") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  PageTables tables(bench, ram + 0x10'0000);
  tables.map(0x4000'0000, ram, rwx);
  tables.map(0x4000'1000, ram + 0x20'0000, rwx);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(s0, tables.satp(1));
    as.csrw(Csr::satp, s0);
    as.li(s1, 0x4000'1000);
    as.li(s2, 0x4000'0000 - ram);
    as.drop_to(1);  // identity no longer holds: the code is mapped at 0x40000000, so jump there first
    as.nop();
  });
  // S-mode at a physical address under Sv39 is a fetch page fault; nothing else was counted.
  CHECK(trap.cause == cause::fetch_page_fault);
  CHECK(bench.mmu_counters().itlb.misses == 1);
  CHECK(bench.mmu_counters().itlb.hits == 0);

  Bench second(engine);
  PageTables again(second, ram + 0x10'0000);
  again.map(ram, ram, rwx);
  again.map(0x4000'1000, ram + 0x20'0000, rwx);
  const TrapRecord end = trapped_by(second, [&](Assembler& as) {
    as.li(s0, again.satp(1));
    as.csrw(Csr::satp, s0);
    as.li(s1, 0x4000'1000);
    as.drop_to(1);
    for (unsigned i = 0; i < 10; ++i) as.ld(a0, s1, 8 * i);
    for (unsigned i = 0; i < 5; ++i) as.sd(a0, s1, 8 * i);
    as.ld(a0, s1, 0xff - 0xff);
    as.ecall();
  });
  CHECK(end.cause == cause::ecall_from_s);
  const mmu::UnitCounters& u = second.mmu_counters();
  CHECK(u.dtlb.misses == 1);
  CHECK(u.dtlb.hits == 15);
  CHECK(u.itlb.misses == 1);
  CHECK(u.itlb.hits == 16);  // 17 instructions were fetched in S-mode, the ecall among them
}

TEST_CASE("the machine can be switched off in the cycle in which a counter asks for another engine") {
  const auto delay = GENERATE(range(0, 12));
  Bench bench(Engine::fast, bench_config(2));
  Assembler as(ram);
  const Label second = as.label();
  as.li(a0, 0x100);  // retired ALU instructions: instructions must be looked at one by one
  as.li(t5, 0x5555);
  as.li(t6, 0x10'0000);
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, second);
  as.nops(5);
  as.csrw(Csr::mhpmevent3, a0);
  const Label spin = as.bound();
  as.nops(40);
  as.j(spin);
  as.bind(second);
  as.nops(static_cast<unsigned>(delay));
  as.sw(t5, t6);
  as.nops(40);
  as.j(spin);
  bench.place(as);
  bench.run(10'000);
  CHECK(bench.counters(0).cycles < 40);
}

TEST_CASE("clocks go on through changes of engine for the counters' sake") {
  const auto delay = GENERATE(range(0, 8));
  Bench bench(Engine::fast, bench_config(3));
  Assembler as(ram);
  const Label others = as.label();
  as.li(a0, 0x100);
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, others);
  as.csrw(Csr::mhpmevent3, a0);
  as.nops(10 + static_cast<unsigned>(delay));
  as.csrr(a1, Csr::mhpmcounter3);
  as.csrw(Csr::mhpmevent3, zero);
  as.csrr(a2, Csr::mcycle);
  as.nops(20);
  as.finish();
  as.bind(others);
  const Label spin = as.bound();
  as.nops(50);
  as.j(spin);
  bench.place(as);
  bench.run(10'000);
  CHECK(bench.x(a1) == 10u + static_cast<unsigned>(delay));
  for (unsigned id = 0; id < 3; ++id) {
    CHECK(bench.counters(id).cycles == bench.counters(id).instret);
    CHECK(bench.counters(id).cycles + 1 >= bench.counters(0).cycles);
    CHECK(bench.counters(id).cycles <= bench.counters(0).cycles);
  }
}

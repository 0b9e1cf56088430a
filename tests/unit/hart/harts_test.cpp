// Several harts: reservations, order, sleep and waking, and how a run ends.
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t clint = 0x200'0000, shared = ram + 0x20'0000;

// Code for each hart behind one another; each begins at its own label.
void dispatch(Assembler& as, std::initializer_list<Label> places) {
  as.csrr(t0, Csr::mhartid);
  unsigned id = 0;
  for (const Label place : places) {
    as.li(t1, id++);
    as.beq(t0, t1, place);
  }
}

}  // namespace

TEST_CASE(
    "a reservation is lost to another hart's store, also when the fast path would serve it, and not to a "
    "load") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned kind = GENERATE(0u, 1u, 2u, 3u, 4u, 5u);
  CAPTURE(kind);
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label first = as.label(), second = as.label();
  dispatch(as, {first, second});
  as.bind(first);
  as.li(s0, shared);
  as.nops(4);
  as.lr_d(a0, s0);
  as.nops(20);
  as.sc_d(a1, s0, s0);
  as.finish();
  as.bind(second);
  as.li(s0, shared);
  as.sd(zero, s0, 64);  // the page is hot for stores
  as.sd(zero, s0, 64);
  as.nops(10);
  switch (kind) {
    case 0: as.sd(zero, s0); break;
    case 1: as.sb(zero, s0, 7); break;
    case 2: as.amoadd_w(a0, s0, zero); break;
    case 3: as.sd(zero, s0, 8); break;  // the next granule
    case 4: as.ld(a0, s0); break;
    case 5: as.sd(zero, s0, -4); break;  // misaligned, reaches in
  }
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  bench.run();
  const bool lost = kind == 0 || kind == 1 || kind == 2 || kind == 5;
  CHECK(bench.x(a1) == (lost ? 1 : 0));
  CHECK(bench.peek(shared) == (lost ? 0 : shared));
  CHECK(bench.counters().sc_failed == (lost ? 1 : 0));
}

TEST_CASE("an SC fails without LR, at another address, and after an SC, and an own store does not matter") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    as.li(s0, shared);
    as.li(s1, shared + 64);
    as.sc_d(a0, s0, s0);  // no reservation
    as.lr_d(t0, s0);
    as.sc_d(a1, s1, s0);  // elsewhere
    as.sc_d(a2, s0, s0);  // the failed SC took the reservation
    as.lr_d(t0, s0);
    as.sd(zero, s0);
    as.sc_d(a3, s0, s0);  // an own store in between is allowed to succeed
    as.lr_w(t0, s0);
    as.sc_w(a4, s0, s0);
    as.sc_w(a5, s0, s0);
  });
  CHECK(bench.x(a0) == 1);
  CHECK(bench.x(a1) == 1);
  CHECK(bench.x(a2) == 1);
  CHECK(bench.x(a3) == 0);
  CHECK(bench.x(a4) == 0);
  CHECK(bench.x(a5) == 1);
  CHECK(bench.peek(shared + 64) == 0);
}

TEST_CASE("DMA into a reserved granule breaks the reservation") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Assembler as(ram);
  as.li(s0, shared);
  as.lr_d(a0, s0);
  as.nops(100);
  as.sc_d(a1, s0, s0);
  as.finish();
  bench.place(as);
  bench.run_for(50);
  REQUIRE(bench.hart().reservation_valid);
  bench.machine().system().written(nullptr, 0, shared + 4, 4);
  bench.run();
  CHECK(bench.x(a1) == 1);
}

TEST_CASE("in each cycle every hart executes one instruction, in the order of ids") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned harts = GENERATE(2u, 5u, 64u);
  Bench bench(engine, bench_config(harts));
  Assembler as(ram);
  as.li(s0, shared);
  as.li(s1, 1);
  for (Reg reg = a0; reg <= a7; ++reg) as.amoadd_d(reg, s0, s1);
  const Label last = as.label();
  as.csrr(t0, Csr::mhartid);
  as.li(t1, harts - 1);
  as.beq(t0, t1, last);
  const Label spin = as.bound();
  as.j(spin);
  as.bind(last);
  as.finish();
  bench.place(as);
  bench.run();
  for (unsigned id = 0; id < harts; ++id) {
    for (unsigned i = 0; i < 8; ++i) REQUIRE(bench.x(a0 + i, id) == i * harts + id);
  }
}

TEST_CASE("an IPI wakes a hart into the slot behind the one that sent it") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned sender = GENERATE(0u, 1u);
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label sleeper = as.label();
  as.set_csr(Csr::mie, irq::MSIP);
  as.li(s0, clint + 4 * (1 - sender));
  as.li(s1, 1);
  as.csrr(t0, Csr::mhartid);
  as.li(t1, 1 - sender);
  as.beq(t0, t1, sleeper);
  as.nops(50);
  as.csrr(a0, Csr::mcycle);
  as.sw(s1, s0);
  as.nops(20);
  as.finish();
  as.bind(sleeper);
  as.wfi();
  as.csrr(a0, Csr::mcycle);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  bench.run();
  const std::uint64_t sent = bench.x(a0, sender) + 1;  // the cycle of the store
  CHECK(bench.x(a0, 1 - sender) == sent + (sender == 1 ? 1 : 0));
  const HartCounters& c = bench.counters(1 - sender);
  CHECK(c.cycles == c.instret + c.wfi_cycles);
}

TEST_CASE("harts that sleep together and whose timers meet wake in the same cycle") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned harts = GENERATE(1u, 3u, 8u);
  Bench bench(engine, bench_config(harts, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  Assembler as(ram);
  as.set_csr(Csr::mie, irq::MTIP);
  as.csrr(t0, Csr::mhartid);
  as.slli(t1, t0, 3);
  as.li(s0, clint + 0x4000);
  as.add(s0, s0, t1);
  as.li(t2, 3000);
  as.sd(t2, s0);
  const Label delay = as.bound();  // larger ids fall asleep earlier
  as.addi(t1, t1, 8);
  as.li(t2, 100);
  as.blt(t1, t2, delay);
  as.wfi();
  as.csrr(a0, Csr::mcycle);
  as.nops(10);
  const Label spin = as.label();
  as.bnez(t0, spin);
  as.finish();
  as.bind(spin);
  as.j(spin);
  bench.place(as);
  bench.run();
  for (unsigned id = 0; id < harts; ++id) CHECK(bench.x(a0, id) == 3000);
}

TEST_CASE("the run ends with a diagnosis when all harts sleep for ever") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned harts = GENERATE(1u, 4u);
  Bench bench(engine, bench_config(harts));
  Assembler as(ram);
  as.nops(3);
  as.wfi();
  bench.place(as);
  const RunResult result = bench.run_for(~std::uint64_t{0});
  CHECK(result.stop == Stop::deadlock);
  CHECK(result.exit_status != 0);
  CHECK(result.diagnosis.find("asleep in wfi") != std::string::npos);
  for (unsigned id = 0; id < harts; ++id) CHECK(bench.counters(id).cycles == 4);
}

TEST_CASE(
    "the run ends with a diagnosis when a hart traps for ever, and all harts stand where they were then") {
  const unsigned harts = GENERATE(1u, 3u);
  Bench fast(Engine::fast, bench_config(harts)), observed(Engine::observed, bench_config(harts));
  for (Bench* bench : {&fast, &observed}) {
    Assembler as(ram);
    const Label trap = as.label();
    as.csrr(t0, Csr::mhartid);
    as.beqz(t0, trap);
    const Label spin = as.bound();
    for (unsigned i = 0; i < 37; ++i) as.addi(a0, a0, 1);
    as.j(spin);
    as.bind(trap);
    as.csrw(Csr::mtvec, zero);
    as.word(0);
    bench->place(as);
    const RunResult result = bench->run_for(1'000'000);
    CHECK(result.stop == Stop::trap_loop);
    CHECK(result.diagnosis.find("instruction access fault") != std::string::npos);
  }
  for (unsigned id = 0; id < harts; ++id) {
    CHECK(fast.counters(id).cycles == observed.counters(id).cycles);
    CHECK(fast.x(a0, id) == observed.x(a0, id));
  }
}

TEST_CASE("the guest's exit status is the run's") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned status = GENERATE(0u, 1u, 42u);
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  as.finish(status);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  const RunResult result = bench.run_for(1000);
  CHECK(result.stop == Stop::power_off);
  CHECK(result.exit_status == static_cast<int>(status));
}

TEST_CASE("limits stop a run exactly, at any value, without wrapping round") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label loop = as.bound();
  as.nops(11);
  as.j(loop);
  bench.place(as);
  for (std::uint64_t at = 1; at < 100; at += 7) {
    CHECK(bench.run_for(at).stop == Stop::limit);
    CHECK(bench.counters(0).cycles == at);
    CHECK(bench.counters(1).cycles == at);
  }
  RunLimits limits;
  limits.max_instret = 150;
  CHECK(bench.machine().run(limits).stop == Stop::limit);
  CHECK(bench.counters(0).instret == 150);
  limits.max_instret = ~std::uint64_t{0} - 1;  // unretired cycles must not wrap it
  bench.hart(0).unretired += 5;
  bench.hart(0).clock += 5;
  bench.hart(1).unretired += 5;
  bench.hart(1).clock += 5;
  limits.max_cycles = 400;
  CHECK(bench.machine().run(limits).stop == Stop::limit);
  CHECK(bench.counters(0).cycles == 400);
  CHECK(bench.counters(0).instret == 395);
}

TEST_CASE("the host may end a run") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label loop = as.bound();
  as.j(loop);
  bench.place(as);
  unsigned asked = 0;
  RunLimits limits;
  limits.keep_going = [&] { return ++asked < 3; };
  const RunResult result = bench.machine().run(limits);
  CHECK(result.stop == Stop::interrupted);
  CHECK(asked == 3);
}

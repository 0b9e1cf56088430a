// What a hart may wait for without a fence or a spin: the loss of its reservation (Zawrs), and a PTE that has become valid
// (Svvptc).
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t clint = 0x200'0000, shared = ram + 0x20'0000;

Engine either_engine() { return GENERATE(values({Engine::fast, Engine::observed})); }

// The hart `waiter` of two reserves `shared`, waits, and notes when it goes on; the other runs `body` and ends the run. Both
// find `shared` in s0; the waiter leaves in a0 the cycle in which it went on, the other in a0 what it likes.
template <class Wait, class Body>
void run_pair(Bench& bench, unsigned waiter, Wait wait, Body body) {
  Assembler as(ram);
  const Label waits = as.label();
  as.li(s0, shared);
  as.sd(zero, s0, 64);  // the page is hot for stores
  as.csrr(t0, Csr::mhartid);
  as.li(t1, waiter);
  as.beq(t0, t1, waits);
  as.nops(60);
  body(as);
  as.nops(30);
  as.finish();
  as.bind(waits);
  as.lr_d(t2, s0);
  wait(as);
  as.csrr(a0, Csr::mcycle);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  bench.run();
}

MachineConfig machine_on_bench(const std::string& name) {
  const std::vector<std::string> overrides{"memory=16M", "harts=1"};
  MachineConfig config = load_machine(name, overrides);
  config.platform.uart_output = -1;
  config.hart.reset_pc = ram;
  return config;
}

void wait_long(Assembler& as) { as.wrs_nto(); }

}  // namespace

TEST_CASE(
    "wrs.nto sleeps until another hart stores to the reserved granule, and goes on in the slot behind") {
  const Engine engine = either_engine();
  const unsigned waiter = GENERATE(0u, 1u), kind = GENERATE(0u, 1u, 2u, 3u, 4u);
  CAPTURE(waiter, kind);
  Bench bench(engine, bench_config(2));
  run_pair(bench, waiter, wait_long, [&](Assembler& as) {
    as.lr_d(t2, s0);  // for the store-conditional
    as.csrr(a0, Csr::mcycle);
    if (kind == 0) as.sd(s0, s0);
    if (kind == 1) as.sb(s0, s0, 7);
    if (kind == 2) as.amoadd_w(t2, s0, zero);
    if (kind == 3) as.sd(s0, s0, -4);  // misaligned, reaches in
    if (kind == 4) as.sc_d(t2, s0, s0);
  });
  const std::uint64_t stored = bench.x(a0, 1 - waiter) + 1;
  CHECK(bench.x(a0, waiter) == stored + (waiter == 0 ? 1 : 0));
  const HartCounters& c = bench.counters(waiter);
  CHECK(c.wfi_cycles > 40);
  CHECK(c.cycles == c.instret + c.wfi_cycles);
}

TEST_CASE("neither a load nor a store beside the granule ends the wait; wrs.sto ends it by itself") {
  const Engine engine = either_engine();
  const bool shortly = GENERATE(false, true);
  Bench bench(engine, bench_config(2));
  run_pair(
      bench, 1, [&](Assembler& as) { shortly ? as.wrs_sto() : as.wrs_nto(); },
      [](Assembler& as) {
        as.sd(s0, s0, 8);
        as.sd(s0, s0, -8);
        as.ld(t2, s0);
        as.li(t2, 2000);
        const Label loop = as.bound();
        as.addi(t2, t2, -1);
        as.bnez(t2, loop);
        as.csrr(a0, Csr::mcycle);
        as.sd(s0, s0);
      });
  const std::uint64_t stored = bench.x(a0, 0) + 1;
  REQUIRE(stored > 4000);
  if (shortly) {
    CHECK(bench.counters(1).wfi_cycles > 900);
    CHECK(bench.x(a0, 1) < 1100);
  } else {
    CHECK(bench.x(a0, 1) == stored);
  }
}

TEST_CASE("a lone hart's wrs.sto ends, and its wrs.nto ends with an interrupt, be it disabled") {
  const Engine engine = either_engine();
  const bool shortly = GENERATE(false, true);
  Bench bench(engine, bench_config(1, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  trapped_by(bench, [&](Assembler& as) {
    as.csrwi(Csr::mie, 0);
    as.li(s0, clint + 0x4000);
    as.li(t2, 5000);
    as.sd(t2, s0);
    as.li(s0, shared);
    as.lr_d(t2, s0);
    shortly ? as.wrs_sto() : as.wrs_nto();
    as.csrr(a0, Csr::mcycle);
  });
  if (shortly) CHECK(bench.x(a0) < 1200);
  CHECK(bench.x(a0) >= (shortly ? 1000 : 5000));
  CHECK(bench.x(a0) < 5010);
}

TEST_CASE("wrs does not wait without a reservation, nor while an interrupt is pending") {
  const Engine engine = either_engine();
  const unsigned why = GENERATE(0u, 1u, 2u);
  Bench bench(engine);
  trapped_by(bench, [&](Assembler& as) {
    as.li(s0, shared);
    if (why != 0) as.lr_d(t2, s0);
    if (why == 1) as.sc_d(t2, s0, s0);
    if (why == 2) as.set_bits(Csr::mip, irq::SSIP);
    as.wrs_nto();
    as.wrs_sto();
  });
  CHECK(bench.counters().wfi_cycles == 0);
}

TEST_CASE("a device's write ends the wait") {
  const Engine engine = either_engine();
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  const Label spin = as.label();
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, spin);
  as.li(s0, shared);
  as.lr_d(t2, s0);
  as.wrs_nto();
  as.finish();
  as.bind(spin);
  as.j(spin);
  bench.place(as);
  bench.run_for(500);
  REQUIRE(bench.hart().sleeping);
  bench.machine().system().written(nullptr, 0, shared + 16, 4);
  REQUIRE(bench.hart().sleeping);
  bench.machine().system().written(nullptr, 0, shared + 4, 4);
  CHECK(!bench.hart().sleeping);
  bench.run();
}

TEST_CASE("TW traps a wrs.nto that would wait, below M-mode, and no wrs.sto") {
  const Engine engine = either_engine();
  const bool on = GENERATE(true, false), reserved = GENERATE(true, false), shortly = GENERATE(true, false);
  const unsigned privilege = GENERATE(0u, 1u);
  Bench bench(engine, bench_config(1, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(s0, clint + 0x4000);
    as.li(t2, 5000);
    as.sd(t2, s0);  // so that the wait ends
    if (on) as.set_bits(Csr::mstatus, mstatus::TW);
    as.li(s0, shared);
    as.drop_to(privilege);
    if (reserved) as.lr_d(t2, s0);
    shortly ? as.wrs_sto() : as.wrs_nto();
    as.ecall();
  });
  const auto call = privilege == 0 ? cause::ecall_from_u : cause::ecall_from_s;
  CHECK(trap.cause == (on && reserved && !shortly ? cause::illegal_instruction : call));
}

TEST_CASE("without Zawrs, and so on a machine as cva6, its instructions are illegal") {
  const Engine engine = either_engine();
  const bool shortly = GENERATE(true, false);
  Bench bench(engine, machine_on_bench("cva6"));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) { shortly ? as.wrs_sto() : as.wrs_nto(); });
  CHECK(trap.cause == cause::illegal_instruction);
}

TEST_CASE("a run in which all harts wait on reservations for ever ends, and says in what they sleep") {
  const Engine engine = either_engine();
  Bench bench(engine, bench_config(2));
  Assembler as(ram);
  as.li(s0, shared);
  as.lr_d(t2, s0);
  as.wrs_nto();
  bench.place(as);
  const RunResult result = bench.run_for(~std::uint64_t{0});
  CHECK(result.stop == Stop::deadlock);
  CHECK(result.diagnosis.find("asleep in wrs") != std::string::npos);
}

namespace {

constexpr std::uint64_t finisher = 0x10'0000, page = 0x4000'0000, data = ram + 0x40'0000,
                        tables = ram + 0x80'0000;

// S-mode behind page tables in which `page` is not mapped yet; a fault in M-mode's handler tries again, counting in s3.
template <class Body>
void run_translated(Bench& bench, PageTables& pages, Body body) {
  pages.map(ram, ram, rwx, 2);
  pages.map(finisher, finisher, V | R | W | A | D);
  bench.poke(data, 42);
  Assembler as(ram);
  const Label handler = as.label();
  as.la(t6, handler);
  as.csrw(Csr::mtvec, t6);
  open_pmp(as);
  as.set_csr(Csr::satp, pages.satp());
  as.sfence_vma();
  as.set_csr(Csr::mcounteren, 1);  // cycle
  as.li(s3, 0);
  body(as, handler);
  bench.place(as);
  bench.run();
}

}  // namespace

TEST_CASE(
    "a PTE that a fault's handler makes valid is seen by the next try, without a fence, whatever holds the "
    "tables") {
  const Engine engine = either_engine();
  const std::string machine = GENERATE(as<std::string>{}, "virt", "small-tlb");
  const unsigned level = GENERATE(0u, 1u, 2u);
  CAPTURE(machine, level);
  Bench bench(engine, machine_on_bench(machine));
  PageTables pages(bench, tables);
  const std::uint64_t pte = pages.place_of(page, level);
  // Level 0: the leaf becomes valid. Above it: the pointer to a table whose leaf is valid already.
  std::uint64_t valid = pte_of(data, V | R | W | A | D);
  if (level != 0) {
    pages.map(page, data, V | R | W | A | D);
    valid = bench.peek(pte);
    bench.poke(pte, 0);
  }
  run_translated(bench, pages, [&](Assembler& as, Label handler) {
    as.li(s1, pte);
    as.li(s2, valid);
    as.li(s0, page);
    as.drop_to(1);
    as.ld(a0, s0);
    as.finish();
    as.align(4);
    as.bind(handler);
    as.addi(s3, s3, 1);
    as.sd(s2, s1);
    as.mret();
  });
  CHECK(bench.x(a0) == 42);
  CHECK(bench.x(s3) == 1);
}

TEST_CASE("a PTE that another hart makes valid is seen in time without a fence or an interrupt") {
  const Engine engine = either_engine();
  Bench bench(engine, bench_config(2));
  PageTables pages(bench, tables);
  const std::uint64_t pte = pages.place_of(page);
  run_translated(bench, pages, [&](Assembler& as, Label handler) {
    const Label reader = as.label();
    as.li(s0, page);
    as.csrr(t0, Csr::mhartid);
    as.bnez(t0, reader);
    as.li(s1, pte);
    as.li(s2, pte_of(data, V | R | W | A | D));
    as.nops(300);
    as.csrr(a0, Csr::mcycle);
    as.sd(s2, s1);
    const Label spin = as.bound();
    as.j(spin);
    as.bind(reader);
    as.drop_to(1);
    as.ld(a1, s0);
    as.csrr(a0, Csr::cycle);
    as.finish();
    as.align(4);
    as.bind(handler);
    as.addi(s3, s3, 1);
    as.mret();
  });
  CHECK(bench.x(a1, 1) == 42);
  CHECK(bench.x(s3, 1) > 50);                         // it had tried in vain before …
  CHECK(bench.x(a0, 1) - (bench.x(a0, 0) + 1) < 20);  // … and soon after the store did not
}

// Programmable counters (Zihpm, Sscofpmf): what they count, when they stop, and that they say when they overflow.
#include <catch2/catch.hpp>

#include "emu/hart/hpm.hpp"
#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr Csr event_csr(unsigned counter) {
  return static_cast<Csr>(static_cast<unsigned>(Csr::mhpmevent3) + counter - 3);
}
constexpr Csr counter_csr(unsigned counter) {
  return static_cast<Csr>(static_cast<unsigned>(Csr::mhpmcounter3) + counter - 3);
}
constexpr std::uint64_t of_unit(isa::Unit unit) {
  return static_cast<std::uint64_t>(hpm::Event::retired_by_unit) + static_cast<unsigned>(unit);
}
constexpr std::uint64_t number(hpm::Event event) { return static_cast<std::uint64_t>(event); }

void select(Assembler& as, unsigned counter, std::uint64_t event) { as.set_csr(event_csr(counter), event); }

// Ten rounds of a load, a store, an addition and a branch back.
void ten_rounds(Assembler& as) {
  as.li(a0, ram + 0x9000);
  as.li(t0, 10);
  const Label again = as.bound();
  as.ld(a1, a0);
  as.sd(a1, a0, 8);
  as.addi(t0, t0, -1);
  as.bnez(t0, again);
}

}  // namespace

TEST_CASE("a counter counts other events than its selector says") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    select(as, 3, of_unit(isa::Unit::branch));
    select(as, 4, number(hpm::Event::taken_branches));
    select(as, 5, of_unit(isa::Unit::load));
    select(as, 6, number(hpm::Event::stores));
    select(as, 7, number(hpm::Event::loads));
    select(as, 8, number(hpm::Event::instructions));
    select(as, 9, number(hpm::Event::cycles));
    as.csrw(counter_csr(8), zero);
    as.csrw(counter_csr(9), zero);
    as.nops(7);
    as.csrr(s2, counter_csr(8));
    as.csrr(s3, counter_csr(9));
    ten_rounds(as);
    for (unsigned i = 0; i < 5; ++i) as.csrr(s4 + i, counter_csr(3 + i));
  });
  CHECK(bench.x(s2) == 8);  // between the write and the read: another CSR write and seven nops
  CHECK(bench.x(s3) == 8);
  CHECK(bench.x(s4) == 10);
  CHECK(bench.x(s5) == 9);
  CHECK(bench.x(s6) == 10);
  CHECK(bench.x(s7) == 10);
  CHECK(bench.x(s8) == 10);
}

TEST_CASE("a selector that names no event is kept, or counts") {
  Bench bench;
  trapped_by(bench, [](Assembler& as) {
    select(as, 3, 0x7777);
    as.nops(5);
    as.csrr(s2, event_csr(3));
    as.csrr(s3, counter_csr(3));
  });
  CHECK(bench.x(s2) == 0);
  CHECK(bench.x(s3) == 0);
}

TEST_CASE("mcountinhibit or a privilege filter does not hold a counter") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    select(as, 3, number(hpm::Event::instructions) | hpm::MINH);
    select(as, 4, number(hpm::Event::instructions) | hpm::SINH);
    select(as, 5, number(hpm::Event::instructions));
    as.set_csr(Csr::mcountinhibit, 1u << 5);
    as.csrr(s2, counter_csr(5));
    as.nops(5);
    as.csrr(s3, counter_csr(5));
    as.csrr(s4, counter_csr(3));
    as.set_csr(Csr::mcounteren, ~std::uint64_t{0});
    as.drop_to(1);
    as.csrr(s5, static_cast<Csr>(0xc04));
    as.csrr(s6, static_cast<Csr>(0xc03));
    as.nops(5);
    as.csrr(s7, static_cast<Csr>(0xc04));
    as.csrr(s8, static_cast<Csr>(0xc03));
  });
  CHECK(bench.x(s3) == bench.x(s2));
  CHECK(bench.x(s4) == 0);                // M-mode was filtered out
  CHECK(bench.x(s7) == bench.x(s5));      // S-mode is
  CHECK(bench.x(s8) == bench.x(s6) + 7);  // two reads and five nops in S-mode
  CHECK(bench.x(s6) == 1);
}

TEST_CASE("an overflow leaves no mark and interrupts nobody") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const hpm::Event event =
      GENERATE(values({hpm::Event::instructions, hpm::Event::stores, hpm::Event::taken_branches}));
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    select(as, 3, number(event));
    as.set_csr(counter_csr(3), ~std::uint64_t{0} - 20);
    as.set_bits(Csr::mie, irq::LCOFIP);
    as.set_bits(Csr::mstatus, mstatus::MIE);
    for (int i = 0; i < 20; ++i) ten_rounds(as);
  });
  CHECK(trap.count == 1);
  CHECK(trap.cause == (cause::interrupt_bit | irq::LCOFI));
  CHECK((bench.csr(event_csr(3)) & hpm::OF) != 0);
  CHECK((bench.csr(Csr::mip) & irq::LCOFIP) != 0);
  CHECK(bench.csr(Csr::scountovf) == 8);
}

TEST_CASE("a counter that has told its overflow tells it again, or without Sscofpmf") {
  Bench bench;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    select(as, 3, number(hpm::Event::instructions) | hpm::OF);
    as.set_csr(counter_csr(3), ~std::uint64_t{0} - 20);
    as.set_bits(Csr::mie, irq::LCOFIP);
    as.set_bits(Csr::mstatus, mstatus::MIE);
    as.nops(200);
  });
  CHECK(trap.count == 0);
  CHECK((bench.csr(Csr::mip) & irq::LCOFIP) == 0);

  Bench without(Engine::fast, bench_config(1, {"hart.isa=rv64imac_zicsr_zicntr_zihpm"}));
  const TrapRecord none = trapped_by(without, [&](Assembler& as) {
    select(as, 3, number(hpm::Event::instructions));
    as.set_csr(counter_csr(3), ~std::uint64_t{0} - 20);
    as.set_bits(Csr::mie, irq::LCOFIP);
    as.set_bits(Csr::mstatus, mstatus::MIE);
    as.nops(200);
  });
  CHECK(none.count == 0);
  CHECK((without.csr(event_csr(3)) & hpm::OF) == 0);
  CHECK(without.csr(Csr::mie) == 0);
}

TEST_CASE("a sleeping hart is not woken by the overflow of its cycles") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [&](Assembler& as) {
    select(as, 3, number(hpm::Event::cycles));
    as.set_csr(counter_csr(3), ~std::uint64_t{0} - 5000);
    as.set_bits(Csr::mie, irq::LCOFIP);
    as.wfi();
    as.csrr(s2, counter_csr(3));
  });
  CHECK(bench.x(s2) < 100);
  CHECK(bench.counters().wfi_cycles > 4000);
}

TEST_CASE("scountovf shows S-mode counters that it has not been given") {
  Bench bench;
  trapped_by(bench, [&](Assembler& as) {
    select(as, 3, number(hpm::Event::instructions) | hpm::OF);
    select(as, 9, number(hpm::Event::instructions) | hpm::OF);
    as.csrr(s2, Csr::scountovf);
    as.set_csr(Csr::mcounteren, 1u << 9);
    as.drop_to(1);
    as.csrr(s3, Csr::scountovf);
  });
  CHECK(bench.x(s2) == (1u << 3 | 1u << 9));
  CHECK(bench.x(s3) == 1u << 9);
}

TEST_CASE("mispredictions or cache misses of a cycle model are not counted") {
  const std::vector<std::string> overrides{"memory=16M", "timing=cva6"};
  MachineConfig config = load_machine("cva6", overrides);
  config.platform.uart_output = -1;
  config.hart.reset_pc = ram;
  Bench bench(Engine::fast, config);
  trapped_by(bench, [](Assembler& as) {
    select(as, 3, number(hpm::Event::branch_mispredictions));
    select(as, 4, number(hpm::Event::icache_misses));
    select(as, 5, number(hpm::Event::dcache_misses));
    select(as, 6, number(hpm::Event::dcache_accesses));
    as.li(a0, ram + 0x10'0000);
    as.li(t0, 64);
    const Label again = as.bound();
    as.ld(a1, a0);
    as.addi(a0, a0, 64);
    as.addi(t0, t0, -1);
    as.bnez(t0, again);
    for (unsigned i = 0; i < 4; ++i) as.csrr(s2 + i, counter_csr(3 + i));
    as.nops(16);  // four more lines of the I$
    as.csrr(s6, counter_csr(4));
  });
  CHECK(bench.x(s2) >= 1);  // the way out of the loop is not foreseen, the way back is
  CHECK(bench.x(s2) <= 3);
  CHECK(bench.x(s4) == 64);
  CHECK(bench.x(s5) == 64);
  CHECK(bench.x(s6) - bench.x(s3) >= 3);
  CHECK(bench.x(s6) - bench.x(s3) <= 6);
}

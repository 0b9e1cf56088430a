// Interrupts: who is asked, in which order, at which vector; waiting for them (privileged
// specification 3.1.9, 3.3.3).
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t clint = 0x200'0000;

void raise_software(Assembler& as, unsigned hart = 0) {
  as.li(t5, clint + 4 * hart);
  as.li(t6, 1);
  as.sw(t6, t5);
}

}  // namespace

TEST_CASE("interrupts are taken in the order MEI, MSI, MTI, SEI, SSI, STI") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool with_machine = GENERATE(true, false);
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mip, irq::supervisor);
    if (with_machine) {
      raise_software(as);
      as.li(t5, clint + 0x4000);
      as.sd(zero, t5);  // mtimecmp = 0: MTIP
    }
    as.set_bits(Csr::mie, irq::all);
    as.csrr(a0, Csr::mip);
    as.set_bits(Csr::mstatus, mstatus::MIE);
    as.li(s0, 1);  // not reached
  });
  CHECK(trap.cause == (cause::interrupt_bit | (with_machine ? irq::MSI : irq::SEI)));
  CHECK(trap.tval == 0);
  CHECK(bench.x(s0) == 0);
  CHECK(bench.x(a0) == (irq::supervisor | (with_machine ? irq::MSIP | irq::MTIP : 0)));
}

TEST_CASE("delegated interrupts wait in M-mode and go to the vector of S-mode behind mret") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool vectored = GENERATE(true, false);
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    const Label table = as.label(), over = as.label();
    as.la(t6, table);
    if (vectored) as.addi(t6, t6, 1);
    as.csrw(Csr::stvec, t6);
    as.set_csr(Csr::mideleg, irq::supervisor);
    as.set_csr(Csr::mie, irq::supervisor);
    as.set_bits(Csr::mip, irq::SSIP | irq::STIP);
    as.set_bits(Csr::mstatus, mstatus::MIE | mstatus::SIE);
    as.li(s1, 1);  // reached: M-mode does not take them
    as.j(over);
    as.align(4);
    as.bind(table);
    for (unsigned i = 0; i < 12; ++i) {  // each entry tells its number by a jump of its own
      const Label body = as.label();
      as.jal(s2, body);
      as.bind(body);
    }
    as.csrr(s3, Csr::scause);
    as.csrr(s4, Csr::sip);
    as.csrr(s5, Csr::sie);
    as.ecall();
    as.bind(over);
    as.drop_to(0);
    as.li(s6, 1);  // not reached
  });
  CHECK(trap.cause == cause::ecall_from_s);
  CHECK(bench.x(s1) == 1);
  CHECK(bench.x(s6) == 0);
  CHECK(bench.x(s3) == (cause::interrupt_bit | irq::SSI));
  CHECK((bench.x(s4) & irq::supervisor) == (irq::SSIP | irq::STIP));
  CHECK(bench.x(s5) == irq::supervisor);
}

TEST_CASE("vectored interrupts jump to base + 4 * cause and exceptions to the base") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const bool interrupt = GENERATE(true, false);
  Bench bench(engine);
  Assembler as(ram);
  const Label table = as.label();
  as.la(t6, table);
  as.addi(t6, t6, 1);
  as.csrw(Csr::mtvec, t6);
  if (interrupt) {
    raise_software(as);
    as.set_csr(Csr::mie, irq::MSIP);
    as.set_bits(Csr::mstatus, mstatus::MIE);
  }
  as.ecall();
  as.align(4);
  as.bind(table);
  for (unsigned i = 0; i < 8; ++i) as.addi(s0, s0, 1);
  as.finish();
  bench.place(as);
  bench.run();
  CHECK(bench.x(s0) == (interrupt ? 5 : 8));
}

TEST_CASE("an interrupt that is not delegated reaches M-mode from below although MIE is clear") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned from = GENERATE(0u, 1u);
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mie, irq::SSIP);
    as.set_bits(Csr::mip, irq::SSIP);
    as.drop_to(from);
    as.li(s0, 1);
  });
  CHECK(trap.cause == (cause::interrupt_bit | irq::SSI));
  CHECK(bench.x(s0) == 0);
}

TEST_CASE("sip and sie show and change what is delegated, and only SSIP can be written") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mideleg, irq::SSIP | irq::SEIP);
    as.set_bits(Csr::mip, irq::supervisor);
    as.set_csr(Csr::mie, irq::STIP | irq::MSIP);
    as.csrr(s0, Csr::sip);
    as.csrr(s1, Csr::sie);
    as.csrw(Csr::sip, zero);
    as.set_csr(Csr::sie, ~std::uint64_t{0});
    as.csrr(s2, Csr::mip);
    as.csrr(s3, Csr::mie);
    as.csrw(Csr::mideleg, zero);
    as.set_csr(Csr::sip, irq::SSIP);
    as.csrr(s4, Csr::mip);
  });
  CHECK(trap.count == 0);
  CHECK(bench.x(s0) == (irq::SSIP | irq::SEIP));
  CHECK(bench.x(s1) == 0);
  CHECK(bench.x(s2) == (irq::STIP | irq::SEIP));
  CHECK(bench.x(s3) == (irq::STIP | irq::MSIP | irq::SSIP | irq::SEIP));
  CHECK(bench.x(s4) == (irq::STIP | irq::SEIP));
}

TEST_CASE("setting and clearing bits of mip acts on the software SEIP and not on the PLIC's line") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  bench.hart().seip_line = true;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.csrr(s0, Csr::mip);
    as.li(a0, irq::SSIP);
    as.csrrs(s1, Csr::mip, a0);  // reads the line; must not latch it
    as.li(a0, irq::SEIP);
    as.csrrc(s2, Csr::mip, a0);
    as.csrr(s3, Csr::mip);
  });
  CHECK(trap.count == 0);
  CHECK(bench.x(s0) == irq::SEIP);
  CHECK(bench.x(s3) == (irq::SEIP | irq::SSIP));
  CHECK(bench.hart().csr.mip == irq::SSIP);
}

TEST_CASE("wfi wakes for an enabled interrupt that it does not take, and goes on behind itself") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine, bench_config(1, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mie, irq::MTIP);
    as.li(t5, clint + 0x4000);
    as.li(t6, 5000);
    as.sd(t6, t5);
    as.wfi();
    as.csrr(a0, Csr::mcycle);
    as.csrr(a1, Csr::minstret);
    as.csrr(a2, Csr::mip);
  });
  CHECK(trap.count == 0);
  CHECK(bench.x(a0) == 5000);
  CHECK(bench.x(a1) < 100);
  CHECK(bench.x(a2) == irq::MTIP);
  const HartCounters& c = bench.counters();
  CHECK(c.wfi_cycles > 4900);
  CHECK(c.cycles - c.wfi_cycles == c.instret);
}

TEST_CASE("wfi does not sleep while an enabled interrupt is pending") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mip, irq::SSIP);
    as.set_csr(Csr::mie, irq::SSIP);
    as.wfi();
    as.li(s0, 1);
  });
  CHECK(bench.x(s0) == 1);
  CHECK(bench.counters().wfi_cycles == 0);
}

TEST_CASE("the timer interrupts on its cycle, whatever block it falls into") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const auto at = GENERATE(range(200, 260));
  Bench bench(engine, bench_config(1, {"clock_hz=1000000000", "timebase_hz=1000000000"}));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mie, irq::MTIP);
    as.li(t5, clint + 0x4000);
    as.li(t6, static_cast<std::uint64_t>(at));
    as.sd(t6, t5);
    as.set_bits(Csr::mstatus, mstatus::MIE);
    as.li(s0, 0);
    const Label loop = as.bound();
    for (unsigned i = 0; i < 50; ++i) as.addi(s0, s0, 1);
    as.j(loop);
  });
  CHECK(trap.cause == (cause::interrupt_bit | irq::MTI));
  CHECK(bench.x(s0) > 0);
  constexpr unsigned handler_and_end = 18;  // instructions behind the trap
  CHECK(bench.counters().instret - handler_and_end == static_cast<std::uint64_t>(at));
}

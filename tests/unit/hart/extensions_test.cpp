// Extensions with effects beyond one register: cache blocks, compare-and-swap of pairs, state enables, and what is illegal
// when an extension is off.
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

enum : unsigned { cbo_inval = 0, cbo_clean = 1, cbo_flush = 2, cbo_zero = 4 };

void cbo(Assembler& as, unsigned operation, Reg address) { as.i_type(0x0f, 2, zero, address, operation); }
void amocas_q(Assembler& as, Reg rd, Reg address, Reg source) {
  as.r_type(0x2f, 4, 5 << 2, rd, address, source);
}

constexpr std::uint64_t data = ram + 0x9000;

}  // namespace

TEST_CASE("cbo.zero clears other bytes than its 64") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  for (std::uint64_t at = data - 64; at < data + 128; at += 8) bench.poke(at, ~std::uint64_t{0});
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, data + 27);
    cbo(as, cbo_zero, a0);
  });
  CHECK(trap.count == 0);
  for (std::uint64_t at = data - 64; at < data + 128; at += 8) {
    CHECK(bench.peek(at) == (at >= data && at < data + 64 ? 0 : ~std::uint64_t{0}));
  }
}

TEST_CASE("cbo.zero leaves stale decoded code behind") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, data);
    as.li(a1, 0x00008067);  // ret
    as.sw(a1, a0);
    as.fence_i();
    as.jalr(ra, a0);
    cbo(as, cbo_zero, a0);
    as.fence_i();
    as.jalr(ra, a0);
  });
  CHECK(trap.cause == cause::illegal_instruction);
  CHECK(trap.epc == data);
}

TEST_CASE("a cache-block instruction runs in S-mode without menvcfg's leave") {
  const unsigned operation = GENERATE(values({0u, 1u, 2u, 4u}));
  const bool enabled = GENERATE(false, true);
  Bench bench;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, data);
    if (enabled) as.set_csr(Csr::menvcfg, menvcfg::CBIE | menvcfg::CBCFE | menvcfg::CBZE);
    as.drop_to(1);
    cbo(as, operation, a0);
  });
  CHECK(trap.count == (enabled ? 0 : 1));
  if (!enabled) CHECK(trap.cause == cause::illegal_instruction);
}

TEST_CASE(
    "a cache-block instruction on a page that cannot be read reports something else than a store page "
    "fault") {
  const unsigned operation = GENERATE(values({0u, 1u, 2u, 4u}));
  Bench bench;
  PageTables tables(bench, ram + 0x10000);
  tables.map(0x8000'0000, 0x8000'0000, rwx, 2);
  const std::uint64_t bad = 0x4000'1234;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::menvcfg, menvcfg::CBIE | menvcfg::CBCFE | menvcfg::CBZE);
    as.set_csr(Csr::satp, tables.satp());
    as.li(a0, bad);
    as.drop_to(1);
    cbo(as, operation, a0);
  });
  CHECK(trap.cause == cause::store_page_fault);
  CHECK(trap.tval == bad);
}

TEST_CASE("amocas.q compares or swaps half of its sixteen bytes") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const std::uint64_t high = GENERATE(values<std::uint64_t>({22, 23}));
  Bench bench(engine);
  bench.poke(data, 11);
  bench.poke(data + 8, 22);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, data);
    as.li(s2, 11);
    as.li(s3, high);
    as.li(s4, 33);
    as.li(s5, 44);
    amocas_q(as, s2, a0, s4);
  });
  CHECK(trap.count == 0);
  CHECK(bench.x(s2) == 11);
  CHECK(bench.x(s3) == 22);
  CHECK(bench.peek(data) == (high == 22 ? 33 : 11));
  CHECK(bench.peek(data + 8) == (high == 22 ? 44 : 22));
}

TEST_CASE("amocas.q at an address of another alignment than 16 is carried out") {
  Bench bench;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, data + 8);
    amocas_q(as, s2, a0, s4);
  });
  CHECK(trap.cause == cause::store_misaligned);
}

TEST_CASE("senvcfg opens to S-mode without mstateen0, or mstateen0 is there without Smstateen") {
  const bool enabled = GENERATE(false, true);
  MachineConfig config = load_machine("rva22", std::vector<std::string>{"memory=16M"});
  config.platform.uart_output = -1;
  config.hart.reset_pc = ram;
  Bench bench(Engine::fast, config);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    if (enabled) as.set_csr(Csr::mstateen0, ~std::uint64_t{0});
    as.csrr(s3, Csr::mstateen0);
    as.drop_to(1);
    as.csrr(s2, Csr::senvcfg);
  });
  CHECK(trap.count == (enabled ? 0 : 1));
  CHECK(bench.x(s3) == (enabled ? mstateen::SE | mstateen::ENVCFG : 0));

  Bench without;
  CHECK(trapped_by(without, [](Assembler& as) { as.csrr(s2, Csr::mstateen0); }).cause ==
        cause::illegal_instruction);
}

TEST_CASE("an instruction or a CSR of an extension that is off is not illegal") {
  Bench bench(Engine::fast, bench_config(1, {"hart.isa=rv64ima_zicsr"}));
  const unsigned what = GENERATE(range(0, 6));
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.align(4);
    as.li(a0, data);
    switch (what) {
      case 0: cbo(as, cbo_zero, a0); break;
      case 1: amocas_q(as, s2, a0, s4); break;
      case 2: as.word(0x81c04573); break;  // mop.r.0
      case 3: as.csrr(s2, Csr::cycle); break;
      case 4: as.csrr(s2, static_cast<Csr>(0xc03)); break;
      default: as.csrr(s2, Csr::scountovf); break;
    }
  });
  CHECK(trap.count == 1);
  CHECK(trap.cause == cause::illegal_instruction);
}

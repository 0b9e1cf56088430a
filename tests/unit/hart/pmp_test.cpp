// Physical memory protection (privileged specification 3.7).
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t data = ram + 0x20'0000;
enum : std::uint64_t { r = 1, w = 2, x = 4, tor = 1 << 3, na4 = 2 << 3, napot = 3 << 3, lock = 0x80 };

constexpr std::uint64_t napot_of(std::uint64_t base, std::uint64_t size) {
  return base >> 2 | (size / 8 - 1);
}

// Entry 0 … n-1 as given, then everything open; runs `body` in `privilege` with s0 = data.
struct Entry {
  std::uint64_t address, config;
};

template <class Body>
TrapRecord under(Bench& bench, std::initializer_list<Entry> entries, unsigned privilege, Body body) {
  return trapped_by(bench, [&](Assembler& as) {
    as.csrw(Csr::pmpcfg0, zero);
    std::uint64_t config = 0;
    unsigned next = 0;
    for (const Entry& entry : entries) {
      as.set_csr(pmpaddr(next), entry.address);
      config |= entry.config << (8 * next++);
    }
    as.set_csr(pmpaddr(next), ~std::uint64_t{0});
    config |= std::uint64_t{0x1f} << (8 * next);
    as.li(s0, data);
    as.set_csr(Csr::pmpcfg0, config);
    as.drop_to(privilege);
    body(as);
    as.ecall();
  });
}

}  // namespace

TEST_CASE("the first entry that matches decides, and M-mode minds only locked ones") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned privilege = GENERATE(0u, 1u, 3u);
  const bool locked = GENERATE(true, false);
  Bench bench(engine);
  const std::uint64_t l = locked ? std::uint64_t{lock} : 0;
  const TrapRecord trap =
      under(bench, {{napot_of(data, 0x1000), r | napot | l}, {napot_of(data, 0x10000), r | w | napot | l}},
            privilege, [](Assembler& as) {
              as.ld(a0, s0);
              as.li(t0, data + 0x1000);
              as.sd(a0, t0);
              as.sd(a0, s0, 8);
            });
  const bool refused = privilege != 3 || locked;
  CHECK(trap.cause == (refused ? cause::store_access : cause::ecall_from_m));
  if (refused) CHECK(trap.tval == data + 8);
}

TEST_CASE("an entry smaller than a page is enforced while the rest of its page is hot") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned shape = GENERATE(0u, 1u, 2u);
  Bench bench(engine);
  // Bytes 0x104 … 0x107, resp. 0x100 … 0x107 of the page are closed.
  const auto body = [](Assembler& as) {
    for (unsigned i = 0; i < 4; ++i) as.lw(a0, s0, 0x100 - 4);
    as.sw(a0, s0, 0x108);
    as.lw(a1, s0, 0x104);
  };
  TrapRecord trap{};
  if (shape == 0) trap = under(bench, {{(data + 0x104) >> 2, na4}}, 1, body);
  if (shape == 1) trap = under(bench, {{napot_of(data + 0x100, 8), napot}}, 1, body);
  if (shape == 2) trap = under(bench, {{(data + 0x104) >> 2, 0}, {(data + 0x108) >> 2, tor}}, 1, body);
  CHECK(trap.cause == cause::load_access);
  CHECK(trap.tval == data + 0x104);
}

TEST_CASE("an access that an entry covers only in part fails, whatever the entry allows") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned privilege = GENERATE(1u, 3u);
  Bench bench(engine);
  const TrapRecord trap =
      under(bench, {{(data + 4) >> 2, r | w | x | na4}}, privilege, [](Assembler& as) { as.ld(a0, s0); });
  CHECK(trap.cause == cause::load_access);
  CHECK(trap.tval == data);
}

TEST_CASE("locked entries cannot be changed, nor the address below a locked TOR entry") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  trapped_by(bench, [](Assembler& as) {
    as.csrw(Csr::pmpcfg0, zero);
    as.set_csr(pmpaddr(0), 0x1000);
    as.set_csr(pmpaddr(1), 0x2000);
    as.set_csr(pmpaddr(2), 0x3000);
    as.set_csr(Csr::pmpcfg0, (tor | lock | r) << 8);
    as.csrw(pmpaddr(0), zero);
    as.csrw(pmpaddr(1), zero);
    as.csrw(pmpaddr(2), zero);
    as.csrw(Csr::pmpcfg0, zero);
    as.csrr(a0, pmpaddr(0));
    as.csrr(a1, pmpaddr(1));
    as.csrr(a2, pmpaddr(2));
    as.csrr(a3, Csr::pmpcfg0);
  });
  CHECK(bench.x(a0) == 0x1000);
  CHECK(bench.x(a1) == 0x2000);
  CHECK(bench.x(a2) == 0);
  CHECK(bench.x(a3) == (tor | lock | r) << 8);
}

TEST_CASE("without a matching entry S- and U-mode may do nothing, M-mode everything") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned privilege = GENERATE(0u, 1u);
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.csrw(Csr::pmpcfg0, zero);
    as.li(s0, data);
    as.ld(a0, s0);
    as.li(s1, 1);
    as.drop_to(privilege);
    as.nop();
  });
  CHECK(trap.cause == cause::fetch_access);
  CHECK(trap.epc == trap.tval);
  CHECK(bench.x(s1) == 1);
}

TEST_CASE("a PMP write takes hold at the next access although the page was hot") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
    as.li(s0, data);
    as.set_csr(pmpaddr(1), ~std::uint64_t{0});
    as.ld(a0, s0);
    as.sd(a0, s0);
    as.sd(a0, s0);
    as.set_csr(Csr::pmpcfg0, 0x1f00);
    as.set_csr(pmpaddr(0), napot_of(data, 0x1000));
    as.set_csr(Csr::pmpcfg0, 0x1f00 | r | napot | lock);
    as.ld(a0, s0);
    as.sd(a0, s0);
  });
  CHECK(trap.cause == cause::store_access);
  CHECK(trap.tval == data);
}

TEST_CASE("code that PMP forbids behind hot code of the same page is not run") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Assembler routine(data);
  routine.addi(a0, a0, 1);
  routine.ret();
  routine.skip_to(data + 0x40);
  routine.addi(a0, a0, 16);
  routine.ret();
  bench.place(routine);
  const TrapRecord trap = under(bench, {{napot_of(data + 0x40, 0x40), r | napot}}, 1, [](Assembler& as) {
    as.li(a0, 0);
    as.jalr(ra, s0);
    as.jalr(ra, s0);
    as.jalr(ra, s0, 0x40);
  });
  CHECK(bench.x(a0) == 2);
  CHECK(trap.cause == cause::fetch_access);
  CHECK(trap.epc == data + 0x40);
}

TEST_CASE("the second half of an instruction is checked on its own, and xtval names it") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Assembler routine(data);
  routine.half(0x0001);
  routine.addi(a0, a0, 1);  // bytes 2 … 5: bytes 4 and 5 are in the closed word
  routine.ret();
  bench.place(routine);
  const TrapRecord trap = under(bench, {{(data + 4) >> 2, na4}}, 1, [](Assembler& as) {
    as.li(a0, 0);
    as.jr(s0);
  });
  CHECK(bench.x(a0) == 0);
  CHECK(trap.cause == cause::fetch_access);
  CHECK(trap.epc == data + 2);
  CHECK(trap.tval == data + 4);
}

TEST_CASE("the walker reads and writes page tables under PMP as S-mode") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const std::uint64_t allowed = GENERATE(std::uint64_t{0}, std::uint64_t{r}, std::uint64_t{r | w});
  Bench bench(engine);
  PageTables tables(bench, ram + 0x10'0000);
  tables.map(ram, ram, rwx, 1);
  const std::uint64_t leaf = tables.map(0x4000'0000, data, V | R | W);  // A and D are clear
  bench.poke(data, 0x1234);
  const TrapRecord trap =
      under(bench, {{napot_of(leaf & ~page_offset_mask, 0x1000), allowed | napot}}, 1, [&](Assembler& as) {
        as.li(s1, 0x4000'0000);
        as.li(s2, tables.satp());
        as.csrw(Csr::satp, s2);
        as.ld(a0, s1);
      });
  const bool works = allowed == (r | w);
  CHECK(trap.cause == (works ? cause::ecall_from_s : cause::load_access));
  CHECK((bench.x(a0) == 0x1234) == works);
  CHECK(((bench.peek(leaf) & A) != 0) == works);
  if (!works) CHECK(trap.tval == 0x4000'0000);
}

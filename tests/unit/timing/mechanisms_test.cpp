// Small mechanisms against what the RTL's code says, worked out by hand.
#include <catch2/catch.hpp>

#include "emu/timing/cva6/bht.hpp"
#include "emu/timing/cva6/cva6_tlb.hpp"
#include "emu/timing/cva6/fpu_wrap.hpp"
#include "emu/timing/cva6/lfsr.hpp"
#include "emu/timing/cva6/mult.hpp"
#include "emu/timing/cva6/parameters.hpp"
#include "emu/timing/cva6/rr_arb_tree.hpp"

using namespace hartbeat::timing::cva6;

namespace {

constexpr std::uint32_t div_bits = 0x02C5'C533;   // div a0, a1, a2
constexpr std::uint32_t divu_bits = 0x02C5'D533;  // divu a0, a1, a2
constexpr std::uint32_t divw_bits = 0x02C5'C53B;  // divw a0, a1, a2

TlbUpdate page(std::uint64_t vpn) {
  TlbUpdate update;
  update.valid = true;
  update.vpn = vpn;
  update.pte.bits = vpn << 10 | 0xCF;
  return update;
}

}  // namespace

TEST_CASE("the arbiter serves everybody in turn and does not lose its place while nobody asks") {
  RoundRobin arbiter(4);
  CHECK(arbiter.pick(0b1010) == 1);
  arbiter.grant(0b1111);
  CHECK(arbiter.pick(0b1111) == 1);
  arbiter.grant(0b1111);
  CHECK(arbiter.pick(0b1111) == 2);
  arbiter.grant(0);
  CHECK(arbiter.pick(0b1111) == 2);
  arbiter.grant(0b0101);  // next above 2: around to 0
  CHECK(arbiter.pick(0b1111) == 0);
}

TEST_CASE("an arbiter with lock-in keeps a decision that was not granted") {
  LockedRoundRobin arbiter(4);
  CHECK(arbiter.pick(0b1000) == 3);
  arbiter.clock(0b1000, false);
  CHECK(arbiter.pick(0b1001) == 3);
  arbiter.clock(0b1001, true);
  CHECK(arbiter.pick(0b0001) == 0);
}

TEST_CASE("the victim's LFSR goes through 255 states from all ones") {
  Lfsr8 lfsr;
  CHECK(lfsr.value(8) == 0xFF);
  lfsr.step();
  CHECK(lfsr.value(8) == 0x85);  // 0x7F ^ 0xFA
  unsigned period = 1;
  while (lfsr.value(8) != 0xFF && period < 1000) {
    lfsr.step();
    ++period;
  }
  CHECK(period == 255);
}

TEST_CASE("the divider takes a step for each bit by which the dividend is longer") {
  CHECK(divider_iterations(divu_bits, 100, 0) == -1);
  CHECK(divider_iterations(divu_bits, 1, 1) == 0);
  CHECK(divider_iterations(divu_bits, 0x80, 1) == 7);
  CHECK(divider_iterations(divu_bits, 1, 0x80) < 0);
  CHECK(divider_iterations(divu_bits, ~std::uint64_t{0}, 1) == 63);
  CHECK(divider_iterations(div_bits, ~std::uint64_t{0}, ~std::uint64_t{0}) == -1);  // -1: sized like zero
  CHECK(divider_iterations(div_bits, static_cast<std::uint64_t>(-8), 1) == 3);      // (~-8 << 1) | 1 = 15
  CHECK(divider_iterations(divw_bits, 0xFFFF'FFFF'0000'0010, 1) == 4);
}

TEST_CASE(
    "a division with so many steps holds the shared unit two cycles longer, one with none of them one") {
  const int steps = GENERATE(-1, 0, 7, 63);
  Mult unit;
  unit.clock(false, true, steps, 5, false);
  int cycles = 1;
  while (!unit.output().valid && cycles < 100) {
    CHECK_FALSE(unit.ready(false));
    unit.clock(false, false, 0, 0, false);
    ++cycles;
  }
  CHECK(unit.output().trans_id == 5);
  CHECK(cycles == (steps < 0 ? 1 : steps + 2));
}

TEST_CASE("a TLB replaces the translation that was filled first when all were used once, else a spared one") {
  Cva6Tlb tlb(16);
  const auto use = [&](std::uint64_t vpn) { return tlb.lookup(vpn << 12, 0, true, true).hit; };
  const auto holds = [&](std::uint64_t vpn) { return tlb.probe(vpn << 12, 0).hit; };
  for (std::uint64_t vpn = 0x100; vpn < 0x110; ++vpn) {
    CHECK_FALSE(use(vpn));
    tlb.update(page(vpn), false);
    CHECK(use(vpn));
  }
  // Filled in the order 0, 8, 4, 12, 2 … of the tree's leaves: the tree has come around to leaf 0.
  tlb.update(page(0x200), false);
  CHECK_FALSE(holds(0x100));
  CHECK(use(0x200));
  // Now leaf 8, the second to be filled, is next; a use of it sends the tree to leaf 12, the fourth.
  CHECK(use(0x101));
  CHECK(use(0x200));
  tlb.update(page(0x201), false);
  CHECK(holds(0x101));
  CHECK_FALSE(holds(0x103));
}

TEST_CASE("a TLB takes no update in the cycle in which it hits, and a fence takes what it names") {
  Cva6Tlb tlb(16);
  const auto holds = [&](std::uint64_t vpn) { return tlb.probe(vpn << 12, 0).hit; };
  tlb.update(page(0x100), false);
  CHECK(tlb.lookup(std::uint64_t{0x100} << 12, 0, true, true).hit);
  tlb.update(page(0x101), true);
  CHECK_FALSE(holds(0x101));
  tlb.update(page(0x101), false);
  CHECK(holds(0x101));
  tlb.flush({std::uint64_t{0x101} << 12, 0});
  CHECK(holds(0x100));
  CHECK_FALSE(holds(0x101));
  tlb.flush({0, 0});
  CHECK(tlb.empty());
}

TEST_CASE("what the model has not been built for is refused with a reason, and the RTL's own shape is not") {
  CHECK_FALSE(validate({}));
  const auto refused = [](auto change) {
    Cva6Parameters p;
    change(p);
    const auto fault = validate(p);
    return fault ? std::string(fault->key) : "";
  };
  CHECK(refused([](Cva6Parameters& p) { p.scoreboard_entries = 16; }) == "");
  CHECK(refused([](Cva6Parameters& p) { p.scoreboard_entries = 12; }) == "core.scoreboard_entries");
  CHECK(refused([](Cva6Parameters& p) { p.commit_ports = 3; }) == "core.commit_ports");
  CHECK(refused([](Cva6Parameters& p) { p.bht_entries = p.btb_entries = 0; }) == "");
  CHECK(refused([](Cva6Parameters& p) { p.btb_entries = 2; }) == "core.btb_entries");
  CHECK(refused([](Cva6Parameters& p) { p.ras_depth = 1; }) == "core.ras_depth");
  CHECK(refused([](Cva6Parameters& p) { p.icache_bytes = 32768; }) == "core.icache_bytes");  // ways of 8 KiB
  CHECK(refused([](Cva6Parameters& p) { p.icache_bytes = 32768, p.icache_ways = 8; }) == "");
  CHECK(refused([](Cva6Parameters& p) { p.dcache_ways = 0; }) == "core.dcache_ways");
  CHECK(refused([](Cva6Parameters& p) { p.dcache_bytes = 512, p.line_bytes = 64; }) == "core.dcache_bytes");
  CHECK(refused([](Cva6Parameters& p) { p.line_bytes = 8; }) == "core.line_bytes");
  CHECK(refused([](Cva6Parameters& p) { p.dtlb_entries = 12; }) == "core.dtlb_entries");
  CHECK(refused([](Cva6Parameters& p) { p.writes_in_flight = 32; }) == "core.writes_in_flight");
  CHECK(refused([](Cva6Parameters& p) { p.memory.read_latency = 0; }) == "memory.latency");
  CHECK(refused([](Cva6Parameters& p) { p.memory.cached_base += 16; }) == "memory.cached_length");
  CHECK(refused([](Cva6Parameters& p) { p.dcache_bytes = 512, p.memory.cached_base = 1ull << 40; }) ==
        "core.dcache_bytes");
}

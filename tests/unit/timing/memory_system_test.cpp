// A shared L2 and a banked DRAM behind the cores: cycles worked out by hand from docs/timing.md.
#include <catch2/catch.hpp>

#include "emu/timing/cva6/dram.hpp"
#include "emu/timing/cva6/l2_cache.hpp"
#include "emu/timing/cva6/wt_axi_adapter.hpp"
#include "tests/unit/timing/cores.hpp"

using namespace hartbeat;
using namespace hartbeat::test;
using namespace hartbeat::timing::cva6;

namespace {

// Four banks of 1 KiB rows: bank 0 has rows at 0, 4096, …
DramParameters small_dram() {
  DramParameters p;
  p.enabled = true;
  p.banks = 4, p.row_bytes = 1024;
  p.controller_latency = 10;
  p.t_rcd = 5, p.t_cas = 7, p.t_rp = 6, p.t_ras = 20, p.t_wr = 8;
  p.beat_cycles = 2;
  p.t_refi = 0;
  return p;
}

// Eight sets of two lines of 64 bytes.
L2Parameters small_l2() {
  L2Parameters p;
  p.enabled = true;
  p.bytes = 1024, p.ways = 2, p.line_bytes = 64;
  p.hit_latency = 10;
  p.banks = 2, p.bank_cycles = 3, p.mshrs = 2;
  p.replacement = Replacement::lru;
  return p;
}

MemoryParameters flat_memory() {
  MemoryParameters p;
  p.read_latency = 50, p.write_latency = 30;
  return p;
}

}  // namespace

TEST_CASE("a row is opened once, and another row of its bank waits until the first may close") {
  Dram dram(small_dram());
  // Controller 10, RCD 5, CAS 7, a beat 2.
  CHECK(dram.access(0, 2, false, 100).first == 100 + 10 + 5 + 7 + 2);
  // The open row: its column command 4 cycles (two beats) after the first one's in 115.
  CHECK(dram.access(64, 2, false, 100).first == 119 + 7 + 2);
  // Another row: the bank was opened in 110, RAS ends in 130, then RP, RCD, CAS.
  CHECK(dram.access(4096, 2, false, 100).first == 130 + 6 + 5 + 7 + 2);
  // Another bank has its data ready in 122, but the bus is taken until 152.
  CHECK(dram.access(1024, 2, false, 100).first == 152 + 2);
  CHECK(dram.access(1024, 1, false, 500).gap == 2);
  CHECK(dram.counters().row_misses == 2);
  CHECK(dram.counters().row_hits == 2);
  CHECK(dram.counters().row_conflicts == 1);
  CHECK(dram.counters().beats == 9);
  CHECK(dram.counters().reads == 5);
}

TEST_CASE("a written row stays open for the write's recovery") {
  Dram dram(small_dram());
  CHECK(dram.access(2048, 1, true, 200).first == 200 + 10 + 5 + 7 + 2);
  // The bus was free in 224; recovery until 232, RAS only until 230.
  CHECK(dram.access(2048 + 4096, 1, false, 200).first == 232 + 6 + 5 + 7 + 2);
  CHECK(dram.counters().writes == 1);
}

TEST_CASE("with closed pages every access opens its row, even the same") {
  DramParameters p = small_dram();
  p.open_page = false;
  Dram dram(p);
  CHECK(dram.access(0, 2, false, 100).first == 124);
  CHECK(dram.access(64, 2, false, 100).first == 130 + 6 + 5 + 7 + 2);
  CHECK(dram.counters().row_misses == 2);
}

TEST_CASE("a refresh closes every row and holds who comes meanwhile") {
  DramParameters p = small_dram();
  p.t_refi = 1000, p.t_rfc = 50;
  Dram dram(p);
  CHECK(dram.access(0, 1, false, 900).first == 900 + 24);
  CHECK(dram.access(0, 1, false, 995).first == 1050 + 5 + 7 + 2);
  CHECK(dram.counters().refresh_waits == 1050 - 1005);
  CHECK(dram.access(0, 1, false, 1500).first == 1500 + 10 + 7 + 2);
  CHECK(dram.access(0, 1, false, 2500).first == 2500 + 24);
  CHECK(dram.counters().row_hits == 1);
  CHECK(dram.counters().row_misses == 3);
}

TEST_CASE(
    "an L2 answers a hit after its latency, a miss after memory's as well, and once for a line on its way") {
  MainMemory memory(flat_memory());
  L2Cache l2(small_l2());
  // The requested beats come first; the line of 8 beats is there in 160 + 8.
  CHECK(l2.access(0x00, false, 100, memory).first == 100 + 10 + 50);
  CHECK(l2.access(0x20, false, 110, memory).first == 168);
  CHECK(l2.access(0x20, false, 170, memory).first == 180);
  // The bank of even sets is taken for 3 cycles, the other is not.
  CHECK(l2.access(0x20, false, 171, memory).first == 173 + 10);
  CHECK(l2.access(0x40, false, 171, memory).first == 171 + 60);
  CHECK(l2.counters().read_hits == 3);
  CHECK(l2.counters().read_misses == 2);
  CHECK(l2.counters().merged == 1);
}

TEST_CASE("a miss waits for an MSHR when as many lines as there are of them are on their way") {
  MainMemory memory(flat_memory());
  L2Cache l2(small_l2());
  CHECK(l2.access(0x000, false, 100, memory).first == 160);
  CHECK(l2.access(0x040, false, 100, memory).first == 160);
  // Both lines are there in 168; the third is looked up in 113, as its bank was taken.
  CHECK(l2.access(0x080, false, 100, memory).first == 168 + 50);
  CHECK(l2.counters().mshr_waits == 168 - 113);
}

TEST_CASE("a dirty line that makes room goes to memory behind the line that it makes room for") {
  MemoryParameters p = flat_memory();
  p.dram = small_dram();
  MainMemory memory(p);
  L2Cache l2(small_l2());
  // A write's response comes when its line is there: 8 beats of 2 cycles from 10 + 10 + 5 + 7 on.
  CHECK(l2.access(0x000, true, 0, memory).first == 10 + 10 + 5 + 7 + 8 * 2 + 1);
  CHECK(l2.access(0x200, false, 1000, memory).first == 1000 + 10 + 10 + 7 + 2);
  CHECK(memory.counters().writes == 0);
  // The set is full: line 0 is the oldest. Its way back is a transfer of 8 beats behind the read of 0x400.
  CHECK(l2.access(0x400, false, 2000, memory).first == 2000 + 10 + 10 + 5 + 7 + 2);
  CHECK(l2.counters().writebacks == 1);
  CHECK(memory.counters().writes == 1);
  CHECK(memory.counters().beats == 4 * 8);
  CHECK(l2.access(0x200, false, 3000, memory).first == 3010);
  CHECK(l2.access(0x000, false, 4000, memory).first > 4010);
}

TEST_CASE("each replacement of the L2 picks its own victim") {
  // Four lines fill a set of four; 0, then 2 are used again; the fifth line makes one go.
  const auto gone = [](Replacement replacement) {
    L2Parameters p = small_l2();
    p.bytes = 64 * 4 * 8, p.ways = 4, p.replacement = replacement;
    MainMemory memory(flat_memory());
    L2Cache l2(p);
    std::uint64_t cycle = 0;
    const auto use = [&](unsigned line) {
      cycle += 1000;
      return l2.access(line * 512u, false, cycle, memory).first - cycle;
    };
    for (unsigned line = 0; line < 4; ++line) use(line);
    use(0);
    use(2);
    use(4);
    for (unsigned line = 0; line < 4; ++line) {
      l2.rehearse(true);
      const bool missed = use(line) > 10;
      l2.rehearse(false);
      if (missed) return line;
    }
    return 4u;
  };
  CHECK(gone(Replacement::lru) == 1);
  CHECK(gone(Replacement::tree_plru) == 1);  // the root points away from 2 and 3, its left node away from 0
  CHECK(gone(Replacement::random) == 3);     // the LFSR's low bits, all ones at first
}

TEST_CASE("a rehearsal leaves no trace in the L2 and in memory") {
  MemoryParameters p;
  p.l2 = small_l2();
  p.dram = small_dram();
  Interconnect real(p, 1), other(p, 1);
  const auto some = [](Interconnect& memory, std::uint64_t cycle) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < 40; ++i) {
      const std::uint64_t address = 0x8000'0000 + i * 832;
      sum = sum * 3 + memory.read(address, 2, cycle + 7 * i).first +
            memory.write(address ^ 0x240, cycle + 7 * i);
    }
    return sum;
  };
  CHECK(some(real, 0) == some(other, 0));
  real.rehearse(true);
  some(real, 500);
  real.rehearse(false);
  CHECK(some(real, 900) == some(other, 900));
  CHECK(real.counters().l2.read_misses == other.counters().l2.read_misses);
  CHECK(real.counters().dram.row_hits == other.counters().dram.row_hits);
}

TEST_CASE("an I$ line that hits the L2 passes a D$ line that has to come from memory") {
  Cva6Parameters p;
  p.memory.l2 = small_l2();
  p.memory.read_latency = 50;
  Interconnect interconnect(p.memory, 1);
  interconnect.read(0x8000'0040, 2, 0);  // warm
  WtAxiAdapter adapter(interconnect, 0, p);
  std::uint64_t line = 0, instructions = 0;
  for (std::uint64_t cycle = 1000; cycle < 1200; ++cycle) {
    const AdapterReturn now = adapter.clock(cycle);
    if (now.icache_valid) instructions = cycle;
    if (now.dcache == DcacheReturnType::load_ack) line = cycle;
    if (cycle == 1000) adapter.request_dcache({MemoryRequest::load, true, 1, 0, 0x8000'0800, 0});
    if (cycle == 1005) adapter.request_icache({0x8000'0040, true});
  }
  // AR a cycle after the request, two beats, and the adapter's register.
  CHECK(line == 1001 + 10 + 50 + 1 + 1);
  CHECK(instructions == 1006 + 10 + 1 + 1);
}

TEST_CASE("a use of a load waits for the L2 when the D$ misses, and for memory when both do") {
  Cva6Parameters p;
  p.memory.l2.enabled = true;
  p.dcache_bytes = 4096, p.dcache_ways = 1;
  const unsigned hit = p.memory.l2.hit_latency = GENERATE(5u, 14u), latency = p.memory.read_latency = 40;
  for (const bool fits : {true, false}) {
    if (!fits) p.memory.l2.bytes = 8192, p.memory.l2.ways = 1, p.memory.l2.banks = 1;
    Assembler as(ram);
    as.li(s0, ram + 0x20'0000);
    as.li(s1, ram + 0x20'2000);  // 8 KiB apart: one line of the D$, and of the small L2
    const Label again = as.bound();
    as.ld(a0, s0);
    as.add(a1, a0, a0);
    as.ld(a0, s1);
    const std::uint64_t use = as.here();
    as.add(a1, a0, a0);
    as.j(again);
    Cores cores(1, as, p);
    cores.run_to(20'000);
    const std::vector<std::uint64_t> at = cores.commits().at(use);
    REQUIRE(at.size() > 50);
    // A use issues L + 7 cycles after a load (harts_litmus_test.cpp), where L is now the L2's latency, or both.
    CHECK(at.back() - at[at.size() - 2] == 2 * (hit + (fits ? 0 : latency) + 7) + 3);
  }
}

TEST_CASE("two harts share the L2: what one has fetched, the other hits") {
  Cva6Parameters p;
  p.memory.l2.enabled = true;
  p.memory.dram.enabled = true;
  std::array<std::uint64_t, 2> misses{};
  for (const unsigned harts : {1u, 2u}) {
    Assembler as(ram);
    as.li(s0, ram + 0x20'0000);
    as.li(t1, 200);
    const Label again = as.bound();
    as.ld(a0, s0);
    as.addi(s0, s0, 64);
    as.addi(t1, t1, -1);
    as.bnez(t1, again);
    park(as);
    Cores cores(harts, as, p);
    cores.run_to(60'000);
    misses[harts - 1] = cores.interconnect().counters().l2.read_misses;
  }
  CHECK(misses[0] > 200);
  CHECK(misses[0] < 220);
  CHECK(misses[1] == misses[0]);
}

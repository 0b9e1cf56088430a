// Other sizes of the core's structures than the RTL's: each changes what it must, by numbers worked out by hand.
// L is the memory's read latency: the first of a line's beats comes L cycles after AR, one a cycle follows.
#include <catch2/catch.hpp>

#include <cstring>

#include "tests/unit/timing/cores.hpp"

using namespace hartbeat;
using namespace hartbeat::test;
using timing::Stall;
using timing::cva6::Cva6Parameters;

namespace {

constexpr std::uint64_t data = ram + 0x20'0000;
constexpr unsigned page = 4096;

using Cycles = std::vector<std::uint64_t>;

Cycles distances(const Cycles& at) {
  Cycles out;
  for (std::size_t i = 1; i < at.size(); ++i) out.push_back(at[i] - at[i - 1]);
  return out;
}

// Of the last so many.
Cycles last(const Cycles& all, std::size_t count) {
  REQUIRE(all.size() >= count);
  return {all.end() - static_cast<std::ptrdiff_t>(count), all.end()};
}

// Every element is `value`.
bool all_are(const Cycles& all, std::uint64_t value) {
  return !all.empty() && std::all_of(all.begin(), all.end(), [&](std::uint64_t n) { return n == value; });
}

// Endless straight-line code of so many bytes; the commit cycles of the first instruction of each line of
// `line_bytes`, in the last pass but one.
Cycles line_by_line(unsigned code_bytes, const Cva6Parameters& parameters) {
  Assembler as(ram);
  const Label again = as.bound();
  as.nops(code_bytes / 4 - 1);
  as.j(again);
  Cores cores(1, as, parameters);
  cores.run_to(1000 + 5 * code_bytes / 16 * (30 + parameters.memory.read_latency));
  Cycles starts;
  for (const auto& record : cores.commits().all) {
    if (record.pc == ram) starts.clear();
    if (record.pc % parameters.line_bytes == 0) starts.push_back(record.commit_cycle);
    if (record.pc == ram + code_bytes - 4 &&
        cores.commits().all.back().commit_cycle - record.commit_cycle < 9000)
      break;
  }
  return starts;
}

}  // namespace

TEST_CASE("code of 8 KiB runs from an I$ of 8 KiB and misses every line of one half as large") {
  const unsigned latency = GENERATE(20u, 50u);
  Cva6Parameters p;
  p.memory.read_latency = latency;
  p.icache_bytes = 8192, p.icache_ways = 2;
  const unsigned line = p.line_bytes = GENERATE(16u, 32u, 64u);
  CAPTURE(latency, line);
  // Ways of a page hold what is laid out straight on, whatever the LFSR says: the sets fill way by way.
  CHECK(all_are(distances(line_by_line(8192, p)), line / 4));
  p.icache_bytes = 4096, p.icache_ways = 1;
  // The miss is sent, AR, L, the beats, the adapter's register, a cycle to ask for the next word, then a word a cycle.
  CHECK(all_are(distances(line_by_line(8192, p)), latency + line / 8 + line / 4 + 2));
}

TEST_CASE("two lines a page apart share a D$ of two ways and chase each other out of one with one way") {
  const unsigned latency = GENERATE(20u, 50u);
  for (const unsigned ways : {1u, 2u, 8u}) {
    CAPTURE(latency, ways);
    Cva6Parameters p;
    p.memory.read_latency = latency;
    p.dcache_ways = ways, p.dcache_bytes = ways * page;
    Assembler as(ram);
    as.li(s0, data);
    as.li(s1, data + page);
    const Label again = as.bound();
    as.ld(a0, s0);
    as.add(a1, a0, a0);
    as.ld(a0, s1);
    const std::uint64_t use = as.here();
    as.add(a1, a0, a0);
    as.j(again);
    Cores cores(1, as, p);
    cores.run_to(20'000);
    // A use issues 3 cycles after a load that hits, L + 7 after one that misses (harts_litmus_test.cpp).
    const std::uint64_t period = ways == 1 ? 2 * (latency + 7) : 2 * 3;
    CHECK(all_are(last(distances(cores.commits().at(use)), 100), period + 3));
  }
}

TEST_CASE("twelve pages in turn hit in a D-TLB of 16 entries and walk at every load in one of 8") {
  for (const unsigned entries : {4u, 8u, 16u, 32u}) {
    CAPTURE(entries);
    Cva6Parameters p;
    p.dtlb_entries = entries;
    Assembler as(ram);
    as.li(s0, std::uint64_t{8} << 60 | (ram + 0x10'0000) >> 12);
    as.csrw(Csr::satp, s0);
    as.set_csr(Csr::pmpaddr0, ~std::uint64_t{0} >> 10);
    as.set_csr(Csr::pmpcfg0, 0x1F);
    as.clear_bits(Csr::mstatus, 0x1800);
    as.set_bits(Csr::mstatus, 0x2'0800);  // MPRV, MPP = S: loads are translated, fetches are not
    const Label again = as.bound();
    as.li(s0, 0);
    as.li(s1, page);
    std::uint64_t use = 0;
    for (unsigned i = 0; i < 12; ++i) {
      as.ld(a0, s0);
      as.add(s0, s0, s1);
      use = as.here();
      as.add(a1, a0, a0);
    }
    as.j(again);
    Cores cores(1, as, p);
    // Three levels; all pages are one frame, so that the D$ hits.
    const auto pte = [&](unsigned table, unsigned index, std::uint64_t to, std::uint64_t flags) {
      const std::uint64_t bits = to >> 12 << 10 | flags;
      std::memcpy(cores.host(ram + 0x10'0000 + table * page + 8 * index), &bits, sizeof bits);
    };
    pte(0, 0, ram + 0x10'0000 + page, 1);
    pte(1, 0, ram + 0x10'0000 + 2 * page, 1);
    for (unsigned i = 0; i < 12; ++i) pte(2, i, data, 0xC7);
    cores.run_to(30'000);
    // All misses, a tree-PLRU of n entries fills its leaves in turn and forgets a page after n others: before
    // it comes by again when n is less than 12. Then each load waits for three reads of the D$, 3 cycles
    // each, the two cycles before and one to try again.
    const std::uint64_t walks = entries < 12 ? 12 * (2 + 3 * 3 + 1) : 0;
    const Cycles passes = last(distances(cores.commits().at(use)), 20);
    CHECK(passes.front() == walks + 12 * 4 + 3);
    CHECK(all_are(passes, passes.front()));
    CHECK((cores.stalls(Stall::dtlb_walk) > 100 * 12) == (entries < 12));
  }
}

namespace {

// Independent instructions behind a load that misses every time; what the last pass looks like.
struct BehindAMiss {
  explicit BehindAMiss(const Cva6Parameters& p) {
    Assembler as(ram);
    as.li(s0, data);
    const Label again = as.bound();
    const std::uint64_t load = as.here();
    as.ld(a0, s0);
    as.nops(40);
    as.addi(s0, s0, 64);
    as.j(again);
    Cores cores(1, as, p);
    cores.run_to(5000);
    const auto& all = cores.commits().all;
    for (std::size_t i = all.size() - 100; i < all.size(); ++i) {
      if (all[i].pc != load) continue;
      commit = all[i].commit_cycle;
      for (std::size_t k = i + 1; k < i + 40; ++k) {
        issued_behind += all[k].issue_cycle <= commit;
        if (issued_behind == k - i) drained = all[k].commit_cycle;
      }
      break;
    }
  }
  std::uint64_t commit = 0, drained = 0;
  unsigned issued_behind = 0;
};

}  // namespace

TEST_CASE("a scoreboard of n takes n - 1 instructions behind a load that waits for memory") {
  Cva6Parameters p;
  p.memory.read_latency = 100;
  for (const unsigned entries : {4u, 8u, 16u, 32u}) {
    p.scoreboard_entries = entries;
    CAPTURE(entries);
    CHECK(BehindAMiss(p).issued_behind == entries - 1);
  }
}

TEST_CASE("one commit port drains a full scoreboard in twice the time of two") {
  Cva6Parameters p;
  p.memory.read_latency = 100;
  p.commit_ports = 1;
  const BehindAMiss one(p);
  CHECK(one.drained - one.commit == 7);
  p.commit_ports = 2;
  const BehindAMiss two(p);
  CHECK(two.drained - two.commit == 3);  // the load takes one of them with it
}

TEST_CASE("two branches 256 bytes apart share a counter of a BHT of 128, and have one each in one of 256") {
  for (const unsigned entries : {0u, 128u, 256u}) {
    Cva6Parameters p;
    p.bht_entries = entries;
    Assembler as(ram);
    as.li(t1, 1);
    const Label top = as.label(), always = as.label(), never = as.label();
    as.align(256);
    as.bind(top);
    const std::uint64_t first = as.here();
    as.bnez(t1, always);  // forward: foreseen as not taken without a counter
    as.skip_to(ram + 508);
    as.bind(always);
    as.nop();
    as.beqz(t1, never);  // 256 bytes behind: the same row of 64, another of 128
    as.j(top);
    as.bind(never);
    park(as);
    Cores cores(1, as, p);
    cores.run_to(20'000);
    const Cycles passes = last(distances(cores.commits().at(first)), 20);
    CAPTURE(entries);
    CHECK(all_are(passes, passes.front()));
    const bool mispredicts = cores.stalls(Stall::mispredict) > 1000;
    CHECK(mispredicts == (entries != 256));
  }
}

TEST_CASE("four calls deep, a RAS of two forgets two of the ways back and one of four none") {
  std::array<std::uint64_t, 2> period{};
  for (unsigned i = 0; i < 2; ++i) {
    Cva6Parameters p;
    p.btb_entries = 0;
    p.ras_depth = i == 0 ? 2 : 4;
    Assembler as(ram);
    const Label one = as.label(), two = as.label(), three = as.label(), four = as.label();
    const Label again = as.bound();
    const std::uint64_t top = as.here();
    as.jal(ra, one);
    as.j(again);
    as.bind(one);
    as.mv(s1, ra);
    as.jal(ra, two);
    as.mv(ra, s1);
    as.ret();
    as.bind(two);
    as.mv(s2, ra);
    as.jal(ra, three);
    as.mv(ra, s2);
    as.ret();
    as.bind(three);
    as.mv(s3, ra);
    as.jal(ra, four);
    as.mv(ra, s3);
    as.ret();
    as.bind(four);
    as.ret();
    Cores cores(1, as, p);
    cores.run_to(20'000);
    const Cycles passes = last(distances(cores.commits().at(top)), 20);
    CHECK(all_are(passes, passes.front()));
    period[i] = passes.front();
    CHECK((cores.stalls(Stall::mispredict) > 1000) == (i == 0));
  }
  CHECK(period[0] > period[1]);
}

TEST_CASE("n writes in flight give n doublewords a round trip") {
  for (const unsigned latency : {40u, 80u}) {
    for (const unsigned writes : {2u, 4u, 8u}) {
      Cva6Parameters p;
      p.memory.write_latency = latency;
      p.writes_in_flight = writes;
      p.write_buffer_entries = 16;
      Assembler as(ram);
      as.li(s0, data);
      const Label again = as.bound();
      const std::uint64_t store = as.here();
      as.sd(zero, s0);
      as.addi(s0, s0, 8);
      as.j(again);
      Cores cores(1, as, p);
      cores.run_to(20'000);
      const Cycles at = last(cores.commits().at(store), 10 * writes);
      CAPTURE(latency, writes);
      // AW in 0, B in L, the caches see it in L + 1, the entry goes in L + 2, the next is offered in L + 3.
      CHECK(at[writes] - at[0] == latency + 4);
      CHECK(at[9 * writes] - at[0] == 9 * (at[writes] - at[0]));
    }
  }
}

TEST_CASE("stores that memory does not take fill queues and write buffer before commit stops") {
  for (const unsigned size : {2u, 4u, 8u}) {
    Cva6Parameters p;
    p.memory.write_latency = 2000;
    p.write_buffer_entries = size;
    p.store_queue_commit = 2 * size;
    Assembler as(ram);
    as.li(s0, data);
    for (unsigned i = 0; i < 40; ++i) as.sd(zero, s0, 8 * i);
    park(as);
    Cores cores(1, as, p);
    cores.run_to(2000);
    std::size_t stores = 0;
    for (const auto& record : cores.commits().all)
      stores += (record.bits & 0x7F) == 0x23 && record.commit_cycle < 2000;
    CAPTURE(size);
    CHECK(stores == size + 2 * size);  // 4 of those in the buffer are on their way, and stay in it
  }
}

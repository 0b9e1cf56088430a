// What the memo replays against the plain step, commit by commit and cause by cause.
#include <catch2/catch.hpp>
#include <utility>

#include "tests/unit/timing/cores.hpp"

using namespace hartbeat;
using namespace hartbeat::test;
using timing::cva6::Cva6Parameters;

namespace {

constexpr std::uint64_t data = ram + 0x20'0000;

// s0: the data; s1: a random number, another one on each hart; s2: what next_random() multiplies it by.
void begin_random(Assembler& as, std::int64_t seed) {
  as.li(s0, data);
  as.csrr(s1, Csr::mhartid);
  as.addi(s1, s1, seed);
  as.li(s2, 6364136223846793005u);
}

// a0: 24 bits of the next number; a1: the data by it, one of 2^14 places, each of so many bytes (8 or 16).
void next_random(Assembler& as, unsigned bytes) {
  as.mul(s1, s1, s2);
  as.addi(s1, s1, 1442);
  as.srli(a0, s1, 40);
  as.slli(a1, a0, 50);
  as.srli(a1, a1, bytes == 8 ? 47 : 46);
  as.add(a1, a1, s0);
}

// Loads, stores, branches and calls that go by a random number, and by their result; multiplications, divisions, and at
// times an atomic, a CSR and a fence. The harts work on the same data.
void random_walk(Assembler& as) {
  const Label function = as.label(), again = as.label(), even = as.label(), no_fence = as.label();
  begin_random(as, 12345);
  as.bind(again);
  next_random(as, 8);
  as.ld(a2, a1);
  as.add(a2, a2, a0);
  as.sd(a2, a1);
  as.lw(a3, a1, 4);
  as.andi(a4, a0, 1);
  as.beqz(a4, even);
  as.jal(ra, function);
  as.sb(a3, a1, 3);
  as.bind(even);
  as.r_type(0x33, 4, 1, a5, s1, a0);  // div
  as.add(a5, a5, a3);
  as.andi(a4, a0, 62);
  as.bnez(a4, no_fence);
  as.amoadd_d(a2, s0, a0);
  as.csrr(a3, Csr::mcycle);
  as.fence_i();
  as.bind(no_fence);
  as.half(0x0001);  // c.nop: the next word's instructions lie across words
  as.add(a3, a3, a2);
  as.half(0x0001);
  as.bnez(s1, again);
  as.bind(function);
  as.ld(t0, s0, 8);
  as.add(a3, a3, t0);
  as.ret();
}

// Atomics that a branch waits for, locks, fences behind stores, traps and returns, CSR writes that flush, and behind each of
// them work that is flushed with it: loads, stores, branches, divisions, calls.
void flushing_walk(Assembler& as) {
  const Label start = as.label(), again = as.label(), function = as.label();
  as.jal(s3, start);
  as.csrr(t1, Csr::mepc);  // the trap's handler
  as.addi(t1, t1, 4);
  as.csrw(Csr::mepc, t1);
  as.ld(t2, s0, 16);
  as.addi(t2, t2, 1);
  as.sd(t2, s0, 16);
  as.mret();
  as.bind(function);
  as.add(a3, a3, a2);
  as.ret();
  as.bind(start);
  as.csrw(Csr::mtvec, s3);
  begin_random(as, 777);
  as.bind(again);
  next_random(as, 16);
  const auto behind = [&] {  // by the random number, and by what has just been read
    const Label over = as.label();
    as.andi(a4, a2, 1);
    as.bnez(a4, over);
    as.ld(a5, a1, 8);
    as.sd(a5, a1);
    as.jal(ra, function);
    as.bind(over);
    as.r_type(0x33, 4, 1, a6, s1, a0);  // div
    as.lw(a7, a1, 4);
  };
  // One in four each, by other bits of the number.
  const auto at_times = [&](unsigned bits, auto&& body) {
    const Label no = as.label();
    as.andi(a4, a0, bits);
    as.bnez(a4, no);
    body();
    behind();
    as.bind(no);
  };
  at_times(3, [&] { as.amoadd_d(a2, a1, a0); });
  at_times(12, [&] { as.word(0x0ff0000f); });  // fence
  at_times(5, [&] {
    as.lr_d(a2, s0);
    as.sc_d(a2, s0, a0);
  });
  at_times(10, [&] { as.ecall(); });
  at_times(24, [&] {
    as.sd(a0, a1);
    as.sd(a0, a1, 8);
    as.sfence_vma();
  });
  at_times(40, [&] {
    as.csrr(a2, Csr::mstatus);
    as.csrw(Csr::mstatus, a2);
  });
  at_times(48, [&] {  // misaligned, and a trap, every other time
    as.andi(a7, a0, 1);
    as.add(a7, a7, a1);
    as.ld(a2, a7);
  });
  at_times(96, [&] { as.word(0); });  // illegal
  as.bnez(s1, again);
  park(as);
}

// User code that loads and stores in 16 pages, of which a system call takes one away at random; the page fault gives it back. Behind
// all of these stands work that is flushed. The code is at its physical address for S, and 1 GiB higher for U.
constexpr std::uint64_t root_table = data + 0x10'0000, middle_table = root_table + 0x1000,
                        last_table = root_table + 0x2000, gib = 1u << 30;

void write_tables(Assembler& as) {
  const auto put = [&as](std::uint64_t address, std::uint64_t value) {
    as.li(t0, address);
    as.li(t1, value);
    as.sd(t1, t0);
  };
  put(root_table + 8, pte_of(middle_table, V));
  put(root_table + 16, pte_of(ram, rwx));
  put(root_table + 24, pte_of(ram, rwx | U));
  put(middle_table, pte_of(last_table, V));
  for (unsigned i = 0; i < 16; ++i) put(last_table + 8 * i, pte_of(data + 0x1000 * i, V | R | W | U | A | D));
}

// From a page's number in t0 to the place of its entry. s5: last_table.
void to_entry(Assembler& as) {
  as.andi(t0, t0, 15);
  as.slli(t0, t0, 3);
  as.add(t0, t0, s5);
}

void handle_pages(Assembler& as) {
  const Label call = as.label();
  as.csrr(t0, Csr::scause);
  as.addi(t0, t0, -8);
  as.beqz(t0, call);
  as.csrr(t0, Csr::stval);
  as.srli(t0, t0, 12);
  to_entry(as);
  as.ld(t1, t0);
  as.addi(t1, t1, 1);
  as.sd(t1, t0);
  as.sfence_vma();
  as.sret();
  as.bind(call);
  as.csrr(t0, Csr::sepc);
  as.addi(t0, t0, 4);
  as.csrw(Csr::sepc, t0);
  as.srli(t0, a0, 8);
  to_entry(as);
  as.ld(t1, t0);
  as.andi(t1, t1, -2);
  as.sd(t1, t0);
  as.slli(t2, a0, 12);
  as.sfence_vma(t2);
  as.sfence_vma();
  as.sret();
}

void use_pages(Assembler& as) {
  const Label again = as.bound(), no_call = as.label(), even = as.label();
  next_random(as, 16);
  as.andi(a3, a0, 15);
  as.slli(a3, a3, 12);
  as.srli(a4, a0, 4);
  as.andi(a4, a4, 0xFF);
  as.slli(a4, a4, 3);
  as.add(a3, a3, a4);
  as.add(a3, a3, s4);
  as.ld(a2, a3);
  as.add(a2, a2, a0);
  as.sd(a2, a3);
  as.sd(a2, a3, 0x400);
  as.andi(a4, a0, 3);
  as.bnez(a4, no_call);
  as.ecall();
  as.bind(no_call);
  as.andi(a4, a2, 1);
  as.beqz(a4, even);
  as.r_type(0x33, 4, 1, a6, s1, a0);  // div
  as.bind(even);
  as.lw(a7, a3, 4);
  as.bnez(s1, again);
}

void paging_walk(Assembler& as) {
  const Label handler = as.label(), user = as.label();
  open_pmp(as);
  write_tables(as);
  as.set_csr(Csr::medeleg, 1u << 8 | 1u << 13 | 1u << 15);
  as.la(t0, handler);
  as.csrw(Csr::stvec, t0);
  as.set_csr(Csr::satp, std::uint64_t{8} << 60 | root_table >> 12);
  as.sfence_vma();
  begin_random(as, 4711);
  as.li(s4, gib);  // the pages
  as.li(s5, last_table);
  as.la(t0, user);
  as.li(t1, gib);
  as.add(t0, t0, t1);
  as.csrw(Csr::mepc, t0);
  as.clear_bits(Csr::mstatus, 3u << 11);
  as.mret();
  as.bind(handler);
  handle_pages(as);
  as.bind(user);
  use_pages(as);
}

// The same mret by turns in M, where it waits for the register of its rs2 field, and in U, where it is illegal and does not: the
// pipeline in front of it is the same, behind divisions.
void both_privileges(Assembler& as) {
  const Label start = as.label(), again = as.label(), handler = as.label(), function = as.label(),
              user = as.label();
  as.j(start);
  as.bind(function);
  as.r_type(0x33, 4, 1, a6, s1, a0);  // div
  as.nops(24);
  as.r_type(0x33, 4, 1, sp, s1, a0);
  as.mret();
  as.bind(user);
  as.j(function);
  as.bind(start);
  open_pmp(as);
  as.la(t0, handler);
  as.csrw(Csr::mtvec, t0);
  as.li(s1, ~std::uint64_t{0});
  as.li(a0, 3);
  as.bind(again);
  as.la(t0, user);
  as.csrw(Csr::mepc, t0);
  as.clear_bits(Csr::mstatus, 3u << 11);
  as.j(function);
  as.bind(handler);
  as.j(again);
}

// Its first instruction becomes a jump over the second, without a fence.i: the functional core sees that at once, the I$
// never.
void patch_itself(Assembler& as) {
  const Label again = as.bound();
  as.addi(a2, a2, 1);
  as.addi(a3, a3, 1);
  as.addi(a4, a4, 1);
  as.li(s0, ram);
  as.li(a1, 0x0080'006f);  // j .+8
  as.sw(a1, s0);
  as.addi(t0, a4, -50);
  as.bnez(t0, again);
  park(as);
}

// An instruction becomes another one, without a fence.i: the functional core sees that at once, the I$ never.
void patched_walk(Assembler& as, std::uint32_t before, std::uint32_t behind) {
  const Label start = as.label(), again = as.label(), patched = as.label(), late = as.label();
  as.jal(s3, start);
  as.csrr(t1, Csr::mepc);  // the trap's handler
  as.addi(t1, t1, 4);
  as.csrw(Csr::mepc, t1);
  as.mret();
  as.bind(start);
  as.csrw(Csr::mtvec, s3);
  begin_random(as, 99);
  as.li(s4, 100);
  as.bind(again);
  next_random(as, 8);
  as.ld(a2, a1);
  as.r_type(0x33, 4, 1, a6, s1, a0);  // div
  as.sd(a2, a1, 8);
  as.bind(patched);
  as.word(before);
  as.ld(a3, a1);
  as.add(a3, a3, a2);
  as.sd(a3, a1);
  as.addi(s4, s4, -1);
  as.bnez(s4, late);
  as.li(t0, behind);
  as.la(t1, patched);
  as.sw(t0, t1);
  as.bind(late);
  as.bnez(s1, again);
}

template <class Program>
void check_same(unsigned harts, const Cva6Parameters& parameters, Program&& program,
                std::size_t least_known = 100) {
  Assembler as(ram);
  program(as);
  Cores replayed(harts, as, parameters), plain(harts, as, parameters);
  plain.memo().use(false);
  replayed.run_to(60'000);
  plain.run_to(60'000);
  for (unsigned hart = 0; hart < harts; ++hart) {
    const auto &a = replayed.commits(hart).all, &b = plain.commits(hart).all;
    REQUIRE(a.size() > 5'000);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      INFO("hart " << hart << ", instruction " << i);
      REQUIRE(a[i].pc == b[i].pc);
      REQUIRE(a[i].issue_cycle == b[i].issue_cycle);
      REQUIRE(a[i].commit_cycle == b[i].commit_cycle);
      REQUIRE(a[i].port == b[i].port);
    }
    CHECK(replayed.core(hart).stalls().cycles == plain.core(hart).stalls().cycles);
  }
  CHECK((replayed.memo().size() > least_known) ==
        (parameters.scoreboard_entries <= timing::cva6::PipelineState::most_slots));
  CHECK(plain.memo().size() == 0);
}

}  // namespace

TEST_CASE("cycles out of the memo are those of the plain step") { check_same(1, {}, random_walk); }

TEST_CASE("cycles out of the memo are those of the plain step on three harts") {
  check_same(3, {}, random_walk);
}

TEST_CASE("cycles around flushes out of the memo are those of the plain step") {
  check_same(1, {}, flushing_walk);
  Cva6Parameters parameters;
  parameters.commit_ports = 1;
  parameters.memory.read_latency = parameters.memory.write_latency = 60;
  check_same(1, parameters, flushing_walk);
}

TEST_CASE("cycles around flushes out of the memo are those of the plain step on three harts") {
  check_same(3, {}, flushing_walk);
}

TEST_CASE(
    "cycles around page faults, system calls and SFENCE.VMA out of the memo are those of the plain step") {
  check_same(1, {}, paging_walk);
  Cva6Parameters parameters;
  parameters.dtlb_entries = 4;
  parameters.memory.read_latency = parameters.memory.write_latency = 1;
  check_same(1, parameters, paging_walk);
}

TEST_CASE("an mret that M has executed before is as illegal in U as by the plain step") {
  check_same(1, {}, both_privileges, 20);
}

TEST_CASE(
    "an instruction that traps where the model knows another one takes its time by the memo as by the plain "
    "step") {
  constexpr std::uint32_t amoadd = 0x00a4'362f, fence = 0x0ff0'000f, sfence = 0x1200'0073, load = 0x0004'3603,
                          csrw = 0x3404'1073, ecall = 0x0000'0073, nop = 0x0000'0013;
  const std::pair<std::uint32_t, std::uint32_t> patches[] = {
      {amoadd, ecall}, {fence, ecall}, {sfence, ecall}, {load, ecall},  {csrw, ecall},
      {nop, ecall},    {ecall, nop},   {ecall, load},   {ecall, amoadd}};
  for (const auto& [known, executed] : patches) {
    CAPTURE(known, executed);
    check_same(1, {},
               [before = known, behind = executed](Assembler& as) { patched_walk(as, before, behind); });
  }
}

TEST_CASE("cycles out of the memo are those of the plain step with other sizes") {
  Cva6Parameters parameters;
  parameters.scoreboard_entries = 16;
  parameters.commit_ports = 1;
  parameters.ras_depth = 8;
  parameters.memory.read_latency = 3;
  check_same(1, parameters, random_walk);
  parameters.scoreboard_entries = 32;  // more than the memo takes
  check_same(1, parameters, random_walk);
}

TEST_CASE("a front end that stale code has led astray is led back, with the memo and without") {
  for (const bool memo : {true, false}) {
    Assembler as(ram);
    patch_itself(as);
    Cores cores(1, as);
    cores.memo().use(memo);
    cores.run_to(60'000);
    CHECK(cores.x(a2) == 1);
    CHECK(cores.x(a3) == 1);
    CHECK(cores.x(a4) == 50);
    CHECK(cores.core().divergences() > 0);
  }
}

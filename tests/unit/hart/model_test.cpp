// What the functional core keeps while the cycle model runs it.
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t pool = ram + 0x10'0000, data = ram + 0x20'0000;
constexpr unsigned pages = 17;  // one more than the D-TLB has entries

MachineConfig cva6_machine(const char* timing) {
  MachineConfig config = small_machine("cva6", 1);
  config.timing = timing;
  return config;
}

// S reads one page after the other, and before the last one M reads the first: at its physical address, which is the same one.
void load_reader(Bench& bench) {
  PageTables tables(bench, pool);
  tables.map(ram, ram, rwx, 1);
  for (unsigned i = 0; i < pages; ++i) tables.map(data + page_size * i, data + page_size * i, rwx);
  Assembler as(ram);
  const Label handler = as.label(), end = as.label(), again = as.label(), next = as.label();
  open_pmp(as);
  as.la(t0, handler);
  as.csrw(Csr::mtvec, t0);
  as.set_csr(Csr::satp, tables.satp(1));
  as.li(s3, data);
  as.li(s5, 200);
  as.li(s6, page_size);
  as.drop_to(1);
  as.bind(again);
  as.mv(t2, s3);
  as.li(t3, pages - 1);
  as.bind(next);
  as.ld(t0, t2);
  as.sd(t0, t2, 8);
  as.ld(t1, s3, 16);
  as.add(t2, t2, s6);
  as.addi(t3, t3, -1);
  as.bnez(t3, next);
  as.ecall();
  as.ld(t0, t2);
  as.addi(s5, s5, -1);
  as.bnez(s5, again);
  as.ecall();
  as.bind(handler);
  as.ld(t0, s3);
  as.beqz(s5, end);
  as.csrr(t0, Csr::mepc);
  as.addi(t0, t0, 4);
  as.csrw(Csr::mepc, t0);
  as.mret();
  as.bind(end);
  as.finish();
  bench.place(as);
}

}  // namespace

TEST_CASE(
    "under the cycle model the TLBs hear of the same accesses as without it, of which M-mode's are none") {
  Bench plain(Engine::fast, cva6_machine("none")), modelled(Engine::fast, cva6_machine("cva6"));
  for (Bench* const bench : {&plain, &modelled}) {
    load_reader(*bench);
    bench->run();
  }
  const mmu::UnitCounters &without = plain.mmu_counters(), &with = modelled.mmu_counters();
  CHECK(with.dtlb == without.dtlb);
  CHECK(with.itlb == without.itlb);
  CHECK(with.walks == without.walks);
  CHECK(with.dtlb.misses > 1000);
}

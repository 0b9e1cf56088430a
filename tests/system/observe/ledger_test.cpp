#include <catch2/catch.hpp>

#include "emu/observe/process_ledger.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;

namespace {

struct Machine {
  HartCounters core[2];
  mmu::UnitCounters translation[2];
  ProcessLedger ledger{{{&core[0], &translation[0]}, {&core[1], &translation[1]}}};

  void run(unsigned hart, std::uint64_t instructions) {
    core[hart].instret += instructions;
    core[hart].cycles += 2 * instructions;
    core[hart].exceptions[8] += 1;
    translation[hart].dtlb.misses += 3;
  }
  void switch_to(std::uint32_t hart, std::uint64_t pid) {
    ledger.on(tracepoint(abi::Tracepoint::process_switch, hart, core[hart].cycles, {pid, pid, 0}));
  }
  const ProcessFigures& process(std::uint64_t pid) {
    for (const ProcessFigures& p : ledger.processes()) {
      if (p.pid == pid && p.kind == ProcessFigures::Kind::process) return p;
    }
    throw std::runtime_error("no such process");
  }
};

}  // namespace

TEST_CASE("What a hart counts between two switches belongs to the process that ran") {
  Machine m;
  m.run(0, 100);
  m.switch_to(0, 1);
  m.run(0, 10);
  m.switch_to(0, 2);
  m.run(0, 7);
  m.switch_to(0, 1);
  m.run(0, 5);
  m.ledger.finish();
  CHECK(m.ledger.processes()[0].kind == ProcessFigures::Kind::boot);
  CHECK(m.ledger.processes()[0].ran.core.instret == 100);
  CHECK(m.process(1).ran.core.instret == 15);
  CHECK(m.process(1).ran.core.cycles == 30);
  CHECK(m.process(1).ran.core.exceptions[8] == 2);
  CHECK(m.process(1).ran.translation.dtlb.misses == 6);
  CHECK(m.process(2).ran.core.instret == 7);
}

TEST_CASE("The processes' figures add up to the harts'") {
  Machine m;
  for (unsigned step = 1; step < 200; ++step) {
    m.run(step % 2, step);
    if (step % 3 == 0) m.switch_to(step % 2, step % 5);
  }
  m.ledger.finish();
  HartFigures sum;
  for (const ProcessFigures& p : m.ledger.processes()) add_difference(sum, p.ran, HartFigures{});
  CHECK(sum.core.instret == m.core[0].instret + m.core[1].instret);
  CHECK(sum.core.cycles == m.core[0].cycles + m.core[1].cycles);
  CHECK(sum.translation.dtlb.misses == m.translation[0].dtlb.misses + m.translation[1].dtlb.misses);
}

TEST_CASE("A forked child has its parent's name until it executes a program of its own") {
  Machine m;
  m.ledger.on(process_named(1, "sh"));
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 5, {1, 2, 8192, 30}));
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 6, {1, 3, 4096, 30}));
  m.ledger.on(process_named(3, "a name of thirty-two characters."));
  CHECK(m.process(2).name == "sh");
  CHECK(m.process(2).parent == 1);
  CHECK(m.process(3).name == "a name of thirty-two characters.");
  CHECK(m.process(1).forks.count == 2);
  CHECK(m.process(1).forks.page_table_bytes == 12288);
}

TEST_CASE("A child that runs before its parent's fork returns is one process, not two") {
  Machine m;
  m.ledger.on(process_named(1, "parent"));
  m.switch_to(1, 2);
  m.run(1, 50);
  m.ledger.on(tracepoint(abi::Tracepoint::exit, 1, 60, {2, 0}));
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 70, {1, 2, 0, 0}));
  m.ledger.finish();
  REQUIRE(m.ledger.processes().size() == 3);
  CHECK(m.process(2).ran.core.instret == 50);
  CHECK(m.process(2).parent == 1);
  CHECK(m.process(2).wait_status == 0);
}

TEST_CASE("A pid that the kernel uses again names another process") {
  Machine m;
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 1, {1, 2, 0, 0}));
  m.ledger.on(tracepoint(abi::Tracepoint::exit, 0, 2, {2, 256}));
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 3, {1, 2, 0, 0}));
  const auto& all = m.ledger.processes();
  REQUIRE(all.size() == 4);
  CHECK(all[2].wait_status == 256);
  CHECK(all[3].pid == 2);
  CHECK_FALSE(all[3].wait_status);
}

TEST_CASE("A failed fork makes no process") {
  Machine m;
  m.ledger.on(tracepoint(abi::Tracepoint::fork_end, 0, 1, {1, static_cast<std::uint64_t>(-12), 0, 0}));
  CHECK(m.ledger.processes().size() == 2);
  CHECK(m.process(1).forks.failed == 1);
  CHECK(m.process(1).forks.count == 0);
}

TEST_CASE("A process name that does not print cannot disturb the report") {
  Machine m;
  m.ledger.on(process_named(1, "a\x1b[2J\n"));
  CHECK(m.process(1).name == "a?[2J?");
}

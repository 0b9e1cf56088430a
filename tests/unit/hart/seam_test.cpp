// A timing policy says how long each step took, and changes nothing else.
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "emu/hart/engine.hpp"
#include "emu/hart/recorder.hpp"
#include "emu/isa/table.hpp"
#include "tests/unit/hart/random_program.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

// Loads cost three cycles, traps five, all else one.
struct SlowLoads {
  std::uint64_t retired(const Hart& hart, const Step& step) {
    ++steps;
    if (step.trapped) return hart.clock + 5;
    const isa::Unit unit = isa::row_infos[step.op->operands.row].unit;
    return hart.clock + (unit == isa::Unit::load ? 3 : 1);
  }
  std::uint64_t steps = 0;
};

// A model's loop at its simplest: each step takes the time that `timing` says.
template <class Timing>
void run_stepwise(System& system, Timing& timing) {
  for (const auto& hart : system.harts) system.set_deadline(*hart);
  while (system.stop == Stop::none) {
    Hart* hart = next_in_line(system);
    if (hart == nullptr) {
      if (!idle(system)) return;
      continue;
    }
    system.current = hart;
    if (hart->clock >= hart->deadline && !service(system, *hart)) return;
    const Step done = step(system, *hart);
    spend(*hart, done, timing.retired(*hart, done));
    if (done.waits) system.sleep(*hart);
  }
}

template <class Timing>
void run_under(Bench& bench, Timing& timing, std::uint64_t max_cycles) {
  System& system = bench.machine().system();
  std::vector<Recorder> recorders(system.harts.size());
  for (std::size_t i = 0; i < recorders.size(); ++i) system.harts[i]->recorder = &recorders[i];
  system.stop = Stop::none;
  system.clock_limit = max_cycles;
  run_stepwise(system, timing);
  for (const auto& hart : system.harts) hart->recorder = nullptr;
  system.telling = nullptr;
}

}  // namespace

TEST_CASE("a model that charges three cycles for a load gives the clock worked out by hand") {
  Bench bench;
  Assembler as(ram);
  const Label handler = as.label();
  as.la(t0, handler);        // 2
  as.csrw(Csr::mtvec, t0);   // 1
  as.li(s0, 0x7f);           // 1
  as.slli(s0, s0, 24);       // 1
  as.la(s0, handler);        // 2
  as.ld(a0, s0);             // 3
  as.ld(a0, s0);             // 3
  as.csrr(a1, Csr::mcycle);  // 1, reads 13
  as.ecall();                // 5, does not retire
  as.align(4);
  as.bind(handler);
  as.csrr(a2, Csr::mcycle);    // 1, reads 13 + 1 + 5
  as.csrr(a3, Csr::minstret);  // 1, reads 11
  as.finish();
  bench.place(as);
  SlowLoads timing;
  run_under(bench, timing, 1000);
  CHECK(bench.machine().system().stop == Stop::power_off);
  CHECK(bench.x(a1) == 13);
  CHECK(bench.x(a2) == 19);
  CHECK(bench.x(a3) == 11);
  CHECK(bench.counters().cycles == timing.steps + 4 + 4);
}

TEST_CASE(
    "timing changes no result: the same instructions, registers and memory on one hart without a clock to "
    "look at") {
  const auto limit = GENERATE(range(1, 6)) * std::uint64_t{333};
  const auto program = [](Bench& bench) {
    Assembler as(ram);
    const Label loop = as.label(), table = as.label();
    as.la(s0, table);
    as.li(a0, 0x12345);
    as.bind(loop);
    as.li(t0, 0x7ff8);
    as.mul(a0, a0, t0);
    as.addi(a0, a0, 77);
    as.andi(a1, a0, 0x7f8);
    as.add(a1, a1, s0);
    as.ld(a2, a1);
    as.add(a0, a0, a2);
    as.sd(a0, a1);
    as.j(loop);
    as.align(8);
    as.bind(table);
    bench.place(as);
  };
  Bench timed, plain;
  program(timed);
  program(plain);
  SlowLoads timing;
  run_under(timed, timing, limit);
  RunLimits limits;
  limits.max_instret = timed.counters().instret;
  plain.machine().run(limits);
  for (Reg reg = 1; reg < 32; ++reg) REQUIRE(timed.x(reg) == plain.x(reg));
  REQUIRE(timed.hart().pc == plain.hart().pc);
  for (std::uint64_t at = 0; at < 0x1000; at += 8) REQUIRE(timed.peek(ram + at) == plain.peek(ram + at));
}

TEST_CASE("under a model the hart with the smallest clock runs, ties go to the smallest id") {
  Bench bench(Engine::fast, bench_config(2));
  constexpr std::uint64_t shared = ram + 0x20'0000;
  Assembler as(ram);
  const Label second = as.label();
  as.li(s0, shared);
  as.li(s1, 1);
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, second);
  for (unsigned i = 0; i < 4; ++i) {
    as.ld(t1, s0, 8);  // 3 cycles
    as.amoadd_d(a0 + i, s0, s1);
  }
  as.nops(20);
  as.finish();
  as.bind(second);
  for (unsigned i = 0; i < 8; ++i) as.amoadd_d(a0 + i, s0, s1);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  SlowLoads timing;
  run_under(bench, timing, 1000);
  // Both start at cycle c. Hart 0: load c … c+2, AMO at c+3, c+7, c+11, c+15; hart 1: AMO at c … c+7.
  const std::uint64_t expected0[] = {3, 8, 10, 11}, expected1[] = {0, 1, 2, 4, 5, 6, 7, 9};
  for (unsigned i = 0; i < 4; ++i) CHECK(bench.x(a0 + i, 0) == expected0[i]);
  for (unsigned i = 0; i < 8; ++i) CHECK(bench.x(a0 + i, 1) == expected1[i]);
}

TEST_CASE("a hart whose wfi took long is not woken before it has ended") {
  struct SlowWait {
    std::uint64_t retired(const Hart& hart, const Step& step) { return hart.clock + (step.waits ? 40 : 1); }
  };
  Bench bench(Engine::fast, bench_config(2));
  Assembler as(ram);
  const Label sender = as.label();
  as.set_csr(Csr::mie, irq::MSIP);
  as.li(s0, 0x200'0000);
  as.li(s1, 1);
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, sender);
  as.csrr(a0, Csr::mcycle);
  as.wfi();
  as.csrr(a1, Csr::mcycle);
  as.finish();
  as.bind(sender);
  as.nops(10);
  as.sw(s1, s0);
  const Label spin = as.bound();
  as.j(spin);
  bench.place(as);
  SlowWait timing;
  run_under(bench, timing, 1000);
  CHECK(bench.x(a1) == bench.x(a0) + 1 + 40);
  CHECK(bench.counters().wfi_cycles == 0);
}

namespace {

// What the cycle model tells of retired instructions and commits.
struct Told {
  std::uint64_t hart, bits, next_pc, clock, rd_value;
  std::vector<std::uint64_t> access;
  bool operator==(const Told&) const = default;
};

// Hears them in whole, or in short whatever can be but every seventh.
class Hearer final : public Listener {
 public:
  explicit Hearer(bool in_short) : in_short_(in_short) {}
  Wants wants() const override { return {.retired = true, .commits = true}; }
  using Listener::on;
  void on(const RetireEvent& e) override {
    REQUIRE((!refused_ || *refused_ == Told{e.site.hart.value, e.bits, e.next_pc.value, e.site.cycle.value,
                                            e.rd_value, access(e.memory)}));
    refused_.reset();
    // What it would be in short, and nothing where it would not.
    const bool whole = !e.csrs.empty() || e.memory.size() > 1;
    add({e.site.hart.value, e.bits, e.next_pc.value, e.site.cycle.value, e.writes_x ? e.rd_value : 0,
         whole ? std::vector<std::uint64_t>{} : access(e.memory)});
    writes_[e.bits] = e.writes_x;
  }
  void on(const CommitEvent& e) override { add_commit(e.hart.value, e.record); }
  RetireSink* retirements_of(HartId hart) override { return in_short_ ? &sinks_[hart.value] : nullptr; }

  std::vector<Told> told;
  std::vector<std::vector<std::uint64_t>> commits;
  unsigned taken = 0;

 private:
  class Sink final : public RetireSink {
   public:
    Sink(Hearer& of, unsigned hart) : of_(of), hart_(hart) {}
    bool on_plain(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                  std::uint64_t rd_value) override {
      return of_.take({hart_, bits, next_pc, clock, rd_value, {}});
    }
    bool on_access(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock, std::uint64_t rd_value,
                   const MemoryEffect& effect) override {
      return of_.take({hart_, bits, next_pc, clock, rd_value, access({&effect, 1})});
    }

   private:
    Hearer& of_;
    unsigned hart_;
  };

  static std::vector<std::uint64_t> access(std::span<const MemoryEffect> effects) {
    std::vector<std::uint64_t> all;
    for (const MemoryEffect& e : effects)
      all.insert(all.end(), {e.address.value, e.physical.value, e.value, e.size, e.store});
    return all;
  }
  // Whether rd is written is known of an instruction that has been told in whole.
  bool take(Told what) {
    const auto known = writes_.find(what.bits);
    if (known == writes_.end() || ++asked_ % 7 == 0) {
      refused_ = what;
      return false;
    }
    if (!known->second) what.rd_value = 0;
    ++taken;
    add(what);
    return true;
  }
  void add(const Told& what) { told.push_back(what); }
  void add_commit(unsigned hart, const timing::TraceRecord& r) {
    commits.push_back({hart, r.pc, r.bits, r.port, r.privilege, r.issue_cycle, r.commit_cycle});
  }

  bool in_short_;
  Sink sinks_[2] = {{*this, 0}, {*this, 1}};
  std::map<std::uint32_t, bool> writes_;
  std::optional<Told> refused_;
  unsigned asked_ = 0;
};

}  // namespace

TEST_CASE("a listener may hear a cycle model's instructions in short: they are the same at the same clocks") {
  const unsigned harts = GENERATE(1u, 2u);
  const auto run = [&](Hearer& hearer) {
    MachineConfig config = bench_config(harts);
    config.timing = "cva6";
    Bench bench(Engine::fast, config);
    bench.machine().attach(hearer);
    Assembler as(ram);
    as.li(s0, ram + 0x8000);
    as.csrr(t0, Csr::mhartid);
    as.slli(t0, t0, 8);
    as.add(s0, s0, t0);
    as.li(s1, 40);
    const Label loop = as.bound();
    as.sd(s1, s0);
    as.ld(a0, s0);
    as.add(a1, a1, a0);
    as.sb(a1, s0, 8);
    as.amoadd_d(a2, s0, a1);
    as.csrw(Csr::mscratch, a2);
    as.csrr(a3, Csr::mscratch);
    as.addi(s1, s1, -1);
    as.bnez(s1, loop);
    as.finish();
    bench.place(as);
    bench.run();
  };
  Hearer whole(false), in_short(true);
  run(whole);
  run(in_short);
  CHECK(whole.told == in_short.told);
  CHECK(whole.commits == in_short.commits);
  CHECK(in_short.taken > 100 * harts);
  CHECK(whole.taken == 0);
}

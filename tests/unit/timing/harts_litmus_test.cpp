// Several CVA6 cores on one memory: cycles worked out by hand from the protocol in docs/timing.md.
#include <catch2/catch.hpp>

#include <array>

#include "tests/unit/timing/cores.hpp"

using namespace hartbeat;
using namespace hartbeat::test;
using timing::cva6::Cva6Parameters;

namespace {

constexpr std::uint64_t shared = ram + 0x20'0000, clint = 0x200'0000;

// Hart 0 waits and stores to `target`; hart 1 loads `shared` and uses it, all the time.
struct WriterAndReader {
  explicit WriterAndReader(std::uint64_t target) {
    const Label reader = as.label();
    as.csrr(t0, Csr::mhartid);
    as.bnez(t0, reader);
    as.li(s0, target);
    as.li(t1, 200);
    const Label wait = as.bound();
    as.addi(t1, t1, -1);
    as.bnez(t1, wait);
    as.sd(zero, s0);
    park(as);
    as.bind(reader);
    as.li(s0, shared);
    const Label next = as.bound();
    as.ld(a0, s0);
    use = as.here();
    as.add(a1, a0, a0);
    as.j(next);
  }
  Assembler as{ram};
  std::uint64_t use = 0;
};

// How the reader fares: the usual distance of two uses, the longest after the first hundred, and when that
// ended.
struct Rhythm {
  std::uint64_t usual = 0, longest = 0, when = 0;
  unsigned unusual = 0;
};

Rhythm rhythm(WriterAndReader& program, Cva6Parameters parameters) {
  Cores cores(2, program.as, parameters);
  cores.run_to(10'000);
  const std::vector<std::uint64_t> at = cores.commits(1).at(program.use);
  Rhythm out;
  REQUIRE(at.size() > 200);
  out.usual = at[50] - at[49];
  for (std::size_t i = 50; i < at.size(); ++i) {
    const std::uint64_t distance = at[i] - at[i - 1];
    if (distance != out.usual) ++out.unusual;
    if (distance > out.longest) out.longest = distance, out.when = at[i];
  }
  return out;
}

}  // namespace

TEST_CASE("harts that fetch in the same cycle are served in the order of their numbers, a cycle apart") {
  const unsigned harts = GENERATE(1u, 2u, 4u);
  Assembler as(ram);
  as.nops(8);
  park(as);
  Cores cores(harts, as);
  cores.run_to(1000);
  // The RTL's first fetch leaves in cycle 258 and its instruction commits in 285; the second hart's leaves in
  // 259.
  for (unsigned hart = 0; hart < harts; ++hart)
    CHECK(cores.commits(hart).all.front().commit_cycle == 285 + hart);
}

TEST_CASE("a store's interrupt reaches another hart's wire later by just the wire's delay") {
  const unsigned delay = GENERATE(1u, 10u, 100u);
  std::array<std::uint64_t, 2> woken{};
  for (unsigned with = 0; with < 2; ++with) {
    Assembler as(ram);
    const Label sleeper = as.label();
    as.csrr(t0, Csr::mhartid);
    as.bnez(t0, sleeper);
    as.li(s0, clint + 4);
    as.li(t1, 300);
    const Label wait = as.bound();
    as.addi(t1, t1, -1);
    as.bnez(t1, wait);
    as.li(t1, 1);
    as.sw(t1, s0);
    park(as);
    as.bind(sleeper);
    as.li(t1, 8);
    as.csrw(Csr::mie, t1);
    as.wfi();
    as.csrr(s5, Csr::mcycle);
    park(as);
    Cva6Parameters parameters;
    parameters.memory.ipi_wire_delay = with ? delay : 0;
    Cores cores(2, as, parameters);
    cores.run_to(20'000);
    woken[with] = cores.x(s5, 1);
  }
  CHECK(woken[0] > 0);
  CHECK(woken[1] == woken[0] + delay);
}

TEST_CASE("a remote store costs the reader one miss, and none in another line") {
  const unsigned latency = GENERATE(10u, 20u, 60u);
  CAPTURE(latency);
  Cva6Parameters parameters;
  parameters.memory.read_latency = parameters.memory.write_latency = latency;
  WriterAndReader same(shared + 8), other(shared + 16);
  const Rhythm quiet = rhythm(other, parameters), disturbed = rhythm(same, parameters);
  CHECK(quiet.longest == quiet.usual);
  CHECK(disturbed.unusual == 1);
  // A use issues 3 cycles after a load that hits, L + 7 after one that misses.
  CHECK(quiet.usual == 3 + 2);
  CHECK(disturbed.longest == latency + 7 + 2);
}

TEST_CASE("an invalidation arrives later by just its latency") {
  WriterAndReader program(shared);
  Cva6Parameters parameters;
  const Rhythm near = rhythm(program, parameters);
  REQUIRE(near.unusual == 1);
  // The reader comes by once a period: whole periods later is whole periods later.
  for (const unsigned periods : {1u, 3u, 10u}) {
    parameters.memory.invalidation_latency = static_cast<unsigned>(4 + periods * near.usual);
    const Rhythm far = rhythm(program, parameters);
    CHECK(far.when == near.when + periods * near.usual);
    CHECK(far.longest == near.longest);
  }
}

TEST_CASE("a reservation does not survive another hart's store under the cycle model") {
  Assembler as(ram);
  const Label second = as.label();
  as.csrr(t0, Csr::mhartid);
  as.bnez(t0, second);
  as.li(s0, shared);
  as.lr_d(a0, s0);
  as.li(t1, 200);
  const Label wait = as.bound();
  as.addi(t1, t1, -1);
  as.bnez(t1, wait);
  as.sc_d(a1, s0, s0);
  as.sc_d(a2, s0, s0);
  as.lr_d(a0, s0);
  as.sc_d(a3, s0, s0);
  park(as);
  as.bind(second);
  as.li(s0, shared);
  as.li(t1, 30);
  const Label wait2 = as.bound();
  as.addi(t1, t1, -1);
  as.bnez(t1, wait2);
  as.sb(zero, s0, 7);
  park(as);
  Cores cores(2, as);
  cores.run_to(20'000);
  CHECK(cores.x(a1, 0) == 1);
  CHECK(cores.x(a2, 0) == 1);
  CHECK(cores.x(a3, 0) == 0);
}

TEST_CASE("two runs of racing harts are the same in every cycle, and each cycle has a cause") {
  std::array<std::array<std::uint64_t, 4>, 2> ends{};
  for (auto& end : ends) {
    Assembler as(ram);
    as.li(s0, shared);
    as.li(t1, 50);
    as.li(t2, 1);
    const Label again = as.bound();
    as.amoadd_d(zero, s0, t2);
    as.ld(a0, s0, 8);
    as.sd(a0, s0, 16);
    as.addi(t1, t1, -1);
    as.bnez(t1, again);
    as.csrr(s5, Csr::mcycle);
    park(as);
    Cores cores(4, as);
    cores.run_to(50'000);
    for (unsigned hart = 0; hart < 4; ++hart) {
      end[hart] = cores.x(s5, hart);
      CHECK(end[hart] > 0);
      CHECK(cores.core(hart).stalls().total() == cores.core(hart).cycle());
      CHECK(cores.core(hart).divergences() == 0);
    }
  }
  CHECK(ends[0] == ends[1]);
}

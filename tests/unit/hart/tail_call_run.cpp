// Runs many instructions; under a small stack (ulimit -s) it ends well only when handlers are tail calls.
#include <cstdio>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

std::uint64_t run(unsigned harts) {
  Machine machine(bench_config(harts));
  Assembler as(ram);
  const Label loop = as.label(), routine = as.label();
  as.li(s0, ram + 0x10'0000);
  as.li(s1, 3);
  as.bind(loop);
  as.ld(a0, s0);
  as.addi(a0, a0, 1);
  as.sd(a0, s0);
  as.amoadd_d(a1, s0, s1);
  as.mul(a2, a0, a1);
  as.jal(ra, routine);
  as.bne(a0, zero, loop);
  as.j(loop);
  as.bind(routine);
  as.csrr(a3, Csr::mcycle);
  as.ret();
  const auto& bytes = as.bytes();
  std::copy(bytes.begin(), bytes.end(), machine.platform().ram().host(PhysAddr{ram}));
  RunLimits limits;
  limits.max_instret = 200'000'000 / harts;
  machine.run(limits);
  return machine.counters(HartId{0}).instret * harts;
}

}  // namespace

int main() {
  const std::uint64_t done = run(1) + run(4);
  std::printf("%llu instructions\n", static_cast<unsigned long long>(done));
  return done == 400'000'000 ? 0 : 1;
}

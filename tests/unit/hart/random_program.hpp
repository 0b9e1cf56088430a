// Programs that nobody would write: streams of random instructions of every kind on several harts, under
// paging, in all privileges, with timers, IPIs, faults, stale translations and code that changes itself. The
// same seed gives the same program; it never ends, runs are cut by limits.
#pragma once

#include <random>
#include <string>

#include "tests/unit/hart/bench.hpp"

namespace hartbeat::test {

struct RandomProgram {
  std::uint64_t seed = 0;
  unsigned harts = 1;

  // The machine it runs on: TLB shapes, A/D policy and the like vary with the seed.
  MachineConfig config() const;
  void load(Bench& bench) const;
};

}  // namespace hartbeat::test

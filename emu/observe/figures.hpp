// What can be counted about a piece of a run (a hart's, a process's): the sums that every report is made of.
// Owns their arithmetic; what each counter means is in counter_table.cpp.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "emu/hart/counters.hpp"
#include "guestos/abi/tracepoints.hpp"
#include "mmu/translation_unit.hpp"

namespace hartbeat::observe {

// A hart as observers may read it: its counters are up to date whenever a listener is called. The pointers
// stay good for the whole run.
struct HartView {
  const HartCounters* core = nullptr;
  const mmu::UnitCounters* translation = nullptr;
};

// What harts count by themselves.
struct HartFigures {
  HartCounters core;
  mmu::UnitCounters translation;
};

inline HartFigures figures_of(const HartView& hart) { return {*hart.core, *hart.translation}; }

// The counters as a row of numbers, so that a counter that is added to them is added up, too.
template <class Counters>
void add_difference(Counters& sum, const Counters& now, const Counters& before) {
  static_assert(std::is_trivially_copyable_v<Counters> && sizeof(Counters) % sizeof(std::uint64_t) == 0);
  using Numbers = std::array<std::uint64_t, sizeof(Counters) / sizeof(std::uint64_t)>;
  auto numbers = std::bit_cast<Numbers>(sum);
  const auto upper = std::bit_cast<Numbers>(now), lower = std::bit_cast<Numbers>(before);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += upper[i] - lower[i];
  sum = std::bit_cast<Counters>(numbers);
}

// sum += now - before
inline void add_difference(HartFigures& sum, const HartFigures& now, const HartFigures& before) {
  add_difference(sum.core, now.core, before.core);
  add_difference(sum.translation, now.translation, before.translation);
}

// Page faults by how the guest kernel resolved them; the index is abi::FaultResolution.
struct FaultFigures {
  std::array<std::uint64_t, abi::fault_resolution_count> count{};
  std::array<std::uint64_t, abi::fault_resolution_count> cycles{};  // from fault_begin to fault_end

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : count) sum += n;
    return sum;
  }
  std::uint64_t of(abi::FaultResolution resolution) const { return count[static_cast<unsigned>(resolution)]; }
};

struct CopyFigures {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t cycles = 0;  // from copy_begin to copy_end
};

struct ForkFigures {
  std::uint64_t count = 0;             // that made a child
  std::uint64_t failed = 0;            // that returned an error
  std::uint64_t cycles = 0;            // from fork_begin to fork_end, failed ones too
  std::uint64_t page_table_bytes = 0;  // page tables allocated for children
  std::uint64_t shared_pages = 0;      // pages that parent and child shared afterwards
  std::uint64_t shared_bytes() const { return shared_pages * 4096; }  // what an eager fork would have copied
};

}  // namespace hartbeat::observe

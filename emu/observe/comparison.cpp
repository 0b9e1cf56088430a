#include "emu/observe/comparison.hpp"

#include <algorithm>

namespace hartbeat::observe {

bool Comparison::agrees() const {
  return std::all_of(rows.begin(), rows.end(), [](const ComparisonRow& row) { return row.agrees(); });
}

Comparison compare(const KernelFigures& kernel, const InferredFigures& hardware) {
  using enum abi::FaultResolution;
  Comparison result;
  result.possible = kernel.heard;
  if (!kernel.heard) return result;
  const FaultFigures& faults = kernel.faults;
  const std::uint64_t fills =
      faults.of(demand_zero) + faults.of(file_fill) + faults.of(stack_grow) + faults.of(swap_in);
  // A fault whose page nobody touched again shows no resolution: its process was killed or unmapped the page.
  const std::uint64_t open = hardware.unresolved + hardware.undecided;
  result.rows = {{"page faults", faults.total(), hardware.page_faults, 0},
                 {"pages copied", kernel.copies.pages, hardware.copies, open},
                 {"faults resolved by a copy", faults.of(cow_copy), hardware.copies, open},
                 {"pages reused", faults.of(cow_reuse), hardware.reuses, open},
                 {"pages filled", fills, hardware.fills, open}};
  return result;
}

}  // namespace hartbeat::observe

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
  // Some of those the kernel need not tell: it met them itself on a user's bad pointer, and answered with an
  // error.
  const std::uint64_t open = hardware.unresolved + hardware.undecided;
  // A process may mend a protection fault itself (a handler that calls mprotect or mmap): that looks like a
  // resolution by the kernel.
  const std::uint64_t mended = faults.of(protection);
  result.rows = {{"page faults", faults.total(), hardware.page_faults, 0, hardware.unresolved},
                 {"pages copied on a write", faults.of(cow_copy), hardware.copies, open, mended},
                 {"pages reused by their last owner", faults.of(cow_reuse), hardware.reuses, open, mended},
                 {"pages filled at their first touch", fills, hardware.fills, open, mended}};
  return result;
}

}  // namespace hartbeat::observe

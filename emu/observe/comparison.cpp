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
  const std::uint64_t fills = faults.of(demand_zero) + faults.of(file_fill) + faults.of(stack_grow) +
                              faults.of(swap_in) + faults.of(table_attach);
  // A fault whose page nobody touched again shows no resolution: its process was killed or unmapped the page.
  // Some of those the kernel need not tell: it met them itself on a user's bad pointer, and answered with an
  // error.
  const std::uint64_t open = hardware.unresolved + hardware.undecided;
  // A process may mend a protection fault itself (a handler that calls mprotect or mmap): that looks like a
  // resolution by the kernel.
  const std::uint64_t mended = faults.of(protection);
  // Two harts may miss the same page table for different pages: the kernel puts it back once, and finds the
  // second fault spurious.
  const std::uint64_t met_attached = faults.of(table_attach) != 0 ? faults.of(spurious) : 0;
  // And where they miss it for one page, the second fault hides from the hardware's view that the entry was
  // gone.
  const std::uint64_t attached_together =
      std::min(faults.of(table_attach), hardware.changes + hardware.spurious);
  // A fork that copies at once takes W and gives it back. A store between the two waits for the fork; then the kernel
  // finds the entry in order, and the hardware sees that it has gained W.
  const std::uint64_t given_back =
      faults.of(spurious) - std::min(faults.of(spurious), hardware.spurious + hardware.undecided);
  result.rows = {
      {"page faults", faults.total(), hardware.page_faults, 0, hardware.unresolved},
      {"pages copied on a write", faults.of(cow_copy) + faults.of(zero_copy), hardware.copies, open, mended},
      {"pages reused by their last owner", faults.of(cow_reuse), hardware.reuses, open, mended + given_back},
      {"pages filled at their first touch", fills, hardware.fills, open + attached_together,
       mended + met_attached}};
  return result;
}

}  // namespace hartbeat::observe

#include "guestos/firmware/pmu_events.hpp"

namespace hartbeat::firmware {
namespace {

std::uint64_t pair(const CellList& cells, std::size_t at) {
  return std::uint64_t{cells[at]} << 32 | cells[at + 1];
}

}  // namespace

void PmuEvents::read(const DeviceTree::Node& node) {
  const CellList selectors = node.cells("riscv,event-to-mhpmevent");
  for (std::size_t i = 0; i + 3 <= selectors.size(); i += 3)
    selectors_.add({selectors[i], pair(selectors, i + 1)});
  const CellList ranges = node.cells("riscv,event-to-mhpmcounters");
  for (std::size_t i = 0; i + 3 <= ranges.size(); i += 3)
    ranges_.add({ranges[i], ranges[i + 1], ranges[i + 2]});
  const CellList raws = node.cells("riscv,raw-event-to-mhpmcounters");
  for (std::size_t i = 0; i + 5 <= raws.size(); i += 5)
    raws_.add({pair(raws, i), pair(raws, i + 2), raws[i + 4]});
}

std::uint32_t PmuEvents::counters_of(const PmuEvent& event) const {
  if (event.type() == PmuEventType::raw) {
    for (const Raw& raw : raws_) {
      if ((event.data & raw.mask) == raw.select) return raw.counters;
    }
    return 0;
  }
  std::uint32_t counters = 0;
  if (event.index == pmu_cycles_event) counters = 1u << cycle_counter;
  if (event.index == pmu_instructions_event) counters = 1u << instret_counter;
  for (const Range& range : ranges_) {
    if (range.first <= event.index && event.index <= range.last) counters |= range.counters;
  }
  return counters;
}

std::uint64_t PmuEvents::selector_of(const PmuEvent& event) const {
  if (event.type() == PmuEventType::raw) return event.data;
  for (const Selector& selector : selectors_) {
    if (selector.event == event.index) return selector.value;
  }
  return event.index;
}

}  // namespace hartbeat::firmware

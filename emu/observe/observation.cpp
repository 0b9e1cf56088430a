#include "emu/observe/observation.hpp"

#include <algorithm>
#include <utility>

namespace hartbeat::observe {

Observation::Observation(std::vector<HartView> harts, ReadMemory read_memory)
    : harts_(std::move(harts)), ledger_(harts_), copies_(std::move(read_memory)) {}

std::array<Listener*, 5> Observation::listeners() {
  return {&ledger_, &kernel_, &shootdowns_, &copies_, &hardware_};
}

Report Observation::report(RunFacts facts) {
  ledger_.finish();
  copies_.finish();
  Report report;
  report.facts = std::move(facts);
  for (const HartView& hart : harts_) {
    report.harts.push_back(figures_of(hart));
    add_difference(report.total, report.harts.back(), HartFigures{});
  }
  report.processes = ledger_.processes();
  report.kernel = kernel_.figures();
  report.shootdowns = shootdowns_.figures();
  report.copy_use = copies_.figures();
  report.hardware = hardware_.figures();
  report.comparison = compare(report.kernel, report.hardware);
  return report;
}

std::uint64_t Report::elapsed() const {
  std::uint64_t furthest = 0;
  for (const HartFigures& hart : harts) furthest = std::max(furthest, hart.core.cycles);
  return furthest;
}

std::string timing_sentence(const std::string& model) {
  if (model == "none") {
    return "timing none: one instruction = one cycle; cycles count work, they are not a core's time";
  }
  return "timing " + model + ": cycle-accurate, as the " + model +
         " core spends them (docs/accuracy.md: how exactly)";
}

}  // namespace hartbeat::observe

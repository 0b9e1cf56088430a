#include "emu/observe/observation.hpp"

#include <algorithm>
#include <utility>

#include "emu/observe/fault_explanation.hpp"

namespace hartbeat::observe {

Observation::Observation(std::vector<HartView> harts, ReadMemory read_memory, Detail detail)
    : harts_(std::move(harts)),
      detail_(std::move(detail)),
      ledger_(harts_),
      shootdowns_(detail_.lists ? list_limit : 0),
      copies_(read_memory),
      attribution_(detail_.lists ? list_limit : 0),
      journal_(detail_.lists ? list_limit : 0, detail_.explain),
      faults_([this](const FaultRecord& fault) {
        attribution_.add(fault);
        journal_.add(fault);
      }),
      sharing_(std::move(read_memory), detail_.lists ? moment_limit : 0),
      timeline_(detail_.lists ? list_limit : 0),
      walks_(detail_.lists) {}

std::array<Listener*, 9> Observation::listeners() {
  return {&ledger_, &kernel_, &shootdowns_, &copies_, &hardware_, &faults_, &sharing_, &timeline_, &walks_};
}

void Observation::explain_faults(Report& report) const {
  const std::vector<std::int32_t>& changed = copies_.changed();
  for (const FaultRecord& fault : journal_.faults()) {
    ExplanationContext context{.forks = &report.forks, .find_code = detail_.find_code};
    if (fault.copy && fault.copy->number < changed.size())
      context.changed_bytes = changed[fault.copy->number];
    report.faults.push_back({fault, explanation(fault, context)});
  }
  std::stable_sort(report.faults.begin(), report.faults.end(),
                   [](const auto& a, const auto& b) { return a.record.number < b.record.number; });
}

Report Observation::report(RunFacts facts) {
  ledger_.finish();
  copies_.finish();
  faults_.finish();
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
  report.cow = attribution_.figures(copies_.changed(), detail_.find_code);
  report.forks = faults_.family().forks();
  report.fault_count = journal_.count();
  explain_faults(report);
  timeline_.finish(report.elapsed());
  report.sharing = sharing_.moments();
  report.timeline = timeline_.spans();
  report.timeline_left_out = timeline_.left_out();
  report.walks = {walks_.cycles_per_bin(), walks_.pages(), walks_.rows()};
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

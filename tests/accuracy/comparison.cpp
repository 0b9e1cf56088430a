#include "tests/accuracy/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>

namespace hartbeat::accuracy {
namespace {

double percent(std::uint64_t ours, std::uint64_t wanted) {
  return 100.0 * std::abs(static_cast<double>(ours) - static_cast<double>(wanted)) /
         static_cast<double>(std::max<std::uint64_t>(wanted, 1));
}

struct Summary {
  std::size_t runs = 0, figures = 0, different = 0, beyond_two = 0, traced = 0, instructions = 0, exact = 0;
  double mean = 0, worst = 0;
  bool instret_equal = true, sound = true;
};

std::map<std::string, Summary> summarise(const std::vector<RunReport>& reports) {
  std::map<std::string, Summary> out;
  for (const RunReport& r : reports) {
    Summary& s = out[r.set];
    ++s.runs;
    s.figures += r.figures;
    s.different += r.different;
    s.beyond_two += r.beyond_two;
    s.mean += r.mean_error * static_cast<double>(r.figures);
    s.worst = std::max(s.worst, r.worst_error);
    s.instret_equal &= r.instret_equal;
    s.sound &= r.sound && r.checksums_equal && r.missing == 0;
    if (!r.traced) continue;
    ++s.traced;
    s.instructions += r.trace.instructions;
    s.exact += r.trace.exact;
  }
  for (auto& [set, s] : out) s.mean /= static_cast<double>(std::max<std::size_t>(s.figures, 1));
  return out;
}

double exact_share(const Summary& s) {
  return s.instructions == 0 ? 100.0
                             : 100.0 * static_cast<double>(s.exact) / static_cast<double>(s.instructions);
}

}  // namespace

RunReport compare_run(const RunKey& key, const std::vector<Figure>& wanted,
                      const std::vector<std::string>& checksums, const GuestRun& run) {
  RunReport out;
  std::tie(out.set, out.program, out.latency) = key;
  out.seconds = run.seconds;
  out.instructions = run.instret;
  out.sound = run.finished && run.unattributed == 0 && run.divergences == 0;
  Printed printed = parse_output(run.output);
  std::map<std::string, std::vector<Figure>> by_metric;
  for (const Figure& figure : printed.figures) by_metric[figure.metric].push_back(figure);
  double sum = 0;
  for (const Figure& want : wanted) {
    if (want.metric == "total") {
      out.total_error = percent(run.total, want.cycles);
      continue;
    }
    auto& candidates = by_metric[want.metric];
    if (candidates.empty()) {
      ++out.missing;
      continue;
    }
    const Figure got = candidates.front();
    candidates.erase(candidates.begin());
    const double error = percent(got.cycles, want.cycles);
    ++out.figures;
    out.different += got.cycles != want.cycles;
    out.beyond_two += (got.cycles > want.cycles ? got.cycles - want.cycles : want.cycles - got.cycles) > 2;
    out.instret_equal &= got.instret == want.instret;
    sum += error;
    if (error >= out.worst_error) {
      out.worst_error = error;
      out.worst_metric = want.metric;
    }
  }
  out.mean_error = out.figures ? sum / static_cast<double>(out.figures) : 0;
  out.checksums_equal = checksums.empty() || printed.checksums == checksums;
  return out;
}

void print_run(const RunReport& r, std::ostream& out) {
  out << std::left << std::setw(9) << r.set << std::setw(9) << r.program << "L=" << std::setw(3) << r.latency
      << std::right << std::setw(4) << r.figures << " figures, " << std::setw(3) << r.different
      << " differ, worst " << std::fixed << std::setprecision(3) << r.worst_error << " %";
  if (r.different) out << " (" << r.worst_metric << ")";
  out << ", whole run " << r.total_error << " %";
  if (r.traced) {
    out << ", trace " << r.trace.exact << "/" << r.trace.instructions << " exact";
    if (!r.first_difference.empty()) out << "\n" << r.first_difference;
  }
  if (!r.instret_equal) out << ", INSTRET DIFFERS";
  if (!r.checksums_equal) out << ", CHECKSUM DIFFERS";
  if (r.missing) out << ", " << r.missing << " figures missing";
  if (!r.sound) out << ", NOT SOUND (did not finish, lost cycles, or lost its path)";
  out << "\n";
}

void print_summary(const std::vector<RunReport>& reports, std::ostream& out) {
  for (const auto& [set, s] : summarise(reports)) {
    out << std::fixed << set << ": " << s.runs << " runs, " << s.figures << " figures, "
        << s.figures - s.different << " exact, mean error " << std::setprecision(4) << s.mean << " %, worst "
        << s.worst << " %";
    if (s.traced)
      out << "; traces: " << s.exact << " of " << s.instructions << " instructions exact (" << exact_share(s)
          << " %)";
    out << (s.instret_equal ? "; instret equal" : "; INSTRET DIFFERS") << "\n";
  }
}

bool meets_goals(const std::vector<RunReport>& reports, std::ostream& out) {
  bool good = true;
  const auto fail = [&](const std::string& set, const char* goal) {
    out << "goal missed: " << set << ": " << goal << "\n";
    good = false;
  };
  for (const auto& [set, s] : summarise(reports)) {
    if (!s.instret_equal) fail(set, "instret equal everywhere");
    if (!s.sound) fail(set, "every run finishes, with its checksums, and loses no cycle");
    if (set == "micro") {
      if (static_cast<double>(s.beyond_two) > 0.05 * static_cast<double>(s.figures))
        fail(set, "95 % of rows within 2 cycles");
      if (s.worst > 1.0) fail(set, "worst row within 1 %");
    } else {
      if (s.mean > (set == "random" ? 0.3 : 0.5)) fail(set, "mean error");
      if (s.worst > 2.0) fail(set, "worst error 2 %");
      if (set == "random" && exact_share(s) < 90) fail(set, "90 % of traced instructions exact");
      if (set == "decode" && exact_share(s) < 100) fail(set, "all traced instructions exact");
    }
  }
  return good;
}

void print_markdown(const std::vector<RunReport>& reports, std::ostream& out) {
  out << "| set | runs | figures | exact | mean error | worst | traced instructions | exact "
         "|\n|---|---|---|---|---|---|---|---|\n";
  for (const auto& [set, s] : summarise(reports)) {
    out << std::fixed << "| " << set << " | " << s.runs << " | " << s.figures << " | "
        << s.figures - s.different << " | " << std::setprecision(4) << s.mean << " % | " << s.worst << " % | "
        << s.instructions << " | " << exact_share(s) << " % |\n";
  }
  out << "\n| set | program | latency | figures | differ | mean error | worst | whole run | trace exact "
         "|\n|---|---|---|---|---|---|---|---|---|\n";
  for (const RunReport& r : reports) {
    out << "| " << r.set << " | " << r.program << " | " << r.latency << " | " << r.figures << " | "
        << r.different << " | " << std::setprecision(3) << r.mean_error << " % | " << r.worst_error << " % | "
        << std::setprecision(4) << r.total_error << " % | ";
    if (r.traced) out << r.trace.exact << "/" << r.trace.instructions;
    out << " |\n";
  }
}

}  // namespace hartbeat::accuracy

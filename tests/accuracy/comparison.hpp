// One run against the RTL, and the tables made of many.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "tests/accuracy/figures.hpp"
#include "tests/accuracy/guest_run.hpp"
#include "tests/accuracy/trace_file.hpp"

namespace hartbeat::accuracy {

struct RunReport {
  std::string set, program;
  unsigned latency = 0;
  std::size_t figures = 0, different = 0, beyond_two = 0, missing = 0;  // beyond_two: more than 2 cycles off
  double mean_error = 0, worst_error = 0;                               // of the figures' cycles, in percent
  double total_error = 0;  // of the whole run's cycles, in percent
  std::string worst_metric;
  bool instret_equal = true, checksums_equal = true, sound = true;
  bool traced = false;
  TraceComparison trace;
  std::string first_difference;  // trace lines, RTL and ours
  double seconds = 0;
  std::uint64_t instructions = 0;
};

// `checksums`: empty when this run's are not comparable.
RunReport compare_run(const RunKey& key, const std::vector<Figure>& wanted,
                      const std::vector<std::string>& checksums, const GuestRun& run);

// Goals of a set; prints what is missed. True when all are met.
bool meets_goals(const std::vector<RunReport>& reports, std::ostream& out);
void print_run(const RunReport& report, std::ostream& out);
void print_summary(const std::vector<RunReport>& reports, std::ostream& out);
void print_markdown(const std::vector<RunReport>& reports, std::ostream& out);

}  // namespace hartbeat::accuracy

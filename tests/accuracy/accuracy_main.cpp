// hartbeat_accuracy: every recorded program against the RTL's figures. See README.md.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "tests/accuracy/comparison.hpp"

namespace {

using namespace hartbeat::accuracy;
namespace fs = std::filesystem;

struct Options {
  std::string data = HARTBEAT_ACCURACY_DATA;
  std::set<unsigned> latencies;
  std::set<std::string> sets, programs;
  std::string markdown;
  bool traces = true;
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--no-traces") {
      out.traces = false;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(option + " needs a value");
    const std::string value = argv[++i];
    if (option == "--data")
      out.data = value;
    else if (option == "--latency")
      out.latencies.insert(static_cast<unsigned>(std::stoul(value)));
    else if (option == "--set")
      out.sets.insert(value);
    else if (option == "--program")
      out.programs.insert(value);
    else if (option == "--markdown")
      out.markdown = value;
    else
      throw std::invalid_argument("unknown option " + option);
  }
  return out;
}

fs::path folder(const std::string& data, const std::string& set) {
  return fs::path(data) / (set == "workload" ? "workloads" : set);
}

fs::path elf_of(const std::string& data, const std::string& set, const std::string& program) {
  return folder(data, set) / (set == "random" ? "elf" : "") / (program + ".elf");
}

std::string describe(const std::vector<hartbeat::timing::TraceRecord>& records, std::size_t at) {
  return at < records.size() ? format(records[at]) : "(end)";
}

int run(const Options& options) {
  const auto figures = read_figures(options.data + "/figures.csv");
  const auto checksums = read_checksums(options.data + "/checksums.txt");
  std::vector<RunReport> reports;
  double seconds = 0;
  std::uint64_t instructions = 0;
  for (const auto& [key, wanted] : figures) {
    const auto& [set, program, latency] = key;
    if (!options.sets.empty() && !options.sets.count(set)) continue;
    if (!options.programs.empty() && !options.programs.count(program)) continue;
    if (!options.latencies.empty() && !options.latencies.count(latency)) continue;
    const fs::path trace = folder(options.data, set) / "trace" / (program + ".tr.zst");
    const bool traced = options.traces && latency == 20 && fs::exists(trace);
    TraceCollector collector;
    const GuestRun guest =
        run_guest(elf_of(options.data, set, program).string(), latency, traced ? &collector : nullptr);
    const auto sums = checksums.find({set, program});
    const bool comparable = sums != checksums.end() && latency == 20 && set != "micro";
    RunReport report =
        compare_run(key, wanted, comparable ? sums->second : std::vector<std::string>{}, guest);
    if (traced) {
      report.traced = true;
      const auto reference = read_trace(trace.string());
      report.trace = compare(reference, collector.records);
      if (report.trace.first < report.trace.instructions)
        report.first_difference = "    RTL  " + describe(reference, report.trace.first) + "\n    ours " +
                                  describe(collector.records, report.trace.first);
    }
    print_run(report, std::cout);
    std::cout.flush();
    seconds += guest.seconds;
    instructions += guest.instret;
    reports.push_back(report);
  }
  print_summary(reports, std::cout);
  std::cout << static_cast<double>(instructions) / 1e6 / std::max(seconds, 1e-9)
            << " million instructions per second of host CPU\n";
  if (!options.markdown.empty()) {
    std::ofstream document(options.markdown);
    print_markdown(reports, document);
  }
  return meets_goals(reports, std::cout) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "hartbeat_accuracy: " << error.what() << "\n";
    return 2;
  }
}

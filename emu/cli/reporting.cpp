#include "emu/cli/reporting.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "emu/cli/code_finder.hpp"
#include "emu/machine/user_error.hpp"
#include "emu/observe/json_report.hpp"
#include "emu/observe/saved_report.hpp"
#include "emu/observe/screen_report.hpp"
#include "emu/observe/text_report.hpp"
#include "emu/observe/text_table.hpp"

namespace hartbeat::cli {
namespace {

std::string render(const std::string& format, const observe::Report& report) try {
  if (format == "text") return observe::to_screen(report);
  if (format == "full") return observe::to_full_text(report);
  const std::string json = observe::to_json(report);
  if (format == "html") return observe::to_html(json);
  return format == "csv" ? observe::to_csv(json, "counters") : json;
} catch (const observe::NoSuchReport& error) {
  throw UserError(error.what());
}

observe::RunConfiguration configuration_of(const RunOptions& options, const MachineConfig& config) {
  observe::RunConfiguration made_by{.isa = config.isa,
                                    .machine_file = {},
                                    .overrides = options.overrides,
                                    .kernel_command_line = options.request.append,
                                    .tlbs = {}};
  for (const BundledMachine& machine : bundled_machines()) {
    if (machine.name == config.name) made_by.machine_file = machine.toml;
  }
  const auto add = [&](const char* name, const mmu::TlbConfig& tlb) {
    made_by.tlbs.push_back({name, tlb.entries, tlb.ways});
  };
  add("itlb", config.hart.mmu.itlb);
  add("dtlb", config.hart.mmu.dtlb);
  if (config.hart.mmu.l2) add("l2", *config.hart.mmu.l2);
  return made_by;
}

// What would be known only at the end of a run, when its report is lost.
void check_writable(const std::string& file) {
  if (file.empty() || file == "-") return;
  const std::filesystem::path path(file), directory = path.has_parent_path() ? path.parent_path() : ".";
  const auto refuse = [&](int error) {
    throw UserError(fmt::format("cannot write {}: {}", file, std::strerror(error)));
  };
  if (std::filesystem::is_directory(path)) refuse(EISDIR);
  if (::access(std::filesystem::exists(path) ? path.c_str() : directory.c_str(), W_OK) != 0) refuse(errno);
}

}  // namespace

void write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw UserError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

void write_text(const std::string& file, const std::string& text) {
  if (file.empty())
    std::cerr << text << std::flush;
  else if (file == "-")
    std::cout << text << std::flush;
  else
    write_file(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Reporting::Reporting(const RunOptions& options, Machine& machine, const Image& image,
                     bool wanted_by_recording)
    : options_(options), machine_(machine) {
  const auto asks_for = [&](const char* format) {
    return std::any_of(options.stats.begin(), options.stats.end(),
                       [&](const OutputChoice& choice) { return choice.format == format; });
  };
  prints_ = !(options.quiet && options.stats.empty()) && !asks_for("none");
  for (const OutputChoice& choice : options.stats) check_writable(choice.file);
  if (!prints_ && options.explain == 0 && !wanted_by_recording) return;
  std::vector<observe::HartView> views;
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    views.push_back({&machine.counters(HartId{i}), &machine.translation(HartId{i}).counters()});
  }
  const Ram& ram = machine.platform().ram();
  const auto read_memory = [&ram](PhysAddr address, std::span<std::uint8_t> into) {
    if (!ram.contains(address, into.size())) return false;
    std::memcpy(into.data(), ram.host(address), into.size());
    return true;
  };
  const bool only_text =
      !wanted_by_recording &&
      std::all_of(options.stats.begin(), options.stats.end(), [](const OutputChoice& choice) {
        return choice.format == "text" || choice.format == "full";
      });
  observation_ = std::make_unique<observe::Observation>(
      std::move(views), read_memory,
      observe::Detail{
          .lists = !only_text, .explain = options.explain, .find_code = code_finder(image, options.request)});
  for (Listener* listener : observation_->listeners()) machine.attach(*listener);
}

observe::RunFacts Reporting::facts(int exit_status, const std::string& ending) const {
  const RunRequest& request = options_.request;
  const MachineConfig& config = machine_.config();
  observe::RunFacts facts{.program = request.program.empty() ? request.kernel : request.program,
                          .arguments = request.arguments,
                          .machine = config.name,
                          .timing = config.timing,
                          .memory_bytes = config.platform.memory,
                          .exit_status = exit_status,
                          .memory_system = machine_.memory_counters(),
                          .configuration = configuration_of(options_, config),
                          .ending = ending};
  const auto& parts = machine_.timing_parts();
  for (unsigned i = 0; i < parts.size(); ++i) {
    if (parts[i].cycles != 0 && config.timing != "none")
      facts.timing_parts.push_back({timing_part_names[i], parts[i].instret, parts[i].cycles});
  }
  return facts;
}

std::optional<observe::Report> Reporting::report(int exit_status, const std::string& ending) {
  if (!observation_) return std::nullopt;
  for (unsigned i = 0; i < machine_.hart_count(); ++i) machine_.counters(HartId{i});  // up to date
  return observation_->report(facts(exit_status, ending));
}

void Reporting::explain(const observe::Report& report) const {
  for (const observe::ExplainedFault& fault : report.faults) {
    if (fault.record.number != options_.explain) continue;
    return write_text("", observe::wrapped(fault.explanation, 100) + "\n");
  }
  throw UserError(fmt::format("--explain fault:{}: the run had {} page faults, numbered from 1",
                              options_.explain, report.fault_count));
}

void Reporting::print(const observe::Report& report) const {
  if (options_.explain != 0) explain(report);
  if (!prints_) return;
  if (options_.stats.empty()) return write_text("", render("text", report));
  for (const OutputChoice& choice : options_.stats) {
    if (choice.format != "none") write_text(choice.file, render(choice.format, report));
  }
}

}  // namespace hartbeat::cli

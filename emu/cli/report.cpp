// hartbeat report FILE…: what a saved run has to say, from its recording or its JSON report alone.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <fstream>
#include <iostream>

#include "emu/cli/commands.hpp"
#include "emu/cli/reporting.hpp"
#include "emu/cli/traces.hpp"
#include "emu/machine/elf.hpp"
#include "emu/machine/user_error.hpp"
#include "emu/observe/recording/replay.hpp"
#include "emu/observe/saved_report.hpp"
#include "emu/observe/text_table.hpp"
#include "emu/observe/trace_formats.hpp"

namespace hartbeat::cli {
namespace {

using observe::recording::Replay;

// --export FORMAT[:FILE]: every view in one pass over the recording. False when one could not be written.
bool export_views(Replay& replay, const ReportOptions& options) {
  bool whole = true;
  const auto complain = [&](const std::string& message) {
    whole = false;
    spdlog::error("{}", message);
  };
  std::vector<std::unique_ptr<observe::Trace>> views;
  for (const OutputChoice& choice : options.exports) {
    const observe::TraceFormat* format = observe::find_trace_format(choice.format);
    if (format == nullptr) throw UserError("there is no trace format " + choice.format);
    views.push_back(observe::make_trace(*format, replay.context(), [&](const std::string& suffix) {
      return open_output(choice, suffix, complain);
    }));
    if (views.back()->wants().retired && !replay.has_instructions()) {
      throw UserError(options.files.front() + " has no instructions, which " + format->name +
                      " needs; record with --trace binary:FILE");
    }
    replay.attach(*views.back());
  }
  replay.run({options.from_cycle, options.to_cycle});
  for (const auto& view : views) view->finish();
  return whole;
}

bool is_json(const std::string& file) {
  std::ifstream stream(file);
  char first = 0;
  return stream >> first && first == '{';
}

// The JSON report that is in the file, or that the file is.
std::string saved_report(const std::string& file) {
  if (is_json(file)) {
    const std::vector<std::uint8_t> bytes = read_file(file);
    return {bytes.begin(), bytes.end()};
  }
  std::string text = Replay(file).report().json;
  if (text.empty()) throw UserError(file + " has no report in it: the run was made with --stats none");
  return text;
}

// What is made of the JSON report alone. False: nothing of it was asked for.
bool show_saved(const ReportOptions& options) {
  const std::string& file = options.files.front();
  if (options.html.empty() && options.tables.empty() && options.map == 0 && options.explain == 0)
    return false;
  const std::string json = saved_report(file);
  if (!options.html.empty()) write_text(options.html, observe::to_html(json));
  for (const OutputChoice& table : options.tables)
    write_text(table.file.empty() ? "-" : table.file, observe::to_csv(json, table.format));
  if (options.map != 0) std::cout << observe::sharing_figure(json, options.map);
  if (options.explain != 0)
    std::cout << observe::wrapped(observe::explain(json, options.explain), 100) << '\n';
  return true;
}

void compare(const std::string& a, const std::string& b) try {
  std::cout << observe::compare_reports(saved_report(a), saved_report(b), a, b) << std::flush;
} catch (const observe::NoSuchReport& error) {
  throw UserError(error.what());
}

int print_report(const ReportOptions& options) {
  const std::string& file = options.files.front();
  if (options.json || is_json(file)) {
    std::cout << saved_report(file) << std::flush;
    return 0;
  }
  const Replay replay(file);
  const std::string& text = options.full ? replay.report().full : replay.report().screen;
  if (text.empty()) throw UserError(file + " has no report in it: the run was made with --stats none");
  std::cout << text << std::flush;
  return 0;
}

}  // namespace

int report(const ReportOptions& options) try {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is told as a full disk is
  const std::string& file = options.files.front();
  if (options.files.size() > 2) throw UserError("hartbeat report takes one run, or two to compare");
  if (options.from_cycle > options.to_cycle)
    throw UserError("--from-cycle is behind --to-cycle: there is nothing between");
  if (options.files.size() == 2) {
    compare(file, options.files[1]);
    return 0;
  }
  const bool shown = show_saved(options);
  if (!options.exports.empty()) {
    Replay replay(file);
    return export_views(replay, options) ? 0 : UserError::exit_status;
  }
  return shown ? 0 : print_report(options);
} catch (const observe::NoSuchReport& error) {
  throw UserError(options.files.front() + ": " + error.what());
}

}  // namespace hartbeat::cli

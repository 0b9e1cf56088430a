// hartbeat report FILE…: what a saved run has to say, from its recording alone.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>

#include "emu/cli/commands.hpp"
#include "emu/cli/traces.hpp"
#include "emu/machine/user_error.hpp"
#include "emu/observe/recording/replay.hpp"
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

int print_report(const Replay& replay, const std::string& file, bool json) {
  const std::string& text = json ? replay.report_json() : replay.report_text();
  if (text.empty()) throw UserError(file + " has no report in it: the run was made with --stats none");
  std::cout << text << std::flush;
  return 0;
}

}  // namespace

int report(const ReportOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is told as a full disk is
  Replay replay(options.files.front());
  if (options.files.size() > 1) throw UserError("hartbeat report takes one recording");
  if (!options.exports.empty()) return export_views(replay, options) ? 0 : UserError::exit_status;
  return print_report(replay, options.files.front(), options.json);
}

}  // namespace hartbeat::cli

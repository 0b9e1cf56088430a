#include "emu/cli/traces.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "emu/cli/code_finder.hpp"
#include "emu/machine/user_error.hpp"
#include "emu/observe/json_report.hpp"
#include "emu/observe/screen_report.hpp"
#include "emu/observe/text_report.hpp"
#include "emu/observe/trace_filter.hpp"

namespace hartbeat::cli {

using observe::recording::RecordingWriter;
using observe::recording::Start;

namespace {

bool is_recording(const OutputChoice& choice) {
  return choice.format == "binary" || choice.format == "events";
}

}  // namespace

bool is_stream(const OutputChoice& choice) { return choice.file.empty() || choice.file == "-"; }

std::unique_ptr<observe::TraceOutput> open_output(const OutputChoice& choice, const std::string& suffix,
                                                  const observe::TraceOutput::ReportError& report_error) {
  if (!is_stream(choice)) return std::make_unique<observe::TraceOutput>(choice.file + suffix, report_error);
  if (!suffix.empty()) {
    throw UserError(
        fmt::format("{} needs a file here: each of the harts gets its own, FILE.0 and so on", choice.format));
  }
  const int descriptor = choice.file.empty() ? STDERR_FILENO : STDOUT_FILENO;
  return std::make_unique<observe::TraceOutput>(descriptor, "on a stream", report_error);
}

observe::TraceContext trace_context(const RunOptions& options, const MachineConfig& config,
                                    const Image& image) {
  const RunRequest& request = options.request;
  observe::TraceContext context;
  context.program = request.program.empty() ? request.kernel : request.program;
  context.arguments = request.arguments;
  context.machine = config.name;
  context.overrides = options.overrides;
  context.isa = config.isa;
  context.timing = config.timing;
  context.memory_bytes = config.platform.memory;
  context.harts = config.platform.harts;
  context.files = files_of(image);
  return context;
}

Traces::Traces(const RunOptions& options, const Image& image, Machine& machine)
    : machine_(machine),
      context_(trace_context(options, machine.config(), image)),
      stop_on_error_(options.trace_error == "stop") {
  if (!options.traces.empty()) std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is told as a full disk is
  const bool records = std::any_of(options.traces.begin(), options.traces.end(), is_recording);
  if (options.trace_last != 0 && !records)
    throw UserError("--trace-last is the end of a recording: give --trace binary:FILE, and export it later");
  std::optional<observe::FilterExpression> filter;
  if (!options.trace_filter.empty()) filter.emplace(options.trace_filter, context_);
  for (const OutputChoice& choice : options.traces) {
    traces_.push_back(is_recording(choice) ? make_recording(choice, options) : make_view(choice));
    if (filter)
      traces_.back() =
          std::make_unique<observe::FilteredTrace>(std::move(traces_.back()), *filter, machine.hart_count());
    machine_.attach(*traces_.back());
  }
}

void Traces::complain(const std::string& message) {
  failed_ = true;
  spdlog::error("{}{}", message, stop_on_error_ ? "; the run stops" : "; the run goes on without it");
}

std::unique_ptr<observe::Trace> Traces::make_recording(const OutputChoice& choice,
                                                       const RunOptions& options) {
  if (is_stream(choice) && choice.file.empty())
    throw UserError(fmt::format("--trace {} is not for a terminal: name a file, as in --trace {}:run.hb",
                                choice.format, choice.format));
  std::vector<Start> starts(machine_.hart_count());
  for (unsigned i = 0; i < machine_.hart_count(); ++i) {
    const Hart& hart = machine_.hart(HartId{i});
    Start& start = starts[i];
    for (unsigned n = 0; n < 32; ++n) {
      start.registers.x(n) = hart.x[n];
      start.registers.f(n) = hart.f[n];
    }
    start.registers.fflags = hart.csr.fflags;
    start.registers.frm = hart.csr.frm;
    start.pc = hart.pc;
  }
  auto output = open_output(choice, "", [this](const std::string& message) { complain(message); });
  auto recording = std::make_unique<RecordingWriter>(
      std::move(output), context_, starts,
      RecordingWriter::Options{.instructions = choice.format == "binary", .last = options.trace_last});
  recordings_.push_back(recording.get());
  return recording;
}

std::unique_ptr<observe::Trace> Traces::make_view(const OutputChoice& choice) {
  const observe::TraceFormat* format = observe::find_trace_format(choice.format);
  if (format == nullptr) throw UserError("there is no trace format " + choice.format);
  return observe::make_trace(*format, context_, [&](const std::string& suffix) {
    return open_output(choice, suffix, [this](const std::string& message) { complain(message); });
  });
}

void Traces::finish(const observe::Report* report) {
  for (observe::recording::RecordingWriter* recording : recordings_) {
    if (report == nullptr) continue;
    recording->set_report(
        {observe::to_json(*report), observe::to_screen(*report), observe::to_full_text(*report)});
  }
  for (const auto& trace : traces_) trace->finish();
  recordings_.clear();
  traces_.clear();
}

}  // namespace hartbeat::cli

// --trace of a run: the traces it writes, and what becomes of it when one cannot be written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emu/cli/options.hpp"
#include "emu/machine/loader.hpp"
#include "emu/machine/machine.hpp"
#include "emu/observe/recording/recording_writer.hpp"
#include "emu/observe/report.hpp"
#include "emu/observe/trace_formats.hpp"

namespace hartbeat::cli {

// Standard error without a file, standard output for "-", else the file; with `suffix` behind its name.
std::unique_ptr<observe::TraceOutput> open_output(const OutputChoice& choice, const std::string& suffix,
                                                  const observe::TraceOutput::ReportError& report_error);
bool is_stream(const OutputChoice& choice);

// The files are shared with the image, whose bytes they are.
observe::TraceContext trace_context(const RunOptions& options, const MachineConfig& config,
                                    const Image& image);

class Traces {
 public:
  // Attaches all traces; the machine has been booted and has not run.
  Traces(const RunOptions& options, const Image& image, Machine& machine);

  // A recording wants the run's report at its end.
  bool wants_report() const { return !recordings_.empty(); }
  // Something could not be written, and --trace-error stop was given.
  bool stops_run() const { return failed_ && stop_on_error_; }
  // `report` goes into recordings; null: there is none.
  void finish(const observe::Report* report);

 private:
  std::unique_ptr<observe::Trace> make_recording(const OutputChoice& choice, const RunOptions& options);
  std::unique_ptr<observe::Trace> make_view(const OutputChoice& choice);
  void complain(const std::string& message);

  Machine& machine_;
  observe::TraceContext context_;
  bool stop_on_error_, failed_ = false;
  std::vector<std::unique_ptr<observe::Trace>> traces_;
  std::vector<observe::recording::RecordingWriter*> recordings_;  // those of them that are
};

}  // namespace hartbeat::cli

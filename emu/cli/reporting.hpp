// The reports of a run: their listeners, and where the reports go.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "emu/cli/options.hpp"
#include "emu/machine/machine.hpp"
#include "emu/observe/observation.hpp"

namespace hartbeat::cli {

// Throws UserError when the file cannot be written.
void write_file(const std::string& path, std::span<const std::uint8_t> bytes);
// To standard error without a file, to standard output for "-".
void write_text(const std::string& file, const std::string& text);

class Reporting {
 public:
  // All three must outlive this. Attaches nothing when no report is wanted, by the user or by a recording.
  Reporting(const RunOptions& options, Machine& machine, const Image& image, bool wanted_by_recording);

  // After the run, once.
  std::optional<observe::Report> report(int exit_status, const std::string& ending);
  // Where the user wants it, and as what.
  void print(const observe::Report& report) const;

 private:
  void explain(const observe::Report& report) const;
  observe::RunFacts facts(int exit_status, const std::string& ending) const;

  const RunOptions& options_;
  Machine& machine_;
  bool prints_ = false;
  std::unique_ptr<observe::Observation> observation_;
};

}  // namespace hartbeat::cli

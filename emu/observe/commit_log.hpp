// The per-instruction trace of a cycle model in the format in which the RTL simulation of CVA6 was recorded
// (tests/accuracy/README.md), one line for each commit and each trap:
//
//   commit_cycle issue_cycle port pc insn priv [TRAP cause=X]
//   4185 4182 0 80000012 00000013 3
//
// Cycles, port and privilege are decimal; pc, instruction (as fetched) and mcause are hexadecimal.
#pragma once

#include <functional>
#include <string>

#include "emu/timing/retirement.hpp"

namespace hartbeat::observe {

class CommitLog final : public timing::TraceSink {
 public:
  // Called at most once, with a message for the user, when the log cannot be written; the run goes on without
  // it.
  using ReportError = std::function<void(const std::string&)>;

  // Creates or empties the file. Throws UserError when that fails.
  CommitLog(const std::string& path, ReportError report_error);
  // Writes to a descriptor that the caller keeps open, and closes.
  CommitLog(int descriptor, std::string name, ReportError report_error);
  ~CommitLog() override;  // writes what is left
  CommitLog(const CommitLog&) = delete;
  CommitLog& operator=(const CommitLog&) = delete;

  void on_commit(const timing::TraceRecord& record) override;

  // Writes what is buffered. False when anything has been lost, now or earlier.
  bool flush();

 private:
  int descriptor_;
  bool owned_;
  bool failed_ = false;
  std::string name_;
  ReportError report_error_;
  std::string buffer_;
};

}  // namespace hartbeat::observe

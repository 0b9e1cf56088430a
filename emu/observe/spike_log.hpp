// Spike's commit log, to the letter (riscv-isa-sim, `--log-commits`): one line for each retired instruction.
//
//   core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000
//   core   0: 0 0x0000000000010180 (0xe406) mem 0x0000003ffffffe48 0x0000000000010174
//
// Hart, privilege (0, 1, 3), pc, instruction as fetched; then registers and CSRs written by ascending
// (number × 16 + kind), each load's address, each store's address and data.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

class SpikeLog final : public Listener {
 public:
  // Called at most once, with a message for the user, when the log cannot be written; the run goes on without
  // it.
  using ReportError = std::function<void(const std::string&)>;

  // Creates or empties the file. Throws UserError when that fails.
  SpikeLog(const std::string& path, ReportError report_error);
  // Writes to a descriptor that the caller keeps open, and closes.
  SpikeLog(int descriptor, std::string name, ReportError report_error);
  ~SpikeLog() override;  // writes what is left
  SpikeLog(const SpikeLog&) = delete;
  SpikeLog& operator=(const SpikeLog&) = delete;

  Wants wants() const override { return {.retired = true}; }
  void on(const RetireEvent& event) override;

  // Writes what is buffered. False when anything has been lost, now or earlier.
  bool flush();

 private:
  char* effects(char* out, const RetireEvent& event);
  const std::string& csr_prefix(std::uint16_t address);
  char* room_for(std::size_t bytes);

  int descriptor_;
  bool owned_;
  bool failed_ = false;
  std::string name_;
  ReportError report_error_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::vector<std::string> csr_prefixes_;  // " c768_mstatus 0x" by address, made when first needed
};

}  // namespace hartbeat::observe

// Spike's commit log, to the letter (riscv-isa-sim, `--log-commits`): one line for each retired instruction.
//
//   core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000
//   core   0: 0 0x0000000000010180 (0xe406) mem 0x0000003ffffffe48 0x0000000000010174
//
// Hart, privilege (0, 1, 3), pc, instruction as fetched; then registers and CSRs written by ascending
// (number × 16 + kind), each load's address, each store's address and data.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

class SpikeLog final : public Trace {
 public:
  explicit SpikeLog(std::unique_ptr<TraceOutput> output);
  SpikeLog(const SpikeLog&) = delete;
  SpikeLog& operator=(const SpikeLog&) = delete;

  Wants wants() const override { return {.retired = true}; }
  void on(const RetireEvent& event) override;

  bool finish() override { return output_->flush(); }

 private:
  char* effects(char* out, const RetireEvent& event);
  const std::string& csr_prefix(std::uint16_t address);

  std::unique_ptr<TraceOutput> output_;
  std::vector<std::string> csr_prefixes_;  // " c768_mstatus 0x" by address, made when first needed
};

}  // namespace hartbeat::observe

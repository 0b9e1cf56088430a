// The per-instruction trace of a cycle model in the format in which the RTL simulation of CVA6 was recorded
// (tests/accuracy/README.md), one line for each commit and each trap:
//
//   commit_cycle issue_cycle port pc insn priv [TRAP cause=X]
//   4185 4182 0 80000012 00000013 3
//
// Cycles, port and privilege are decimal; pc, instruction (as fetched) and mcause are hexadecimal.
#pragma once

#include <memory>
#include <vector>

#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

class CommitLog final : public Trace {
 public:
  // The format does not name the hart: each has an output of its own.
  explicit CommitLog(std::vector<std::unique_ptr<TraceOutput>> outputs) : outputs_(std::move(outputs)) {}

  Wants wants() const override { return {.commits = true}; }
  void on(const CommitEvent& event) override;
  bool finish() override;

 private:
  std::vector<std::unique_ptr<TraceOutput>> outputs_;  // by hart
};

}  // namespace hartbeat::observe

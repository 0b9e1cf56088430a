// Module scoreboard: the instructions between issue and commit (eight in the RTL).
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/csr_state.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/instr_queue.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

// What the pipeline keeps of a Retirement.
struct Outcome {
  std::uint64_t next_pc = 0, data_address = 0, store_value = 0, operand_a = 0, operand_b = 0;
  bool trapped = false, interrupt = false, sc_failed = false;
  std::uint8_t cause = 0;
};

struct ScoreboardEntry {
  const Decoded* decoded = &no_instruction;
  Outcome outcome;  // what the functional core (or the speculation) says of it
  CsrAfter csr;
  std::uint64_t pc = 0, issue_cycle = 0;
  std::uint64_t predicted = 0;  // next pc that the front end went on with, when `flow` is not none
  ControlFlow flow = ControlFlow::none;
  bool issued = false, valid = false, exception = false;
  bool mispredicted = false;  // a branch or jump; known at issue, seen in execute
  bool interrupt = false;
  bool speculative = false;  // will be flushed: it is behind a trap or a flushing instruction
  std::uint8_t interrupt_cause = 0;
  std::uint8_t rd = 0;  // register number, floating point from 32 up; 0: none
};

class Scoreboard {
 public:
  static constexpr unsigned most = 32;
  explicit Scoreboard(unsigned size) : size_(size) {}
  ScoreboardEntry& operator[](unsigned i) { return entries_[i]; }
  const ScoreboardEntry& operator[](unsigned i) const { return entries_[i]; }
  bool full() const { return count_ == size_; }
  bool empty() const { return count_ == 0; }
  unsigned issue_pointer() const { return issue_; }
  unsigned commit_pointer() const { return commit_; }
  // The slot of the instruction `i` behind the oldest.
  unsigned behind_commit(unsigned i) const { return (commit_ + i) & (size_ - 1); }

  // The youngest instruction in flight that writes this register; -1 when there is none.
  int writer(unsigned reg) const {
    if (reg == 0) return -1;
    const unsigned i = last_writer_[reg];
    return entries_[i].issued && entries_[i].rd == reg ? static_cast<int>(i) : -1;
  }
  // The slot that add() fills.
  ScoreboardEntry& next() { return entries_[issue_]; }
  void add() {
    last_writer_[entries_[issue_].rd] = static_cast<std::uint8_t>(issue_);
    entries_[issue_].issued = true;
    issue_ = (issue_ + 1) & (size_ - 1);
    ++count_;
  }
  void retire(unsigned number) {
    for (unsigned i = 0; i < number; ++i) {
      entries_[commit_].issued = entries_[commit_].valid = false;
      commit_ = (commit_ + 1) & (size_ - 1);
      --count_;
    }
  }
  void write_back(unsigned i, bool exception) {
    if (!entries_[i].issued) return;
    entries_[i].valid = true;
    entries_[i].exception |= exception;
  }
  void flush() {
    for (unsigned i = 0; i < size_; ++i)
      entries_[i].issued = entries_[i].valid = entries_[i].exception = false;
    issue_ = commit_ = count_ = 0;
  }

 private:
  unsigned size_;
  std::array<ScoreboardEntry, most> entries_{};
  std::array<std::uint8_t, 64> last_writer_{};
  unsigned issue_ = 0, commit_ = 0, count_ = 0;
};

}  // namespace hartbeat::timing::cva6

// Module scoreboard: the instructions between issue and commit (eight in the RTL).
#pragma once

#include <array>
#include <bit>
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

  Outcome() = default;
  explicit Outcome(const Retirement& r)
      : next_pc(r.next_pc.value),
        data_address(r.data_address.value),
        store_value(r.store_value),
        operand_a(r.operand_a),
        operand_b(r.operand_b),
        trapped(r.trapped),
        interrupt(r.interrupt),
        sc_failed(r.sc_failed),
        cause(r.cause) {}
};

struct ScoreboardEntry {
  const Decoded* decoded = &no_instruction;
  Outcome outcome;  // what the functional core (or the speculation) says of it
  CsrAfter csr;     // when has_csr
  bool has_csr = false;
  std::uint64_t pc = 0, issue_cycle = 0;
  std::uint64_t predicted = 0;  // next pc that the front end went on with, when `flow` is not none
  ControlFlow flow = ControlFlow::none;
  bool mispredicted = false;  // a branch or jump; known at issue, seen in execute
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

  bool issued(unsigned i) const { return (issued_ >> i) & 1; }
  // Has its result, which is an exception with the second.
  bool valid(unsigned i) const { return (valid_ >> i) & 1; }
  bool exception(unsigned i) const { return (exception_ >> i) & 1; }
  // Slots whose results may be forwarded.
  std::uint32_t results() const { return valid_ & ~exception_; }

  // The youngest instruction in flight that writes this register (x0: none); -1 when there is none.
  int writer(unsigned reg) const { return writer_[reg]; }
  // The slot that add() fills.
  ScoreboardEntry& next() { return entries_[issue_]; }
  void add(bool exception) {
    const std::uint32_t bit = 1u << issue_;
    const unsigned rd = entries_[issue_].decoded->destination;
    if (rd != 0) writer_[rd] = static_cast<std::int8_t>(issue_);
    issued_ |= bit;
    valid_ = exception ? valid_ | bit : valid_ & ~bit;
    exception_ = exception ? exception_ | bit : exception_ & ~bit;
    issue_ = (issue_ + 1) & (size_ - 1);
    ++count_;
  }
  void retire(unsigned number) {
    for (; number > 0; --number) {
      const unsigned rd = entries_[commit_].decoded->destination;
      if (writer_[rd] == static_cast<int>(commit_)) writer_[rd] = -1;
      const std::uint32_t bit = 1u << commit_;
      issued_ &= ~bit;
      valid_ &= ~bit;
      commit_ = (commit_ + 1) & (size_ - 1);
      --count_;
    }
  }
  // Retires while only a PipelineState is kept up.
  void move_on(unsigned number) { commit_ = (commit_ + number) & (size_ - 1); }
  unsigned size() const { return size_; }
  unsigned count() const { return count_; }
  unsigned slot_of(unsigned id) const { return (id - commit_) & (size_ - 1); }
  void pack(PipelineState& out) const {
    out.count = static_cast<std::uint8_t>(count_);
    for (unsigned i = 0; i < count_; ++i) {
      const unsigned id = behind_commit(i);
      out.slots[i] = entries_[id].decoded;
      const auto bit = [i](bool set) { return static_cast<std::uint16_t>(unsigned{set} << i); };
      out.valid |= bit(valid(id));
      out.exception |= bit(exception(id));
    }
  }
  void unpack(const PipelineState& state) {
    issued_ = valid_ = exception_ = 0;
    writer_.fill(-1);
    issue_ = commit_;
    count_ = 0;
    for (unsigned i = 0; i < state.count; ++i) {
      const unsigned id = issue_;
      add((state.exception >> i) & 1);
      valid_ |= ((state.valid >> i) & 1u) << id;
    }
  }
  // Bit masks over slots.
  void write_back(std::uint32_t valid, std::uint32_t exception) {
    valid_ |= valid & issued_;
    exception_ |= exception & issued_;
    for (std::uint32_t left = exception & issued_; left != 0; left &= left - 1)
      forget_destination(static_cast<unsigned>(std::countr_zero(left)));
  }
  void flush() {
    issued_ = valid_ = exception_ = 0;
    writer_.fill(-1);
    issue_ = commit_ = count_ = 0;
  }

 private:
  // The coprocessor port writes nothing back: what it rejected has x0 for destination from then on.
  void forget_destination(unsigned slot) {
    const Decoded& rejected = *entries_[slot].decoded;
    if (rejected.fu != Fu::cvxif || rejected.destination == 0) return;
    std::int8_t& writer = writer_[rejected.destination];
    writer = -1;
    for (unsigned i = 0; i < count_; ++i) {
      const unsigned other = behind_commit(i);
      const Decoded& d = *entries_[other].decoded;
      const bool forgotten = d.fu == Fu::cvxif && exception(other);
      if (d.destination == rejected.destination && !forgotten) writer = static_cast<std::int8_t>(other);
    }
  }
  static constexpr std::array<std::int8_t, 64> nobody() {
    std::array<std::int8_t, 64> out{};
    out.fill(-1);
    return out;
  }

  unsigned size_;
  std::array<ScoreboardEntry, most> entries_{};
  std::array<std::int8_t, 64> writer_ = nobody();
  std::uint32_t issued_ = 0, valid_ = 0, exception_ = 0;  // a bit for each slot
  unsigned issue_ = 0, commit_ = 0, count_ = 0;
};

}  // namespace hartbeat::timing::cva6

// Module instr_queue: two instruction FIFOs of four, filled and emptied alternately, and a FIFO of two
// predicted addresses.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_icache.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/instr_realign.hpp"
#include "emu/timing/cva6/pipeline_state.hpp"
#include "emu/timing/cva6/ring.hpp"

namespace hartbeat::timing::cva6 {

// cf_t: what the front end predicted.
enum class ControlFlow : std::uint8_t { none, branch, jump, jump_register, ret };

struct FetchEntry {
  std::uint64_t pc = 0;
  std::uint64_t predicted = 0;  // when `flow` is not none
  const Decoded* decoded = &no_instruction;
  ControlFlow flow = ControlFlow::none;
  FetchFault fault = FetchFault::none;
};

class InstrQueue {
 public:
  // The state at the start of the cycle, before this cycle's pop.
  bool ready() const { return !fifo_[0].full() && !fifo_[1].full() && !addresses_.full(); }
  bool has_entry() const { return !fifo_[0].empty() || !fifo_[1].empty(); }
  FetchEntry head() const {
    const Slot& slot = fifo_[out_].front();
    return {pc_, addresses_.empty() ? 0 : addresses_.front(), slot.decoded, slot.flow, slot.fault};
  }

  struct Push {
    bool consumed[2] = {};
    bool replay = false;
    std::uint64_t replay_address = 0;
  };
  // One cycle: the instructions of a fetch word in, at most one out (`pop`), or a flush.
  Push clock(const Realigned& in, const Decoded* const (&decoded)[2], const ControlFlow (&flow)[2],
             std::uint64_t predicted, FetchFault fault, bool pop);
  // Hands head() to the decoder.
  void pop() {
    const Slot& slot = fifo_[out_].front();
    pc_ = slot.flow != ControlFlow::none ? addresses_.front() : pc_ + slot.decoded->length;
    if (slot.flow != ControlFlow::none) addresses_.pop();
    fifo_[out_].pop();
    out_ ^= 1;
  }
  void flush() {
    fifo_[0].clear();
    fifo_[1].clear();
    addresses_.clear();
    in_ = out_ = 0;
    reset_address_ = true;
  }

  // No instruction in it has faulted, and none is more than a PipelineState holds.
  bool packable() const {
    for (const auto& fifo : fifo_)
      for (unsigned i = 0; i < fifo.size(); ++i)
        if (fifo.at(i).fault != FetchFault::none) return false;
    return true;
  }
  void pack(PipelineState& out) const;
  void unpack(const PipelineState& state);

 private:
  struct Slot {
    const Decoded* decoded = &no_instruction;
    ControlFlow flow = ControlFlow::none;
    FetchFault fault = FetchFault::none;
  };
  Ring<Slot, 4> fifo_[2];
  Ring<std::uint64_t, 2> addresses_;
  unsigned in_ = 0, out_ = 0;  // idx_is, idx_ds
  std::uint64_t pc_ = 0;
  bool reset_address_ = true;
};

inline void InstrQueue::pack(PipelineState& out) const {
  unsigned n = 0;
  for (unsigned side = 0; side < 2; ++side) {
    out.queue_counts[side] = static_cast<std::uint8_t>(fifo_[side].size());
    for (unsigned i = 0; i < fifo_[side].size(); ++i, ++n) {
      out.queue[n] = fifo_[side].at(i).decoded;
      out.queue_flows[n] = static_cast<std::uint8_t>(fifo_[side].at(i).flow);
    }
  }
  out.predictions = static_cast<std::uint8_t>(addresses_.size());
  for (unsigned i = 0; i < addresses_.size(); ++i) out.predicted[i] = addresses_.at(i);
  out.queue_sides = static_cast<std::uint8_t>(in_ | out_ << 1 | (reset_address_ ? 4u : 0u));
  out.queue_pc = pc_;
}

inline void InstrQueue::unpack(const PipelineState& state) {
  unsigned n = 0;
  for (unsigned side = 0; side < 2; ++side) {
    fifo_[side].clear();
    for (unsigned i = 0; i < state.queue_counts[side]; ++i, ++n)
      fifo_[side].push({state.queue[n], static_cast<ControlFlow>(state.queue_flows[n]), FetchFault::none});
  }
  addresses_.clear();
  for (unsigned i = 0; i < state.predictions; ++i) addresses_.push(state.predicted[i]);
  in_ = state.queue_sides & 1;
  out_ = (state.queue_sides >> 1) & 1;
  reset_address_ = state.queue_sides & 4;
  pc_ = state.queue_pc;
}

inline InstrQueue::Push InstrQueue::clock(const Realigned& in, const Decoded* const (&decoded)[2],
                                          const ControlFlow (&flow)[2], std::uint64_t predicted,
                                          FetchFault fault, bool pop) {
  Push out;
  const bool full[2] = {fifo_[in_].full(), fifo_[in_ ^ 1].full()};
  const bool address_full = addresses_.full();
  // Nothing behind a taken control flow in the same word is pushed.
  const bool taken[2] = {flow[0] != ControlFlow::none, flow[1] != ControlFlow::none};
  const bool valid[2] = {in.valid[0], in.valid[1] && !taken[0]};
  const bool push[2] = {valid[0] && !full[0], valid[1] && !full[1]};
  const bool push_address = (push[0] && taken[0]) || (push[1] && taken[1]);
  const bool address_overflow = address_full && push_address;
  out.replay = (valid[0] && full[0]) || (valid[1] && full[1]) || address_overflow;

  if (pop) this->pop();
  if (in.valid[0] && reset_address_) {
    pc_ = in.address[0];
    reset_address_ = false;
  }
  if (address_overflow) {
    out.replay_address = in.address[0];
    return out;
  }
  out.consumed[0] = push[0];
  out.consumed[1] = push[1];
  if (push[0]) fifo_[in_].push({decoded[0], flow[0], fault});
  if (push[1]) fifo_[in_ ^ 1].push({decoded[1], flow[1], fault});
  if (push_address) addresses_.push(predicted);
  const unsigned pushed = (push[0] ? 1u : 0u) + (push[1] ? 1u : 0u);
  out.replay_address = in.address[pushed & 1];
  in_ ^= pushed & 1;
  return out;
}

}  // namespace hartbeat::timing::cva6

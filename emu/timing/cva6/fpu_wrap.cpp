#include "emu/timing/cva6/fpu_wrap.hpp"

#include <bit>

namespace hartbeat::timing::cva6 {
namespace {

// One selection of a small round-robin arbiter with `next` as the preferred index.
unsigned select(std::uint32_t requests, unsigned next, unsigned bits) {
  unsigned index = 0;
  for (unsigned bit = bits; bit-- > 0;) {
    const unsigned width = 1u << bit;
    const std::uint32_t left = requests & ((1u << width) - 1), right = requests >> width;
    const bool take_right = left == 0 || (right != 0 && ((next >> bit) & 1));
    index = index * 2 + take_right;
    requests = take_right ? right : left;
  }
  return index;
}
unsigned advance(std::uint32_t requests, unsigned next) {
  if (requests == 0) return next;
  const std::uint32_t above = requests & ~((2u << next) - 1);
  return static_cast<unsigned>(std::countr_zero(above ? above : requests));
}

}  // namespace

void FpuWrap::Pipe::clock(bool in_valid, std::uint8_t trans_id, bool out_ready) {
  bool next_ready = out_ready;
  std::array<bool, 3> moves{};
  for (unsigned i = depth; i-- > 0;) {
    moves[i] = next_ready || !stages[i].valid;
    next_ready = moves[i];
  }
  for (unsigned i = depth; i-- > 0;) {
    if (!moves[i]) continue;
    stages[i] = i > 0 ? stages[i - 1] : Stage{in_valid, trans_id};
  }
}

void FpuWrap::DivSqrt::clock(bool in_valid, std::uint8_t id, std::uint8_t rounds, bool out_ready) {
  const bool output_free = out_ready || !output.valid;
  bool out_valid = false;
  const bool starts_free = in_ready(out_ready);
  if (busy) {
    if (cycles == 0 || hold) {
      out_valid = true;
      if (output_free)
        busy = hold = false;
      else
        hold = true;
    }
    if (cycles > 0) --cycles;
  }
  if (output_free) output = {out_valid, trans_id};
  if (starts_free) {
    if (input.valid) {
      busy = true;
      hold = false;
      trans_id = input.trans_id;
      // RF, EX1, then the rounds, then rounding and packing: unit_done comes `rounds` + 5 cycles after the
      // start.
      cycles = input_rounds + 4u;
    }
    input = {in_valid, id};
    input_rounds = rounds;
  } else if (!input.valid) {
    input = {in_valid, id};
    input_rounds = rounds;
  }
}

unsigned FpuWrap::pipe_of(const FpuOperation& op) {
  switch (op.op) {
    case Op::fp_addmul: return op.is_double ? 1 : 0;
    case Op::fp_noncomp: return op.is_double ? 3 : 2;
    case Op::fp_conv: return 4;
    default: return 5;
  }
}

// The output arbiters: formats within ADDMUL and NONCOMP, then the four groups.
FpuWrap::Arbitration FpuWrap::arbitrate() const {
  Arbitration out;
  for (unsigned pipe = 0; pipe < 4; ++pipe)
    if (pipes_[pipe].last_valid()) out.format_requests[pipe / 2] |= 1u << (pipe % 2);
  out.group_requests = (out.format_requests[0] ? 1u : 0u) | (divsqrt_.output.valid ? 2u : 0u) |
                       (out.format_requests[1] ? 4u : 0u) | (pipes_[4].last_valid() ? 8u : 0u);
  const unsigned group = select(out.group_requests, group_next_, 2);
  out.valid = out.group_requests != 0;
  if (group == 0 || group == 2) {
    const unsigned pair = group / 2;
    const unsigned pipe = 2 * pair + select(out.format_requests[pair], format_next_[pair], 1);
    out.ready[pipe] = true;
    out.trans_id = pipes_[pipe].stages[pipes_[pipe].depth - 1].trans_id;
  } else if (group == 3) {
    out.ready[4] = true;
    out.trans_id = pipes_[4].stages[1].trans_id;
  } else {
    out.ready[5] = true;
    out.trans_id = divsqrt_.output.trans_id;
  }
  return out;
}

bool FpuWrap::accepts(const FpuOperation& op) const {
  const unsigned pipe = pipe_of(op);
  const Arbitration out = arbitrate();
  if (pipe < 5) return pipes_[pipe].ready(out.ready[pipe]);
  return divsqrt_.in_ready(out.ready[5]) || !divsqrt_.input.valid;
}

FpuWrap::Output FpuWrap::clock(const FpuOperation& in, bool flush) {
  if (!active_ && !in.valid) {
    if (flush) group_next_ = format_next_[0] = format_next_[1] = 0;
    return {};
  }
  const Arbitration arbitration = arbitrate();
  const FpuOperation& operation = stalled_ ? held_ : in;
  const bool taken = operation.valid && accepts(operation);
  const unsigned target = pipe_of(operation);
  for (unsigned pipe = 0; pipe < 5; ++pipe)
    pipes_[pipe].clock(taken && target == pipe, operation.trans_id, arbitration.ready[pipe]);
  divsqrt_.clock(taken && target == 5, operation.trans_id, operation.rounds, arbitration.ready[5]);
  if (arbitration.group_requests) {
    for (unsigned pair = 0; pair < 2; ++pair) {
      if (arbitration.ready[2 * pair] || arbitration.ready[2 * pair + 1])
        format_next_[pair] = advance(arbitration.format_requests[pair], format_next_[pair]);
    }
    group_next_ = advance(arbitration.group_requests, group_next_);
  }
  if (stalled_) {
    if (taken) stalled_ = false;
  } else if (operation.valid && !taken) {
    held_ = in;
    stalled_ = true;
  }
  if (flush) {
    for (Pipe& pipe : pipes_) pipe.stages = {};
    divsqrt_ = {};
    stalled_ = false;
    group_next_ = format_next_[0] = format_next_[1] = 0;
  }
  active_ = stalled_ || divsqrt_.busy || divsqrt_.input.valid || divsqrt_.output.valid;
  for (const Pipe& pipe : pipes_) active_ |= pipe.busy();
  return {arbitration.valid, arbitration.trans_id};
}

}  // namespace hartbeat::timing::cva6

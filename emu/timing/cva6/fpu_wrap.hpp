// Module fpu_wrap around cvfpu: elastic pipelines by operation group and format, one write-back port between
// them.
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/decoder.hpp"

namespace hartbeat::timing::cva6 {

struct FpuOperation {
  bool valid = false;
  Op op = Op::fp_addmul;
  bool is_double = false;
  std::uint8_t trans_id = 0;
  std::uint8_t rounds = 1;  // of the divide/square-root unit
};

// Rounds of the radix-16 SRT unit for a divide or square root of these operands (raw f registers).
[[gnu::noinline]] unsigned divsqrt_rounds(bool square_root, bool is_double, std::uint64_t a, std::uint64_t b);

class FpuWrap {
 public:
  // fpu_ready_o, given the operation in EX in this cycle.
  bool ready(const FpuOperation& in) const {
    if (!active_ && !in.valid) return true;
    return stalled_ ? accepts(held_) : !in.valid || accepts(in);
  }
  struct Output {
    bool valid = false;
    std::uint8_t trans_id = 0;
  };
  Output clock(const FpuOperation& in, bool flush);
  bool active() const { return active_; }

 private:
  static constexpr unsigned groups = 4;  // ADDMUL, DIVSQRT, NONCOMP, CONV
  struct Stage {
    bool valid = false;
    std::uint8_t trans_id = 0;
  };
  struct Pipe {
    std::array<Stage, 3> stages{};
    std::uint8_t depth = 1;
    bool busy() const { return stages[0].valid || stages[1].valid || stages[2].valid; }
    bool last_valid() const { return stages[depth - 1].valid; }
    // Ready of each stage is combinational: a bubble anywhere takes the operation.
    bool ready(bool out_ready) const {
      for (unsigned i = 0; i < depth; ++i)
        if (!stages[i].valid) return true;
      return out_ready;
    }
    void clock(bool in_valid, std::uint8_t trans_id, bool out_ready);
  };
  // The T-Head unit between its input and its output register.
  struct DivSqrt {
    Stage input;
    std::uint8_t input_rounds = 1;
    bool busy = false, hold = false;
    std::uint8_t trans_id = 0;
    unsigned cycles = 0;  // until unit_done
    Stage output;
    bool in_ready(bool out_ready) const {
      const bool output_free = out_ready || !output.valid;
      if (!busy) return true;
      return (hold || cycles == 0) && output_free;
    }
    void clock(bool in_valid, std::uint8_t id, std::uint8_t rounds, bool out_ready);
  };

  struct Arbitration {
    bool valid = false;
    bool ready[6] = {};  // of the pipes (addmul s, d; noncomp s, d; conv; divsqrt)
    std::uint8_t trans_id = 0;
    std::uint32_t group_requests = 0, format_requests[2] = {};
  };
  Arbitration arbitrate() const;
  static unsigned pipe_of(const FpuOperation& op);
  bool accepts(const FpuOperation& op) const;

  std::array<Pipe, 5> pipes_{{{{}, 2}, {{}, 3}, {{}, 1}, {{}, 1}, {{}, 2}}};
  DivSqrt divsqrt_;
  unsigned group_next_ = 0, format_next_[2] = {};
  bool stalled_ = false, active_ = false;
  FpuOperation held_;
};

}  // namespace hartbeat::timing::cva6

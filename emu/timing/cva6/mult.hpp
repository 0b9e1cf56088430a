// Modules mult, multiplier and serdiv: a multiplier with one pipeline register, a serial divider that early
// operands shorten.
#pragma once

#include <bit>
#include <cstdint>

#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/pipeline_state.hpp"

namespace hartbeat::timing::cva6 {

// Iterations of the divider for these operands; -1 when the result is known at once. `bits`: the 32-bit
// instruction.
inline int divider_iterations(std::uint32_t bits, std::uint64_t a, std::uint64_t b) {
  const bool is_signed = !((bits >> 12) & 1), word = (bits & 0x7F) == 0x3B;
  if (word) {
    a = is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(a)))
                  : a & 0xFFFFFFFF;
    b = is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(b)))
                  : b & 0xFFFFFFFF;
  }
  const std::uint64_t sized_a = is_signed && a >> 63 ? (~a << 1) | 1 : a;
  const std::uint64_t sized_b = is_signed && b >> 63 ? ~b : b;
  if (sized_b == 0) return -1;                                   // zero, or minus one
  return std::countl_zero(sized_b) - std::countl_zero(sized_a);  // negative: the quotient is zero
}

class Mult {
 public:
  // mult_ready: an instruction of the shared unit can be issued in this cycle.
  bool ready(bool division_in_ex) const { return state_ == State::idle && !division_in_ex; }
  bool busy() const { return state_ != State::idle || product_valid_; }
  bool dividing() const { return state_ != State::idle; }

  struct Output {
    bool valid = false;
    std::uint8_t trans_id = 0;
  };
  // The result on the shared port in this cycle.
  Output output() const {
    if (product_valid_) return {true, product_id_};
    const bool done = state_ == State::finish || (state_ == State::divide && known_);
    return {done, division_id_};
  }
  // With slots of the scoreboard as `slot` numbers them.
  template <class Slot>
  void pack(PipelineState& out, Slot slot) const {
    if (state_ != State::idle) {
      out.divider = static_cast<std::uint8_t>(state_);
      out.divider_known = known_;
      out.divider_slot = slot(division_id_);
      out.divider_count = static_cast<std::int8_t>(count_);
    }
    if (!product_valid_) return;
    out.product = 1;
    out.product_slot = slot(product_id_);
  }
  template <class Id>
  void unpack(const PipelineState& state, Id id) {
    state_ = static_cast<State>(state.divider);
    known_ = state.divider_known;
    division_id_ = id(state.divider_slot);
    count_ = state.divider_count;
    product_valid_ = state.product;
    product_id_ = id(state.product_slot);
  }

  void clock(bool multiply, bool divide, int iterations, std::uint8_t trans_id, bool flush) {
    switch (state_) {
      case State::idle:
        if (divide) {
          state_ = State::divide;
          known_ = iterations < 0;
          count_ = iterations;
          division_id_ = trans_id;
        }
        break;
      case State::divide:
        if (known_)
          state_ = product_valid_ ? State::finish : State::idle;
        else if (count_-- == 0)
          state_ = State::finish;
        break;
      case State::finish:
        if (!product_valid_) state_ = State::idle;
        break;
    }
    product_valid_ = multiply && !flush;
    product_id_ = trans_id;
    if (flush) state_ = State::idle;
  }

 private:
  enum class State : std::uint8_t { idle, divide, finish };
  State state_ = State::idle;
  bool known_ = false, product_valid_ = false;
  std::uint8_t product_id_ = 0, division_id_ = 0;
  int count_ = 0;
};

}  // namespace hartbeat::timing::cva6

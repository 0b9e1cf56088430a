// Module instr_realign: takes up to two instructions out of a 32-bit fetch word, across words where need be.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/pipeline_state.hpp"

namespace hartbeat::timing::cva6 {

struct Realigned {
  bool valid[2] = {};
  std::uint32_t bits[2] = {};
  std::uint64_t address[2] = {};
};

class InstrRealign {
 public:
  bool serving_unaligned() const { return unaligned_; }
  // The word `data` at `address`, whose low halfword has been shifted down when address is at its upper half.
  Realigned split(std::uint64_t address, std::uint32_t data) const {
    Realigned out;
    const bool compressed0 = (data & 3) != 3, compressed1 = ((data >> 16) & 3) != 3;
    out.valid[0] = true;
    out.bits[0] = unaligned_ ? (data << 16) | unaligned_bits_ : data;
    out.address[0] = unaligned_ ? unaligned_address_ : address;
    out.address[1] = (address & ~std::uint64_t{3}) | 2;
    if ((compressed0 || unaligned_) && compressed1) {
      out.valid[1] = true;
      out.bits[1] = data >> 16;
    }
    if (address & 2) {  // the fetch began in the middle of the word
      out.valid[0] = compressed0;
      out.valid[1] = false;
    }
    return out;
  }
  // The clock edge with that word valid.
  void clock(std::uint64_t address, std::uint32_t data) {
    const bool compressed0 = (data & 3) != 3, compressed1 = ((data >> 16) & 3) != 3;
    bool unaligned = unaligned_;
    std::uint32_t bits = data >> 16;
    if (compressed0 || unaligned_) unaligned = !compressed1;
    if ((address & 2) && !compressed0) {
      unaligned = true;
      bits = data & 0xFFFF;
    }
    unaligned_ = unaligned;
    unaligned_bits_ = bits;
    unaligned_address_ = (address & ~std::uint64_t{3}) | 2;
  }
  void flush() { unaligned_ = false; }
  // The low half of the instruction that goes on in the next word.
  std::uint32_t unaligned_bits() const { return unaligned_bits_; }

  void pack(PipelineState& out) const {
    if (!unaligned_) return;
    out.unaligned = 1;
    out.unaligned_bits = unaligned_bits_;
    out.unaligned_address = unaligned_address_;
  }
  void unpack(const PipelineState& state) {
    unaligned_ = state.unaligned;
    unaligned_bits_ = state.unaligned_bits;
    unaligned_address_ = state.unaligned_address;
  }

 private:
  bool unaligned_ = false;
  std::uint32_t unaligned_bits_ = 0;
  std::uint64_t unaligned_address_ = 0;
};

}  // namespace hartbeat::timing::cva6

// The 8-bit Galois LFSR that picks the caches' victims (common_cells lfsr, width 8, reset to all ones).
#pragma once

#include <cstdint>

namespace hartbeat::timing::cva6 {

class Lfsr8 {
 public:
  unsigned value(unsigned bits) const { return state_ & ((1u << bits) - 1); }
  void step() { state_ = static_cast<std::uint8_t>((state_ >> 1) ^ ((state_ & 1) ? 0xFA : 0)); }

 private:
  std::uint8_t state_ = 0xFF;
};

// The 16-bit LFSR and counter that delay an LR after failed SCs (common_cells exp_backoff, seed 3, MaxExp
// 16).
class ExponentialBackoff {
 public:
  bool is_zero() const { return count_ == 0; }
  void clock(bool set, bool clear) {
    const std::uint16_t count = clear ? 0 : set ? (mask_ & lfsr_) : count_ ? count_ - 1 : 0;
    if (set) {
      const unsigned bit = (lfsr_ ^ (lfsr_ >> 2) ^ (lfsr_ >> 3) ^ (lfsr_ >> 5)) & 1;
      lfsr_ = static_cast<std::uint16_t>((lfsr_ >> 1) | (bit << 15));
    }
    if (clear)
      mask_ = 0;
    else if (set)
      mask_ = static_cast<std::uint16_t>((mask_ << 1) | 1);
    count_ = count;
  }

 private:
  std::uint16_t lfsr_ = 3, mask_ = 0, count_ = 0;
};

}  // namespace hartbeat::timing::cva6

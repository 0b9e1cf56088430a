#pragma once

#include <cstdint>

namespace hartbeat::timing::cva6 {

// Bits high … low of an instruction word.
constexpr std::uint32_t field(std::uint32_t bits, unsigned high, unsigned low) {
  return (bits >> low) & ((1u << (high - low + 1)) - 1);
}

}  // namespace hartbeat::timing::cva6

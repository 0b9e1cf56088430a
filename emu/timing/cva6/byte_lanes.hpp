// A doubleword's byte lanes.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

// By byte enables: all ones in the lanes that are enabled.
inline constexpr std::array<std::uint64_t, 256> lane_masks = [] {
  std::array<std::uint64_t, 256> out{};
  for (unsigned enables = 0; enables < 256; ++enables)
    for (unsigned byte = 0; byte < 8; ++byte)
      if ((enables >> byte) & 1) out[enables] |= std::uint64_t{0xFF} << (8 * byte);
  return out;
}();

// `old` with the enabled lanes of `data`.
constexpr std::uint64_t merge_lanes(std::uint64_t old, std::uint64_t data, std::uint8_t enables) {
  return old ^ ((old ^ data) & lane_masks[enables]);
}

}  // namespace hartbeat::timing::cva6

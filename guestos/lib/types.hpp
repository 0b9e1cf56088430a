// Integer names, page arithmetic and bit helpers that every part of the kernel uses. No state.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guestos {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

inline constexpr u64 page_bits = 12;
inline constexpr u64 page_size = u64{1} << page_bits;
inline constexpr u64 megapage_size = u64{1} << 21;
inline constexpr unsigned max_harts = 64;

constexpr u64 align_down(u64 value, u64 to) { return value & ~(to - 1); }
constexpr u64 align_up(u64 value, u64 to) { return (value + to - 1) & ~(to - 1); }
constexpr u64 page_down(u64 address) { return align_down(address, page_size); }
constexpr u64 page_up(u64 address) { return align_up(address, page_size); }

template <typename T>
constexpr T min_of(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
constexpr T max_of(T a, T b) {
  return a > b ? a : b;
}

// Calls move(position, done so far, size) for the part of [start, start + size) in each page, until one moves less than its
// size; what all have moved.
template <typename Move>
constexpr u64 each_page_part(u64 start, u64 size, Move move) {
  u64 done = 0;
  while (done < size) {
    const u64 part = min_of(size - done, page_size - ((start + done) & (page_size - 1)));
    const u64 moved = move(start + done, done, part);
    done += moved;
    if (moved != part) break;
  }
  return done;
}

// Index of the lowest set bit; 64 for zero. (The compiler's own builtin would need libgcc.)
constexpr unsigned lowest_bit(u64 value) {
  if (value == 0) return 64;
  unsigned index = 0;
  for (unsigned half = 32; half != 0; half /= 2) {
    if ((value & ((u64{1} << half) - 1)) == 0) {
      value >>= half;
      index += half;
    }
  }
  return index;
}

constexpr unsigned bits_set(u64 value) {
  unsigned count = 0;
  for (; value != 0; value &= value - 1) ++count;
  return count;
}

}  // namespace guestos

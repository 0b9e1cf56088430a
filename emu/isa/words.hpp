// The small vocabulary of integer arithmetic in which row bodies are written.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "emu/isa/operands.hpp"

namespace hartbeat::isa {

// The engine may send writes of x0 to a sink register 32; both mean that there is no destination.
constexpr bool rd_is_x0(const Operands& o) { return (o.rd & 31) == 0; }

constexpr std::int64_t as_signed(std::uint64_t v) { return static_cast<std::int64_t>(v); }
constexpr std::int32_t low_signed(std::uint64_t v) { return static_cast<std::int32_t>(v); }
constexpr std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
constexpr std::uint64_t sext32(std::uint64_t v) {
  return static_cast<std::uint64_t>(std::int64_t{low_signed(v)});
}

constexpr std::uint64_t mulhu(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64);
}
constexpr std::uint64_t mulh(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<__int128>(as_signed(a)) * as_signed(b)) >> 64);
}
constexpr std::uint64_t mulhsu(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<__int128>(as_signed(a)) * static_cast<__int128>(b)) >> 64);
}

// Division never traps (unprivileged spec, "M" table of corner cases): x / 0 = all ones, x % 0 = x; the one
// overflow, min / -1, gives min and remainder 0.
template <class T>
constexpr T divide(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::numeric_limits<T>::is_signed)
    if (a == std::numeric_limits<T>::min() && b == -1) return a;
  return a / b;
}
template <class T>
constexpr T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::numeric_limits<T>::is_signed)
    if (b == -1) return 0;
  return a % b;
}

// Carry-less product of two 64-bit polynomials over GF(2).
constexpr unsigned __int128 clmul_wide(std::uint64_t a, std::uint64_t b) {
  unsigned __int128 product = 0;
  for (; b != 0; b &= b - 1) product ^= static_cast<unsigned __int128>(a) << std::countr_zero(b);
  return product;
}

// Each byte that is not zero becomes 0xFF.
constexpr std::uint64_t or_combine_bytes(std::uint64_t v) {
  constexpr std::uint64_t low7 = 0x7F7F7F7F7F7F7F7F;
  const std::uint64_t top = (((v & low7) + low7) | v) & ~low7;  // bit 7 of each non-zero byte
  return (top >> 7) * 0xFF;
}

// The bits of each byte in reverse order.
constexpr std::uint64_t reverse_bits_in_bytes(std::uint64_t v) {
  v = ((v >> 1) & 0x5555555555555555) | ((v & 0x5555555555555555) << 1);
  v = ((v >> 2) & 0x3333333333333333) | ((v & 0x3333333333333333) << 2);
  return ((v >> 4) & 0x0F0F0F0F0F0F0F0F) | ((v & 0x0F0F0F0F0F0F0F0F) << 4);
}

// xperm: each `width`-bit element of `indices` selects an element of `table`; an index out of range selects
// 0.
constexpr std::uint64_t permute_elements(std::uint64_t table, std::uint64_t indices, unsigned width) {
  const std::uint64_t element = (std::uint64_t{1} << width) - 1;
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 64; i += width) {
    const std::uint64_t at = ((indices >> i) & element) * width;
    if (at < 64) result |= ((table >> at) & element) << i;
  }
  return result;
}

}  // namespace hartbeat::isa

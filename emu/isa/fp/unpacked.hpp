// A floating-point number taken apart, and the one place where numbers are rounded. Private to emu/isa/fp.
#pragma once

#include <bit>
#include <cstdint>

#include "emu/isa/fp/format.hpp"
#include "emu/isa/fp/wide.hpp"

namespace hartbeat::fp {

enum class Kind : uint8_t { zero, finite, infinite, nan };

// For Kind::finite the value is (-1)^sign * significand * 2^(exponent - 63), with bit 63 of the significand
// set.
struct Unpacked {
  Kind kind;
  bool sign;
  int exponent;
  uint64_t significand;
};

template <class F>
Unpacked unpack(typename F::Bits a) {
  const bool sign = F::negative(a);
  const uint64_t fraction = a & F::fraction_mask;
  const int biased = static_cast<int>(F::magnitude(a) >> F::fraction_bits);
  if (biased == F::max_biased) return {fraction == 0 ? Kind::infinite : Kind::nan, sign, 0, 0};
  if (biased != 0) {
    return {Kind::finite, sign, biased - F::bias,
            (fraction | uint64_t{1} << F::fraction_bits) << (63 - F::fraction_bits)};
  }
  if (fraction == 0) return {Kind::zero, sign, 0, 0};
  const int zeros = std::countl_zero(fraction);
  return {Kind::finite, sign, 63 - zeros - F::fraction_bits + 1 - F::bias, fraction << zeros};
}

// Shifts right; the lowest bit of the result also stands for every one that was shifted out ("sticky").
template <class Integer>
constexpr Integer shift_right_sticky(Integer value, int distance) {
  constexpr int bits = sizeof(Integer) * 8;
  if (distance == 0) return value;
  if (distance >= bits) return value != 0;
  return value >> distance | Integer((value << (bits - distance)) != 0);
}

// What to add below the last kept place so that truncation rounds as asked; `half` is half a unit of that
// place.
constexpr uint64_t rounding_increment(Rounding rounding, bool sign, uint64_t half) {
  switch (rounding) {
    case Rounding::rne:
    case Rounding::rmm: return half;
    case Rounding::rtz: return 0;
    case Rounding::rdn: return sign ? 2 * half - 1 : 0;
    case Rounding::rup: return sign ? 0 : 2 * half - 1;
  }
  return 0;
}

template <class F>
typename F::Bits signed_bits(bool sign, typename F::Bits magnitude) {
  return static_cast<typename F::Bits>(sign ? magnitude | F::sign_mask : magnitude);
}

template <class F>
typename F::Bits overflowed(bool sign, Rounding rounding, uint32_t& fflags) {
  fflags |= overflow | inexact;
  const bool to_infinity = rounding == Rounding::rne || rounding == Rounding::rmm ||
                           (rounding == Rounding::rup && !sign) || (rounding == Rounding::rdn && sign);
  return signed_bits<F>(sign, to_infinity ? F::infinity : F::max_finite);
}

// Rounds and packs (-1)^sign * significand * 2^(exponent - 63); bit 63 is set and bit 0 is sticky.
template <class F>
typename F::Bits round_and_pack(bool sign, int exponent, uint64_t significand, Rounding rounding,
                                uint32_t& fflags) {
  constexpr int extra = 64 - F::precision;  // bits below the last kept place
  constexpr uint64_t half = uint64_t{1} << (extra - 1);
  constexpr uint64_t mask = 2 * half - 1;
  const uint64_t increment = rounding_increment(rounding, sign, half);
  int biased = exponent + F::bias;
  bool tiny = false;
  if (biased < 1) [[unlikely]] {
    // After rounding with an unbounded exponent it is still below the smallest normal number (IEEE 754 7.5).
    tiny = biased < 0 || significand + increment >= significand;
    significand = shift_right_sticky(significand, 1 - biased);
    biased = 0;  // the integer bit, when rounding brings it back, makes this 1
  }
  const uint64_t discarded = significand & mask;
  const uint64_t sum = significand + increment;
  const bool carry = sum < significand;
  uint64_t kept = sum >> extra;
  if (rounding == Rounding::rne && discarded == half) kept &= ~uint64_t{1};
  if (discarded != 0) fflags |= tiny ? inexact | underflow : inexact;
  if (carry) {
    kept = uint64_t{1} << F::fraction_bits;
    ++biased;
  }
  // The integer bit of `kept` adds one to the exponent field, hence biased - 1 for normal numbers.
  const uint64_t field = biased == 0 ? 0 : static_cast<uint64_t>(biased - 1);
  if (biased >= F::max_biased) [[unlikely]]
    return overflowed<F>(sign, rounding, fflags);
  return signed_bits<F>(sign, static_cast<typename F::Bits>((field << F::fraction_bits) + kept));
}

// The same for a 128-bit significand of any alignment: value * 2^(exponent - 126), not zero.
template <class F>
typename F::Bits round_wide(bool sign, int exponent, Wide value, Rounding rounding, uint32_t& fflags) {
  const uint64_t high = static_cast<uint64_t>(value >> 64);
  const int zeros = high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<uint64_t>(value));
  value <<= zeros;
  const uint64_t significand = static_cast<uint64_t>(value >> 64) | (static_cast<uint64_t>(value) != 0);
  return round_and_pack<F>(sign, exponent + 1 - zeros, significand, rounding, fflags);
}

}  // namespace hartbeat::fp

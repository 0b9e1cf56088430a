// The IEEE-754 formats as RISC-V uses them: raw bits, canonical NaNs, NaN-boxing (F 11.2-11.6, D 12.2).
// Owns no arithmetic; that is arithmetic.hpp.
#pragma once

#include <cstdint>

namespace hartbeat::fp {

// The rounding modes with the encoding of the `rm` field and of `frm`.
enum class Rounding : uint8_t { rne = 0, rtz = 1, rdn = 2, rup = 3, rmm = 4 };

// The accrued exception bits with the encoding of `fflags`.
inline constexpr uint32_t inexact = 1;         // NX
inline constexpr uint32_t underflow = 2;       // UF
inline constexpr uint32_t overflow = 4;        // OF
inline constexpr uint32_t divide_by_zero = 8;  // DZ
inline constexpr uint32_t invalid = 16;        // NV

// What every format derives from its two widths.
template <class BitsType, int exponent_width, int fraction_width>
struct Format {
  using Bits = BitsType;
  static constexpr int exponent_bits = exponent_width;
  static constexpr int fraction_bits = fraction_width;
  static constexpr int width = 1 + exponent_width + fraction_width;
  static constexpr int precision = fraction_width + 1;
  static constexpr int bias = (1 << (exponent_width - 1)) - 1;
  static constexpr int max_biased = (1 << exponent_width) - 1;  // infinities and NaNs
  static constexpr Bits sign_mask = Bits(Bits(1) << (width - 1));
  static constexpr Bits fraction_mask = Bits((Bits(1) << fraction_width) - 1);
  static constexpr Bits infinity = Bits(Bits(max_biased) << fraction_width);
  static constexpr Bits quiet_bit = Bits(Bits(1) << (fraction_width - 1));
  static constexpr Bits canonical_nan = Bits(infinity | quiet_bit);
  static constexpr Bits max_finite = Bits(infinity - 1);
  static constexpr Bits min_normal = Bits(Bits(1) << fraction_width);

  static constexpr Bits magnitude(Bits a) { return Bits(a & ~sign_mask); }
  static constexpr bool negative(Bits a) { return (a & sign_mask) != 0; }
  static constexpr bool is_nan(Bits a) { return magnitude(a) > infinity; }
  static constexpr bool is_signalling(Bits a) { return is_nan(a) && (a & quiet_bit) == 0; }
  static constexpr bool is_zero(Bits a) { return magnitude(a) == 0; }
};

struct Half : Format<uint16_t, 5, 10> {};
struct Single : Format<uint32_t, 8, 23> {
  using Host = float;
};
struct Double : Format<uint64_t, 11, 52> {
  using Host = double;
};

// A narrower value in a 64-bit f register has all upper bits set.
template <class F>
constexpr uint64_t box(typename F::Bits value) {
  if constexpr (F::width == 64)
    return value;
  else
    return ~uint64_t{0} << F::width | value;
}

// Reads a narrower value from a 64-bit f register: one that is not properly boxed is the canonical NaN.
template <class F>
constexpr typename F::Bits unbox(uint64_t reg) {
  if constexpr (F::width == 64) {
    return reg;
  } else {
    const bool boxed = reg >> F::width == ~uint64_t{0} >> F::width;
    return boxed ? static_cast<typename F::Bits>(reg) : F::canonical_nan;
  }
}

}  // namespace hartbeat::fp

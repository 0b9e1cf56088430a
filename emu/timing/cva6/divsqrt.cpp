// The rounds of the divide and square-root unit (T-Head's radix-16 SRT in cvfpu), from the operands alone.
//
// The unit ends when its partial remainder is zero. With its digit set (-9 … 9) the digits are such that this
// happens in the first round in which the quotient, or root, is a multiple of the digit's weight: the first
// digit counts quarters of one, each further one a sixteenth of that. It sees the zero one round later, and
// gives up after 14 (single: 7).
#include <bit>
#include <cmath>

#include "emu/timing/cva6/fpu_wrap.hpp"

namespace hartbeat::timing::cva6 {
namespace {

struct Number {
  bool negative = false, zero = false, infinite = false, nan = false;
  int exponent = 0;            // unbiased, of the leading one
  std::uint64_t mantissa = 0;  // 53 bits, leading one at bit 52
};

Number unpack(bool is_double, std::uint64_t bits) {
  const unsigned fraction_bits = is_double ? 52 : 23;
  const int bias = is_double ? 1023 : 127;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << fraction_bits) - 1);
  const int biased = static_cast<int>((bits >> fraction_bits) & static_cast<unsigned>(2 * bias + 1));
  Number out;
  out.negative = (bits >> (is_double ? 63 : 31)) & 1;
  if (biased == 2 * bias + 1) {
    out.infinite = fraction == 0;
    out.nan = fraction != 0;
    return out;
  }
  out.zero = biased == 0 && fraction == 0;
  if (out.zero) return out;
  out.mantissa = (fraction | (biased ? std::uint64_t{1} << fraction_bits : 0)) << (52 - fraction_bits);
  const int shift = std::countl_zero(out.mantissa) - 11;
  out.mantissa <<= shift;
  out.exponent = (biased ? biased : 1) - bias - shift;
  return out;
}

// Digits until the remainder is zero; 0 when it never is.
unsigned division_digits(std::uint64_t dividend, std::uint64_t divisor) {
  const int a = std::countr_zero(dividend), b = std::countr_zero(divisor);
  if ((dividend >> a) % (divisor >> b) != 0) return 0;
  const int bits = b + 2 - a;
  return bits <= 4 ? 1 : static_cast<unsigned>(bits + 3) / 4;
}

unsigned root_digits(std::uint64_t mantissa, bool odd_exponent) {
  const std::uint64_t value = odd_exponent ? mantissa << 1 : mantissa;
  const int zeros = std::countr_zero(value);
  if (zeros & 1) return 0;
  const std::uint64_t odd = value >> zeros;
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(odd)));
  while (root * root > odd) --root;
  while ((root + 1) * (root + 1) <= odd) ++root;
  if (root * root != odd) return 0;
  const int digits = (56 - zeros + 7) / 8;
  return digits < 1 ? 1 : static_cast<unsigned>(digits);
}

}  // namespace

unsigned divsqrt_rounds(bool square_root, bool is_double, std::uint64_t a, std::uint64_t b) {
  const Number x = unpack(is_double, a);
  const unsigned longest = is_double ? 14 : 7;
  unsigned digits = 0;
  if (square_root) {
    if (x.zero || x.nan || x.infinite || x.negative) return 1;
    digits = root_digits(x.mantissa, x.exponent & 1);
  } else {
    const Number y = unpack(is_double, b);
    if (x.zero || x.nan || x.infinite || y.zero || y.nan || y.infinite) return 1;
    const int exponent = x.exponent - y.exponent;
    if (exponent > (is_double ? 1024 : 128) || exponent < (is_double ? -1075 : -150))
      return 1;  // surely out of range
    digits = division_digits(x.mantissa, y.mantissa);
  }
  return digits == 0 || digits + 1 > longest ? longest : digits + 1;
}

}  // namespace hartbeat::timing::cva6

#include "emu/isa/fp/reference.hpp"
#include "emu/isa/fp/unpacked.hpp"

namespace hartbeat::fp {

namespace {

template <class F>
typename F::Bits invalid_operation(uint32_t& fflags) {
  fflags |= invalid;
  return F::canonical_nan;
}

template <class F>
typename F::Bits nan_of(bool signalling, uint32_t& fflags) {
  if (signalling) fflags |= invalid;
  return F::canonical_nan;
}

// An exact zero sum of operands with signs a and b (IEEE 754 6.3).
template <class F>
typename F::Bits zero_sum(bool a, bool b, Rounding rounding) {
  return signed_bits<F>(a == b ? a : rounding == Rounding::rdn, 0);
}

// The sum of x * 2^(x_exponent - 126) and y likewise, with their signs; bit 127 of both is clear.
template <class F>
typename F::Bits sum(bool x_sign, int x_exponent, Wide x, bool y_sign, int y_exponent, Wide y,
                     Rounding rounding, uint32_t& fflags) {
  const int exponent = x_exponent > y_exponent ? x_exponent : y_exponent;
  x = shift_right_sticky(x, exponent - x_exponent);
  y = shift_right_sticky(y, exponent - y_exponent);
  if (x_sign == y_sign) return round_wide<F>(x_sign, exponent, x + y, rounding, fflags);
  if (x == y) return zero_sum<F>(x_sign, y_sign, rounding);
  return x > y ? round_wide<F>(x_sign, exponent, x - y, rounding, fflags)
               : round_wide<F>(y_sign, exponent, y - x, rounding, fflags);
}

// floor(sqrt(value)) by deciding one bit of the root at a time; `exact` tells whether nothing is left over.
uint64_t integer_square_root(Wide value, bool& exact) {
  Wide root = 0;
  Wide rest = value;
  for (Wide bit = Wide{1} << 126; bit != 0; bit >>= 2) {
    const Wide trial = root + bit;
    root >>= 1;
    if (rest >= trial) {
      rest -= trial;
      root += bit;
    }
  }
  exact = rest == 0;
  return static_cast<uint64_t>(root);
}

}  // namespace

template <class F>
typename F::Bits Reference<F>::add(Bits a, typename F::Bits b, Rounding rounding, uint32_t& fflags) {
  const Unpacked x = unpack<F>(a);
  const Unpacked y = unpack<F>(b);
  if (x.kind == Kind::finite && y.kind == Kind::finite) [[likely]] {
    return sum<F>(x.sign, x.exponent, Wide{x.significand} << 63, y.sign, y.exponent,
                  Wide{y.significand} << 63, rounding, fflags);
  }
  if (x.kind == Kind::nan || y.kind == Kind::nan) {
    return nan_of<F>(F::is_signalling(a) || F::is_signalling(b), fflags);
  }
  if (x.kind == Kind::infinite) {
    return y.kind == Kind::infinite && x.sign != y.sign ? invalid_operation<F>(fflags) : a;
  }
  if (y.kind == Kind::infinite) return b;
  if (x.kind == Kind::zero && y.kind == Kind::zero) return zero_sum<F>(x.sign, y.sign, rounding);
  return x.kind == Kind::zero ? b : a;
}

template <class F>
typename F::Bits Reference<F>::multiply(Bits a, typename F::Bits b, Rounding rounding, uint32_t& fflags) {
  const Unpacked x = unpack<F>(a);
  const Unpacked y = unpack<F>(b);
  const bool sign = x.sign != y.sign;
  if (x.kind == Kind::finite && y.kind == Kind::finite) [[likely]] {
    return round_wide<F>(sign, x.exponent + y.exponent, Wide{x.significand} * y.significand, rounding,
                         fflags);
  }
  if (x.kind == Kind::nan || y.kind == Kind::nan) {
    return nan_of<F>(F::is_signalling(a) || F::is_signalling(b), fflags);
  }
  const bool infinite = x.kind == Kind::infinite || y.kind == Kind::infinite;
  const bool zero = x.kind == Kind::zero || y.kind == Kind::zero;
  if (infinite && zero) return invalid_operation<F>(fflags);
  return signed_bits<F>(sign, infinite ? F::infinity : 0);
}

template <class F>
typename F::Bits Reference<F>::fused_multiply_add(Bits a, typename F::Bits b, typename F::Bits c,
                                                  Rounding rounding, uint32_t& fflags) {
  const Unpacked x = unpack<F>(a);
  const Unpacked y = unpack<F>(b);
  const Unpacked z = unpack<F>(c);
  const bool sign = x.sign != y.sign;
  if (x.kind == Kind::finite && y.kind == Kind::finite && (z.kind == Kind::finite || z.kind == Kind::zero))
      [[likely]] {
    Wide product = Wide{x.significand} * y.significand;
    int exponent = x.exponent + y.exponent;
    if (z.kind == Kind::zero) return round_wide<F>(sign, exponent, product, rounding, fflags);
    if (product >> 127 != 0) {
      product >>= 1;  // exact: the lowest bits of both significands are zero
      ++exponent;
    }
    return sum<F>(sign, exponent, product, z.sign, z.exponent, Wide{z.significand} << 63, rounding, fflags);
  }
  const bool infinite = x.kind == Kind::infinite || y.kind == Kind::infinite;
  const bool zero = x.kind == Kind::zero || y.kind == Kind::zero;
  const bool product_nan = x.kind == Kind::nan || y.kind == Kind::nan;
  if (infinite && zero) return invalid_operation<F>(fflags);
  if (product_nan || z.kind == Kind::nan) {
    return nan_of<F>(F::is_signalling(a) || F::is_signalling(b) || F::is_signalling(c), fflags);
  }
  if (infinite) {
    if (z.kind == Kind::infinite && z.sign != sign) return invalid_operation<F>(fflags);
    return signed_bits<F>(sign, F::infinity);
  }
  if (z.kind == Kind::zero) return zero_sum<F>(sign, z.sign, rounding);  // zero product
  return c;
}

template <class F>
typename F::Bits Reference<F>::divide(Bits a, typename F::Bits b, Rounding rounding, uint32_t& fflags) {
  const Unpacked x = unpack<F>(a);
  const Unpacked y = unpack<F>(b);
  const bool sign = x.sign != y.sign;
  if (x.kind == Kind::finite && y.kind == Kind::finite) [[likely]] {
    const bool below_one = x.significand < y.significand;
    const Wide dividend = Wide{x.significand} << (below_one ? 64 : 63);
    const uint64_t quotient = static_cast<uint64_t>(dividend / y.significand);
    const bool sticky = Wide{quotient} * y.significand != dividend;
    return round_and_pack<F>(sign, x.exponent - y.exponent - below_one, quotient | sticky, rounding, fflags);
  }
  if (x.kind == Kind::nan || y.kind == Kind::nan) {
    return nan_of<F>(F::is_signalling(a) || F::is_signalling(b), fflags);
  }
  if (x.kind == y.kind) return invalid_operation<F>(fflags);  // 0/0 and infinity/infinity
  if (x.kind == Kind::infinite) return signed_bits<F>(sign, F::infinity);
  if (y.kind == Kind::infinite || x.kind == Kind::zero) return signed_bits<F>(sign, 0);
  fflags |= divide_by_zero;
  return signed_bits<F>(sign, F::infinity);
}

template <class F>
typename F::Bits Reference<F>::square_root(Bits a, Rounding rounding, uint32_t& fflags) {
  const Unpacked x = unpack<F>(a);
  if (x.kind == Kind::nan) return nan_of<F>(F::is_signalling(a), fflags);
  if (x.kind == Kind::zero) return a;
  if (x.sign) return invalid_operation<F>(fflags);
  if (x.kind == Kind::infinite) return a;
  const bool odd = (x.exponent & 1) != 0;
  bool exact = false;
  const uint64_t root = integer_square_root(Wide{x.significand} << (odd ? 64 : 63), exact);
  return round_and_pack<F>(false, (x.exponent - odd) / 2, root | !exact, rounding, fflags);
}

template struct Reference<Half>;
template struct Reference<Single>;
template struct Reference<Double>;

}  // namespace hartbeat::fp

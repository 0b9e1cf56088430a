#include <limits>
#include <type_traits>

#include "emu/isa/fp/reference.hpp"
#include "emu/isa/fp/unpacked.hpp"

namespace hartbeat::fp {

template <class To, class From>
typename To::Bits FormatConversion<To, From>::convert(typename From::Bits a, Rounding rounding,
                                                      uint32_t& fflags) {
  const Unpacked x = unpack<From>(a);
  switch (x.kind) {
    case Kind::finite: return round_and_pack<To>(x.sign, x.exponent, x.significand, rounding, fflags);
    case Kind::zero: return signed_bits<To>(x.sign, 0);
    case Kind::infinite: return signed_bits<To>(x.sign, To::infinity);
    case Kind::nan: break;
  }
  if (From::is_signalling(a)) fflags |= invalid;
  return To::canonical_nan;
}

template <class F, class Integer>
Integer IntegerConversion<F, Integer>::to_integer(typename F::Bits a, Rounding rounding, uint32_t& fflags) {
  using Limits = std::numeric_limits<Integer>;
  const Unpacked x = unpack<F>(a);
  if (x.kind == Kind::zero) return 0;
  const auto saturated = [&] {
    fflags |= invalid;
    return x.sign && x.kind != Kind::nan ? Limits::min() : Limits::max();
  };
  if (x.kind != Kind::finite || x.exponent > 63) return saturated();
  // The magnitude with 63 binary places of which the lowest is sticky.
  const Wide scaled = x.exponent >= 0 ? Wide{x.significand} << x.exponent
                                      : Wide{shift_right_sticky(x.significand, -x.exponent)};
  constexpr uint64_t half = uint64_t{1} << 62;
  const uint64_t discarded = static_cast<uint64_t>(scaled) & (2 * half - 1);
  Wide magnitude = (scaled + rounding_increment(rounding, x.sign, half)) >> 63;
  if (rounding == Rounding::rne && discarded == half) magnitude &= ~Wide{1};
  const Wide limit = x.sign ? (std::is_signed_v<Integer> ? Wide{1} << (sizeof(Integer) * 8 - 1) : Wide{0})
                            : Wide{static_cast<std::make_unsigned_t<Integer>>(Limits::max())};
  if (magnitude > limit) return saturated();
  if (discarded != 0) fflags |= inexact;
  const uint64_t bits = static_cast<uint64_t>(magnitude);
  return static_cast<Integer>(x.sign ? uint64_t{0} - bits : bits);
}

template <class F, class Integer>
typename F::Bits IntegerConversion<F, Integer>::from_integer(Integer value, Rounding rounding,
                                                             uint32_t& fflags) {
  if (value == 0) return 0;
  const bool sign = value < 0;
  const uint64_t bits = static_cast<uint64_t>(value);
  const uint64_t magnitude = sign ? uint64_t{0} - bits : bits;
  const int zeros = std::countl_zero(magnitude);
  return round_and_pack<F>(sign, 63 - zeros, magnitude << zeros, rounding, fflags);
}

template struct IntegerConversion<Half, int32_t>;
template struct IntegerConversion<Half, uint32_t>;
template struct IntegerConversion<Half, int64_t>;
template struct IntegerConversion<Half, uint64_t>;
template struct IntegerConversion<Single, int32_t>;
template struct IntegerConversion<Single, uint32_t>;
template struct IntegerConversion<Single, int64_t>;
template struct IntegerConversion<Single, uint64_t>;
template struct IntegerConversion<Double, int32_t>;
template struct IntegerConversion<Double, uint32_t>;
template struct IntegerConversion<Double, int64_t>;
template struct IntegerConversion<Double, uint64_t>;

template struct FormatConversion<Half, Single>;
template struct FormatConversion<Half, Double>;
template struct FormatConversion<Single, Half>;
template struct FormatConversion<Single, Double>;
template struct FormatConversion<Double, Half>;
template struct FormatConversion<Double, Single>;

}  // namespace hartbeat::fp

// The floating-point operations of the F and D extensions on raw bits. Every operation takes the rounding
// mode that the instruction resolved to and or-s its exception flags into `fflags`; NaN results are canonical
// (F 11.3). Names follow the instruction manual; `F` is Single or Double (Half has the reference
// implementation only).
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "emu/isa/fp/format.hpp"
#include "emu/isa/fp/host.hpp"
#include "emu/isa/fp/reference.hpp"

namespace hartbeat::fp {

template <class F>
concept HasHost = requires {
  typename F::Host;
};

template <class F>
typename F::Bits negate(typename F::Bits a) {
  return static_cast<typename F::Bits>(a ^ F::sign_mask);
}

template <class F>
inline typename F::Bits add(typename F::Bits a, typename F::Bits b, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    typename F::Bits result;
    if (rounding == Rounding::rne && Host<F>::add(a, b, result, fflags)) [[likely]]
      return result;
  }
  return Reference<F>::add(a, b, rounding, fflags);
}

template <class F>
inline typename F::Bits subtract(typename F::Bits a, typename F::Bits b, Rounding rounding,
                                 uint32_t& fflags) {
  return add<F>(a, negate<F>(b), rounding, fflags);
}

template <class F>
inline typename F::Bits multiply(typename F::Bits a, typename F::Bits b, Rounding rounding,
                                 uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    typename F::Bits result;
    if (rounding == Rounding::rne && Host<F>::multiply(a, b, result, fflags)) [[likely]]
      return result;
  }
  return Reference<F>::multiply(a, b, rounding, fflags);
}

template <class F>
inline typename F::Bits divide(typename F::Bits a, typename F::Bits b, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    typename F::Bits result;
    if (rounding == Rounding::rne && Host<F>::divide(a, b, result, fflags)) [[likely]]
      return result;
  }
  return Reference<F>::divide(a, b, rounding, fflags);
}

template <class F>
inline typename F::Bits square_root(typename F::Bits a, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    typename F::Bits result;
    if (rounding == Rounding::rne && Host<F>::square_root(a, result, fflags)) [[likely]]
      return result;
  }
  return Reference<F>::square_root(a, rounding, fflags);
}

// FMADD: a * b + c with one rounding.
template <class F>
inline typename F::Bits multiply_add(typename F::Bits a, typename F::Bits b, typename F::Bits c,
                                     Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    typename F::Bits result;
    if (rounding == Rounding::rne && Host<F>::fused_multiply_add(a, b, c, result, fflags)) [[likely]]
      return result;
  }
  return Reference<F>::fused_multiply_add(a, b, c, rounding, fflags);
}

// FMSUB: a * b - c.
template <class F>
inline typename F::Bits multiply_subtract(typename F::Bits a, typename F::Bits b, typename F::Bits c,
                                          Rounding rounding, uint32_t& fflags) {
  return multiply_add<F>(a, b, negate<F>(c), rounding, fflags);
}

// FNMSUB: -(a * b) + c.
template <class F>
inline typename F::Bits negated_multiply_subtract(typename F::Bits a, typename F::Bits b, typename F::Bits c,
                                                  Rounding rounding, uint32_t& fflags) {
  return multiply_add<F>(negate<F>(a), b, c, rounding, fflags);
}

// FNMADD: -(a * b) - c.
template <class F>
inline typename F::Bits negated_multiply_add(typename F::Bits a, typename F::Bits b, typename F::Bits c,
                                             Rounding rounding, uint32_t& fflags) {
  return multiply_add<F>(negate<F>(a), b, negate<F>(c), rounding, fflags);
}

// Numbers in order; -0 and +0 are equal. Neither may be a NaN.
template <class F>
inline bool ordered_less(typename F::Bits a, typename F::Bits b) {
  if (F::negative(a) != F::negative(b)) return F::negative(a) && F::magnitude(a | b) != 0;
  return a != b && F::negative(a) != (a < b);
}

// FEQ: quiet; only a signalling NaN raises NV.
template <class F>
inline bool equal(typename F::Bits a, typename F::Bits b, uint32_t& fflags) {
  if (F::is_nan(a) || F::is_nan(b)) [[unlikely]] {
    if (F::is_signalling(a) || F::is_signalling(b)) fflags |= invalid;
    return false;
  }
  return a == b || F::magnitude(a | b) == 0;
}

// FLT: signalling; any NaN raises NV.
template <class F>
inline bool less(typename F::Bits a, typename F::Bits b, uint32_t& fflags) {
  if (F::is_nan(a) || F::is_nan(b)) [[unlikely]] {
    fflags |= invalid;
    return false;
  }
  return ordered_less<F>(a, b);
}

// FLE: signalling; any NaN raises NV.
template <class F>
inline bool less_or_equal(typename F::Bits a, typename F::Bits b, uint32_t& fflags) {
  if (F::is_nan(a) || F::is_nan(b)) [[unlikely]] {
    fflags |= invalid;
    return false;
  }
  return !ordered_less<F>(b, a);
}

// FMIN and FMAX are IEEE 754-2019's minimumNumber and maximumNumber: -0 is less than +0, one NaN gives the
// other operand, and a signalling NaN raises NV (F 11.6).
template <class F>
inline typename F::Bits minimum_number(typename F::Bits a, typename F::Bits b, uint32_t& fflags) {
  if (F::is_signalling(a) || F::is_signalling(b)) [[unlikely]]
    fflags |= invalid;
  if (F::is_nan(a)) [[unlikely]]
    return F::is_nan(b) ? F::canonical_nan : b;
  if (F::is_nan(b)) [[unlikely]]
    return a;
  if (F::negative(a) != F::negative(b)) return F::negative(a) ? a : b;
  return ordered_less<F>(a, b) ? a : b;
}

template <class F>
inline typename F::Bits maximum_number(typename F::Bits a, typename F::Bits b, uint32_t& fflags) {
  if (F::is_signalling(a) || F::is_signalling(b)) [[unlikely]]
    fflags |= invalid;
  if (F::is_nan(a)) [[unlikely]]
    return F::is_nan(b) ? F::canonical_nan : b;
  if (F::is_nan(b)) [[unlikely]]
    return a;
  if (F::negative(a) != F::negative(b)) return F::negative(a) ? b : a;
  return ordered_less<F>(a, b) ? b : a;
}

// FSGNJ, FSGNJN and FSGNJX: the magnitude of a with b's sign, its opposite, or the exclusive or of both. They
// do not look at the value, so NaNs keep their payload.
template <class F>
inline typename F::Bits inject_sign(typename F::Bits a, typename F::Bits b) {
  return static_cast<typename F::Bits>(F::magnitude(a) | (b & F::sign_mask));
}

template <class F>
inline typename F::Bits inject_negated_sign(typename F::Bits a, typename F::Bits b) {
  return static_cast<typename F::Bits>(F::magnitude(a) | (~b & F::sign_mask));
}

template <class F>
inline typename F::Bits inject_xored_sign(typename F::Bits a, typename F::Bits b) {
  return static_cast<typename F::Bits>(a ^ (b & F::sign_mask));
}

// FCLASS: exactly one of ten bits (F 11.9).
template <class F>
inline uint32_t classify(typename F::Bits a) {
  const typename F::Bits magnitude = F::magnitude(a);
  if (magnitude > F::infinity) return F::is_signalling(a) ? 1u << 8 : 1u << 9;
  const int size = magnitude == F::infinity ? 3 : magnitude >= F::min_normal ? 2 : magnitude != 0 ? 1 : 0;
  return F::negative(a) ? 1u << (3 - size) : 1u << (4 + size);
}

// FCVT between formats.
template <class To, class From>
inline typename To::Bits convert(typename From::Bits a, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<To> && HasHost<From>) {
    using Source = Host<From>;
    using Target = Host<To>;
    const typename To::Bits result = Target::bits(static_cast<typename To::Host>(Source::number(a)));
    if constexpr (To::width > From::width) {
      if (Source::finite(a)) [[likely]]
        return result;  // widening is exact
    } else if (rounding == Rounding::rne && Target::clear_of_edges(result)) {
      if (static_cast<typename From::Host>(Target::number(result)) != Source::number(a)) fflags |= inexact;
      return result;
    }
  }
  return FormatConversion<To, From>::convert(a, rounding, fflags);
}

// FCVT to int32_t, uint32_t, int64_t or uint64_t.
template <class F, class Integer>
inline Integer to_integer(typename F::Bits a, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F> && std::is_signed_v<Integer>) {
    // Truncation is the host's own conversion; any mode will do for what is an integer already. The bound is
    // one that both formats represent, and that no rounding can cross.
    constexpr typename F::Host bound = static_cast<typename F::Host>(Integer{1} << (sizeof(Integer) * 8 - 2));
    const typename F::Host number = Host<F>::number(a);
    if (number > -bound && number < bound) [[likely]] {
      const Integer truncated = static_cast<Integer>(number);
      if (static_cast<typename F::Host>(truncated) == number) return truncated;
      if (rounding == Rounding::rtz) {
        fflags |= inexact;
        return truncated;
      }
    }
  }
  return IntegerConversion<F, Integer>::to_integer(a, rounding, fflags);
}

// FCVT from int32_t, uint32_t, int64_t or uint64_t.
template <class F, std::integral Integer>
inline typename F::Bits from_integer(Integer value, Rounding rounding, uint32_t& fflags) {
  if constexpr (HasHost<F>) {
    constexpr int64_t exact_limit = int64_t{1} << F::precision;
    if (std::in_range<int64_t>(value)) {
      const int64_t integer = static_cast<int64_t>(value);
      if (integer >= -exact_limit && integer <= exact_limit) [[likely]] {
        return Host<F>::bits(static_cast<typename F::Host>(integer));
      }
    }
  }
  return IntegerConversion<F, Integer>::from_integer(value, rounding, fflags);
}

}  // namespace hartbeat::fp

// IEEE-754 arithmetic on integers only: the definition that the fast path in arithmetic.hpp must equal bit
// for bit. It gives the same result on every host. Flags are or-ed into `fflags`; NaN results are canonical;
// tininess is detected after rounding (F 11.2).
#pragma once

#include "emu/isa/fp/format.hpp"

namespace hartbeat::fp {

// For Half, Single and Double.
template <class F>
struct Reference {
  using Bits = typename F::Bits;
  static Bits add(Bits a, Bits b, Rounding rounding, uint32_t& fflags);
  static Bits multiply(Bits a, Bits b, Rounding rounding, uint32_t& fflags);
  // a * b + c, rounded once. Infinity times zero is invalid even when c is a quiet NaN.
  static Bits fused_multiply_add(Bits a, Bits b, Bits c, Rounding rounding, uint32_t& fflags);
  static Bits divide(Bits a, Bits b, Rounding rounding, uint32_t& fflags);
  static Bits square_root(Bits a, Rounding rounding, uint32_t& fflags);
};

// Between any two different formats.
template <class To, class From>
struct FormatConversion {
  static typename To::Bits convert(typename From::Bits a, Rounding rounding, uint32_t& fflags);
};

// For int32_t, uint32_t, int64_t and uint64_t. Out of range saturates, NaN gives the largest value; both
// raise NV alone (F 11.7).
template <class F, class Integer>
struct IntegerConversion {
  static Integer to_integer(typename F::Bits a, Rounding rounding, uint32_t& fflags);
  static typename F::Bits from_integer(Integer value, Rounding rounding, uint32_t& fflags);
};

}  // namespace hartbeat::fp

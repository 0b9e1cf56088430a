// The fast path: the host's own floating point where it provably gives the same bits and flags. Private to
// emu/isa/fp.
//
// Each function either stores the result, updates the flags and returns true, or returns false having done
// nothing. What makes it right (the idea is Emilio Cota's, "hardfloat"): the host rounds to nearest, ties to
// even, without flushing subnormals; a finite result means that no operand was an infinity or a NaN; a result
// beyond the smallest normal number raised neither underflow nor overflow; what is left to know is whether it
// was exact, which is either irrelevant, because NX is sticky and already set, or decided by an error-free
// transformation. No host flag is read. Files that include this need -ffp-contract=off
// (emu/isa/fp/CMakeLists.txt hands it on).
#pragma once

#include <bit>
#include <cstdint>

#include "emu/isa/fp/format.hpp"
#include "emu/isa/fp/wide.hpp"

namespace hartbeat::fp {

// a * b + c with one rounding if the host has an instruction for it; otherwise false.
bool fused_on_host(double a, double b, double c, double& result);

template <class F>
struct Host {
  using Bits = typename F::Bits;
  using Number = typename F::Host;
  static constexpr bool single = F::width == 32;

  static Number number(Bits a) { return std::bit_cast<Number>(a); }
  static Bits bits(Number a) { return std::bit_cast<Bits>(a); }
  static bool finite(Bits a) { return F::magnitude(a) < F::infinity; }
  static bool normal(Bits a) {
    return static_cast<Bits>(F::magnitude(a) - F::min_normal) < F::infinity - F::min_normal;
  }
  // Finite and above the smallest normal number, to which a tiny number could have been rounded.
  static bool clear_of_edges(Bits a) {
    return static_cast<Bits>(F::magnitude(a) - F::min_normal - 1) < F::infinity - F::min_normal - 1;
  }

  // Sums that are subnormal or zero are exact, so any finite sum will do.
  static bool add(Bits a, Bits b, Bits& result, uint32_t& fflags) {
    const Number x = number(a);
    const Number y = number(b);
    const Number sum = x + y;
    if (!finite(bits(sum))) return false;
    if ((fflags & inexact) == 0) {
      // Knuth's two-sum: the rounding error, exactly, unless a part of it overflows.
      const Number y_part = sum - x;
      const Number x_part = sum - y_part;
      if ((y - y_part) + (x - x_part) != 0) {
        if (F::magnitude(bits(sum)) >= F::infinity - 2 * F::min_normal) return false;
        fflags |= inexact;
      }
    }
    result = bits(sum);
    return true;
  }

  static bool multiply(Bits a, Bits b, Bits& result, uint32_t& fflags) {
    const Number product = number(a) * number(b);
    if (!clear_of_edges(bits(product))) return false;
    if ((fflags & inexact) == 0) {
      if constexpr (single) {
        if (static_cast<double>(number(a)) * static_cast<double>(number(b)) != static_cast<double>(product)) {
          fflags |= inexact;
        }
      } else {
        // The exact product has 105 or 106 bits less the trailing zeros of both significands.
        const int zeros = trailing_zeros(a) + trailing_zeros(b);
        if (zeros == F::fraction_bits || !normal(a) || !normal(b)) return false;
        if (zeros < F::fraction_bits) fflags |= inexact;
      }
    }
    result = bits(product);
    return true;
  }

  static bool divide(Bits a, Bits b, Bits& result, uint32_t& fflags) {
    const Number quotient = number(a) / number(b);
    if (!clear_of_edges(bits(quotient))) return false;
    if ((fflags & inexact) == 0) {
      if constexpr (single) {
        if (static_cast<double>(quotient) * static_cast<double>(number(b)) !=
            static_cast<double>(number(a))) {
          fflags |= inexact;
        }
      } else {
        if (!normal(a) || !normal(b)) return false;
        // Exact if quotient times divisor is the dividend, whose significand then stands one or two places
        // apart.
        const Wide product = Wide{significand(bits(quotient))} * significand(b);
        const Wide dividend = Wide{significand(a)} << F::fraction_bits;
        if (product != dividend && product != dividend << 1) fflags |= inexact;
      }
    }
    result = bits(quotient);
    return true;
  }

  static bool square_root(Bits a, Bits& result, uint32_t& fflags) {
    if (F::negative(a) || !normal(a)) return false;
    Number root;
    if constexpr (single)
      root = __builtin_sqrtf(number(a));
    else
      root = __builtin_sqrt(number(a));
    if ((fflags & inexact) == 0) {
      if constexpr (single) {
        if (static_cast<double>(root) * static_cast<double>(root) != static_cast<double>(number(a)))
          fflags |= inexact;
      } else {
        // The square of a root of 28 bits or more does not fit in 53; that of 26 or less always does.
        const int root_bits = F::precision - trailing_zeros(bits(root));
        if (root_bits == 27) return false;
        if (root_bits > 27 || root * root != number(a)) fflags |= inexact;
      }
    }
    result = bits(root);
    return true;
  }

  static bool fused_multiply_add(Bits a, Bits b, Bits c, Bits& result, uint32_t& fflags) {
    if constexpr (single) {
      return fused_through_double(a, b, c, result, fflags);
    } else {
      if ((fflags & inexact) == 0) return false;
      double sum;
      if (!fused_on_host(number(a), number(b), number(c), sum) || !clear_of_edges(bits(sum))) return false;
      result = bits(sum);
      return true;
    }
  }

 private:
  // Of a normal number.
  static uint64_t significand(Bits a) { return (a & F::fraction_mask) | F::min_normal; }
  static int trailing_zeros(Bits a) { return std::countr_zero(significand(a)); }

  // The product of two singles is exact as a double. Its sum with c, rounded to double and then to single, is
  // rounded twice, which differs from once only if the first rounding was inexact and landed in the middle
  // between two singles.
  static bool fused_through_double(Bits a, Bits b, Bits c, Bits& result, uint32_t& fflags) {
    const double product = static_cast<double>(number(a)) * static_cast<double>(number(b));
    const double addend = number(c);
    const double sum = product + addend;
    const Number rounded = static_cast<Number>(sum);
    if (!clear_of_edges(bits(rounded))) return false;
    constexpr uint64_t below_single = (uint64_t{1} << (52 - 23)) - 1;
    const uint64_t discarded = std::bit_cast<uint64_t>(sum) & below_single;
    if (discarded == (below_single >> 1) + 1) return false;
    if ((fflags & inexact) == 0) {
      const double addend_part = sum - product;
      const double product_part = sum - addend_part;
      const double error = (addend - addend_part) + (product - product_part);
      if (discarded != 0 || error != 0) fflags |= inexact;
    }
    result = bits(rounded);
    return true;
  }
};

}  // namespace hartbeat::fp

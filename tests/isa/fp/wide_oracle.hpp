// A second definition of correct rounding, sharing no idea with the implementation: operands become integers
// thousands of bits long, and a result is right if the exact value lies where it must between the result's
// neighbours. Nothing is shifted, normalised or jammed; there is only comparison.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "emu/isa/fp/format.hpp"
#include "tests/isa/fp/mismatch.hpp"

namespace hartbeat::fp::testing {

// A natural number below 2^4352: enough for the product of two doubles in units of a quarter of the least
// subnormal's square.
class Natural {
 public:
  static constexpr size_t limbs = 136;

  Natural() = default;
  Natural(uint64_t value, size_t shift) {
    for (size_t bit = 0; bit < 64; ++bit) {
      if (value >> bit & 1) limb_[(bit + shift) / 32] |= uint32_t{1} << ((bit + shift) % 32);
    }
  }

  Natural operator<<(size_t shift) const {
    Natural result;
    const size_t whole = shift / 32;
    const size_t part = shift % 32;
    for (size_t i = whole; i < limbs; ++i) {
      const uint64_t pair = uint64_t{limb_[i - whole]} << 32 | (i > whole ? limb_[i - whole - 1] : 0);
      result.limb_[i] = static_cast<uint32_t>(pair << part >> 32);
    }
    return result;
  }

  friend Natural operator+(const Natural& a, const Natural& b) {
    Natural result;
    uint64_t carry = 0;
    for (size_t i = 0; i < limbs; ++i) {
      carry += uint64_t{a.limb_[i]} + b.limb_[i];
      result.limb_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    return result;
  }

  // a must not be less than b.
  friend Natural operator-(const Natural& a, const Natural& b) {
    Natural result;
    int64_t borrow = 0;
    for (size_t i = 0; i < limbs; ++i) {
      borrow += int64_t{a.limb_[i]} - int64_t{b.limb_[i]};
      result.limb_[i] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
    }
    return result;
  }

  friend Natural operator*(const Natural& a, const Natural& b) {
    Natural result;
    for (size_t i = 0; i < limbs; ++i) {
      if (a.limb_[i] == 0) continue;
      uint64_t carry = 0;
      for (size_t j = 0; i + j < limbs; ++j) {
        carry += result.limb_[i + j] + uint64_t{a.limb_[i]} * b.limb_[j];
        result.limb_[i + j] = static_cast<uint32_t>(carry);
        carry >>= 32;
      }
    }
    return result;
  }

  friend std::strong_ordering operator<=>(const Natural& a, const Natural& b) {
    for (size_t i = limbs; i-- > 0;) {
      if (a.limb_[i] != b.limb_[i]) return a.limb_[i] <=> b.limb_[i];
    }
    return std::strong_ordering::equal;
  }
  friend bool operator==(const Natural& a, const Natural& b) = default;

 private:
  std::array<uint32_t, limbs> limb_{};
};

// The unit of every Natural that stands for a number of format F is 2^-unit_shift: a quarter of the least
// subnormal.
template <class F>
inline constexpr size_t unit_shift = F::bias - 1 + F::fraction_bits + 2;

// The magnitude of a; the pattern of infinity stands for the power of two that overflowed.
template <class F>
Natural magnitude_of(typename F::Bits a) {
  const uint64_t biased = F::magnitude(a) >> F::fraction_bits;
  const uint64_t fraction = a & F::fraction_mask;
  if (biased == 0) return {fraction, 2};
  return {fraction | F::min_normal, static_cast<size_t>(biased) + 1};
}

// Where the exact magnitude of an operation lies relative to a candidate: each operation defines `against`.
template <class Against>
struct Exact {
  bool sign;
  Against against;  // Natural -> strong_ordering of (exact <=> candidate)
};
template <class Against>
Exact(bool, Against) -> Exact<Against>;

// What `got` should have been for a finite, non-zero exact value. If `got` is not even a neighbour of the
// exact value, the answer is a pattern that differs from it.
template <class F, class Against>
Outcome expected_rounding(const Exact<Against>& exact, Rounding rounding, typename F::Bits got) {
  using Bits = typename F::Bits;
  const bool away = (rounding == Rounding::rup && !exact.sign) || (rounding == Rounding::rdn && exact.sign);
  const bool nearest = rounding == Rounding::rne || rounding == Rounding::rmm;
  const auto signed_pattern = [&](Bits magnitude) {
    return static_cast<Bits>(exact.sign ? magnitude | F::sign_mask : magnitude);
  };
  const auto against_bits = [&](Bits candidate) { return exact.against(magnitude_of<F>(candidate)); };

  if (against_bits(F::infinity) >= 0) {
    return {signed_pattern(nearest || away ? F::infinity : F::max_finite), overflow | inexact};
  }
  Bits below = F::magnitude(got);
  if (below == F::infinity || against_bits(below) < 0) --below;
  const bool bracketed = against_bits(below) >= 0 && against_bits(static_cast<Bits>(below + 1)) < 0;
  if (!bracketed) return {static_cast<Bits>(~got), ~uint32_t{0}};
  if (against_bits(below) == 0) return {signed_pattern(below), 0};

  const Bits above = static_cast<Bits>(below + 1);
  const size_t biased = below >> F::fraction_bits;
  const Natural middle = magnitude_of<F>(below) + Natural(1, biased == 0 ? 1 : biased);
  const auto side = exact.against(middle);
  const bool up = nearest ? side > 0 || (side == 0 && (rounding == Rounding::rmm || (below & 1) != 0)) : away;
  const Bits chosen = up ? above : below;
  uint32_t flags = inexact;
  if (chosen == F::infinity) flags |= overflow;

  // Tiny after rounding: with an unbounded exponent it does not reach the least normal number, below which
  // numbers are two units apart.
  const Natural least_normal = magnitude_of<F>(F::min_normal);
  const Natural last_below = least_normal - Natural(2, 0);
  const Natural last_middle = least_normal - Natural(1, 0);
  const bool tiny = nearest ? exact.against(last_middle) < 0
                    : away  ? exact.against(last_below) <= 0
                            : exact.against(least_normal) < 0;
  if (tiny) flags |= underflow;
  return {signed_pattern(chosen), flags};
}

}  // namespace hartbeat::fp::testing

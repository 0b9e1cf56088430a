// Operands that floating-point bugs live on: a grid of corner values, and random numbers with biased
// exponents.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/isa/fp/format.hpp"

namespace hartbeat::fp::testing {

inline constexpr Rounding all_roundings[] = {Rounding::rne, Rounding::rtz, Rounding::rdn, Rounding::rup,
                                             Rounding::rmm};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // splitmix64
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

template <class F>
std::vector<typename F::Bits> corner_values() {
  using Bits = typename F::Bits;
  const auto power = [](int exponent) {
    return static_cast<Bits>(Bits(exponent + F::bias) << F::fraction_bits);
  };
  std::vector<Bits> magnitudes = {0,
                                  1,
                                  2,
                                  3,
                                  static_cast<Bits>(F::min_normal >> 1),
                                  static_cast<Bits>((F::min_normal >> 1) + 1),
                                  static_cast<Bits>(F::min_normal - 1),
                                  F::min_normal,
                                  static_cast<Bits>(F::min_normal + 1),
                                  static_cast<Bits>(2 * F::min_normal - 1),
                                  static_cast<Bits>(2 * F::min_normal),
                                  static_cast<Bits>(power(0) - 1),
                                  power(0),
                                  static_cast<Bits>(power(0) + 1),
                                  static_cast<Bits>(power(0) | F::quiet_bit),
                                  static_cast<Bits>(power(1) - 1),
                                  power(1),
                                  static_cast<Bits>(power(1) | F::quiet_bit),
                                  power(F::fraction_bits),
                                  power(F::precision),
                                  static_cast<Bits>(power(F::fraction_bits) + 1),
                                  power(-F::precision),
                                  static_cast<Bits>(power(-F::precision) + 1),
                                  power(-1),
                                  static_cast<Bits>(power(-1) | 1),
                                  power(F::bias / 2),
                                  power(-F::bias / 2),
                                  static_cast<Bits>(power(F::bias) | F::quiet_bit),
                                  static_cast<Bits>(F::max_finite - 1),
                                  F::max_finite,
                                  F::infinity,
                                  static_cast<Bits>(F::infinity | 1),
                                  F::canonical_nan,
                                  static_cast<Bits>(F::canonical_nan | 5)};
  std::vector<Bits> values;
  for (const Bits magnitude : magnitudes) {
    values.push_back(magnitude);
    values.push_back(static_cast<Bits>(magnitude | F::sign_mask));
  }
  return values;
}

template <class F>
typename F::Bits random_value(Random& random) {
  using Bits = typename F::Bits;
  const uint64_t raw = random.next();
  uint64_t fraction = random.next();
  switch (raw >> 8 & 7) {  // the shape of the fraction
    case 0: fraction = 0; break;
    case 1: fraction = ~uint64_t{0}; break;
    case 2: fraction = uint64_t{1} << (fraction % F::precision); break;
    case 3: fraction = ~(uint64_t{1} << (fraction % F::precision)); break;
    case 4: fraction = fraction << (F::fraction_bits / 2); break;
    default: break;
  }
  int biased = static_cast<int>(raw >> 16 & 0xffff) % (F::max_biased + 1);
  switch (raw & 7) {  // where the exponent lies
    case 0: biased = 0; break;
    case 1: biased = static_cast<int>(raw >> 32 & 3); break;
    case 2: biased = F::max_biased - 1 - static_cast<int>(raw >> 32 & 1); break;
    case 3:
    case 4:
    case 5: biased = F::bias - 4 + static_cast<int>(raw >> 32 & 7); break;
    default: break;
  }
  return static_cast<Bits>((raw >> 63 ? F::sign_mask : 0) | Bits(biased) << F::fraction_bits |
                           (fraction & F::fraction_mask));
}

}  // namespace hartbeat::fp::testing

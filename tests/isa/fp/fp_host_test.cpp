// The oracle here is the host's FPU under <cfenv>, which is somebody else's implementation of the same
// standard.
#include <catch2/catch.hpp>
#include <cfenv>
#include <cmath>
#include <limits>

#include "emu/isa/fp/arithmetic.hpp"
#include "tests/isa/fp/mismatch.hpp"
#include "tests/isa/fp/operands.hpp"

namespace hartbeat::fp::testing {

namespace {

constexpr Rounding host_roundings[] = {Rounding::rne, Rounding::rtz, Rounding::rdn, Rounding::rup};

int host_mode(Rounding rounding) {
  switch (rounding) {
    case Rounding::rtz: return FE_TOWARDZERO;
    case Rounding::rdn: return FE_DOWNWARD;
    case Rounding::rup: return FE_UPWARD;
    default: return FE_TONEAREST;
  }
}

uint32_t host_flags() {
  const int raised = std::fetestexcept(FE_ALL_EXCEPT);
  return (raised & FE_INEXACT ? inexact : 0) | (raised & FE_UNDERFLOW ? underflow : 0) |
         (raised & FE_OVERFLOW ? overflow : 0) | (raised & FE_DIVBYZERO ? divide_by_zero : 0) |
         (raised & FE_INVALID ? invalid : 0);
}

// Runs `operation` on the host in `rounding` and returns its result and flags; volatile keeps the compiler
// from moving the operation across the changes of environment.
template <class F, class Operation>
Outcome on_host(Rounding rounding, Operation operation) {
  std::fesetround(host_mode(rounding));
  std::feclearexcept(FE_ALL_EXCEPT);
  volatile typename F::Host result = operation();
  const uint32_t flags = host_flags();
  std::fesetround(FE_TONEAREST);
  const auto bits = std::bit_cast<typename F::Bits>(static_cast<typename F::Host>(result));
  return {F::is_nan(bits) ? F::canonical_nan : bits, flags};
}

template <class Operation>
Outcome ours(Operation operation) {
  uint32_t flags = 0;
  const uint64_t value = operation(flags);
  return {value, flags};
}

template <class F>
void check_unary(Mismatches& mismatches, typename F::Bits a) {
  for (const Rounding rounding : host_roundings) {
    volatile typename F::Host x = std::bit_cast<typename F::Host>(a);
    mismatches.check("sqrt", rounding, a, 0, 0,
                     ours([&](uint32_t& f) { return square_root<F>(a, rounding, f); }),
                     on_host<F>(rounding, [&] { return std::sqrt(x); }));
  }
}

template <class F>
void check_binary(Mismatches& mismatches, typename F::Bits a, typename F::Bits b) {
  using Number = typename F::Host;
  volatile Number x = std::bit_cast<Number>(a);
  volatile Number y = std::bit_cast<Number>(b);
  for (const Rounding rounding : host_roundings) {
    mismatches.check("add", rounding, a, b, 0, ours([&](uint32_t& f) { return add<F>(a, b, rounding, f); }),
                     on_host<F>(rounding, [&] { return x + y; }));
    mismatches.check("sub", rounding, a, b, 0,
                     ours([&](uint32_t& f) { return subtract<F>(a, b, rounding, f); }),
                     on_host<F>(rounding, [&] { return x - y; }));
    mismatches.check("mul", rounding, a, b, 0,
                     ours([&](uint32_t& f) { return multiply<F>(a, b, rounding, f); }),
                     on_host<F>(rounding, [&] { return x * y; }));
    mismatches.check("div", rounding, a, b, 0,
                     ours([&](uint32_t& f) { return divide<F>(a, b, rounding, f); }),
                     on_host<F>(rounding, [&] { return x / y; }));
  }
}

template <class F>
void check_comparisons(Mismatches& mismatches, typename F::Bits a, typename F::Bits b) {
  using Number = typename F::Host;
  volatile Number x = std::bit_cast<Number>(a);
  volatile Number y = std::bit_cast<Number>(b);
  const auto host = [&](auto operation) {
    std::feclearexcept(FE_ALL_EXCEPT);
    volatile bool result = operation();
    return Outcome{result, host_flags()};
  };
  mismatches.check("eq", Rounding::rne, a, b, 0, ours([&](uint32_t& f) { return equal<F>(a, b, f); }),
                   host([&] { return x == y; }));
  mismatches.check("lt", Rounding::rne, a, b, 0, ours([&](uint32_t& f) { return less<F>(a, b, f); }),
                   host([&] { return x < y; }));
  mismatches.check("le", Rounding::rne, a, b, 0, ours([&](uint32_t& f) { return less_or_equal<F>(a, b, f); }),
                   host([&] { return x <= y; }));
}

// inf*0 + qNaN is left out: IEEE leaves its NV to the implementation; "infinity times zero plus a quiet NaN"
// below.
template <class F>
void check_fused(Mismatches& mismatches, typename F::Bits a, typename F::Bits b, typename F::Bits c) {
  using Number = typename F::Host;
  const bool open = F::is_nan(c) && ((F::is_zero(a) && F::magnitude(b) == F::infinity) ||
                                     (F::is_zero(b) && F::magnitude(a) == F::infinity));
  if (open) return;
  volatile Number x = std::bit_cast<Number>(a);
  volatile Number y = std::bit_cast<Number>(b);
  volatile Number z = std::bit_cast<Number>(c);
  for (const Rounding rounding : host_roundings) {
    mismatches.check("fma", rounding, a, b, c,
                     ours([&](uint32_t& f) { return multiply_add<F>(a, b, c, rounding, f); }),
                     on_host<F>(rounding, [&] { return std::fma(x, y, z); }));
  }
}

template <class F>
void check_fused_variants(Mismatches& mismatches, typename F::Bits a, typename F::Bits b,
                          typename F::Bits c) {
  using Number = typename F::Host;
  volatile Number x = std::bit_cast<Number>(a);
  volatile Number y = std::bit_cast<Number>(b);
  volatile Number z = std::bit_cast<Number>(c);
  if (F::is_nan(c)) return;
  for (const Rounding rounding : host_roundings) {
    mismatches.check("fmsub", rounding, a, b, c,
                     ours([&](uint32_t& f) { return multiply_subtract<F>(a, b, c, rounding, f); }),
                     on_host<F>(rounding, [&] { return std::fma(x, y, -z); }));
    mismatches.check("fnmsub", rounding, a, b, c,
                     ours([&](uint32_t& f) { return negated_multiply_subtract<F>(a, b, c, rounding, f); }),
                     on_host<F>(rounding, [&] { return std::fma(-x, y, z); }));
    mismatches.check("fnmadd", rounding, a, b, c,
                     ours([&](uint32_t& f) { return negated_multiply_add<F>(a, b, c, rounding, f); }),
                     on_host<F>(rounding, [&] { return std::fma(-x, y, -z); }));
  }
}

template <class To, class From>
void check_conversion(Mismatches& mismatches, typename From::Bits a) {
  volatile typename From::Host x = std::bit_cast<typename From::Host>(a);
  for (const Rounding rounding : host_roundings) {
    mismatches.check("fcvt.f.f", rounding, a, 0, 0,
                     ours([&](uint32_t& f) { return convert<To, From>(a, rounding, f); }),
                     on_host<To>(rounding, [&] { return static_cast<typename To::Host>(x); }));
  }
}

// long double (x87) holds every integer and every operand exactly; nearbyint rounds in the host's mode.
template <class Integer, class F>
void check_to_integer(Mismatches& mismatches, typename F::Bits a) {
  using Limits = std::numeric_limits<Integer>;
  volatile long double x = std::bit_cast<typename F::Host>(a);
  for (const Rounding rounding : host_roundings) {
    std::fesetround(host_mode(rounding));
    volatile long double rounded = std::nearbyint(x);
    std::fesetround(FE_TONEAREST);
    Outcome expected{};
    if (std::isnan(x))
      expected = {static_cast<uint64_t>(Limits::max()), invalid};
    else if (rounded > static_cast<long double>(Limits::max()))
      expected = {static_cast<uint64_t>(Limits::max()), invalid};
    else if (rounded < static_cast<long double>(Limits::min()))
      expected = {static_cast<uint64_t>(Limits::min()), invalid};
    else
      expected = {static_cast<uint64_t>(static_cast<Integer>(rounded)), rounded == x ? 0 : inexact};
    mismatches.check("fcvt.i.f", rounding, a, 0, sizeof(Integer), ours([&](uint32_t& f) {
                       return static_cast<uint64_t>(to_integer<F, Integer>(a, rounding, f));
                     }),
                     expected);
  }
}

template <class Integer, class F>
void check_from_integer(Mismatches& mismatches, Integer value) {
  volatile long double x = static_cast<long double>(value);
  for (const Rounding rounding : host_roundings) {
    mismatches.check("fcvt.f.i", rounding, static_cast<uint64_t>(value), 0, sizeof(Integer),
                     ours([&](uint32_t& f) { return from_integer<F, Integer>(value, rounding, f); }),
                     on_host<F>(rounding, [&] { return static_cast<typename F::Host>(x); }));
  }
}

template <class F>
void check_every_to_integer(Mismatches& mismatches, typename F::Bits a) {
  check_to_integer<int32_t, F>(mismatches, a);
  check_to_integer<uint32_t, F>(mismatches, a);
  check_to_integer<int64_t, F>(mismatches, a);
  check_to_integer<uint64_t, F>(mismatches, a);
}

template <class F>
void check_every_from_integer(Mismatches& mismatches, uint64_t value) {
  check_from_integer<int32_t, F>(mismatches, static_cast<int32_t>(value));
  check_from_integer<uint32_t, F>(mismatches, static_cast<uint32_t>(value));
  check_from_integer<int64_t, F>(mismatches, static_cast<int64_t>(value));
  check_from_integer<uint64_t, F>(mismatches, value);
}

// A third operand that cancels most of the product, where a second rounding would show.
template <class F>
typename F::Bits nearly_cancelling(Random& random, typename F::Bits a, typename F::Bits b) {
  uint32_t ignored = 0;
  const auto product = Reference<F>::multiply(a, b, Rounding::rne, ignored);
  return static_cast<typename F::Bits>(negate<F>(product) + static_cast<typename F::Bits>(random.below(5)) -
                                       2);
}

}  // namespace

TEMPLATE_TEST_CASE("arithmetic on the corner grid differs from the host's FPU", "[fp]", Single, Double) {
  Mismatches mismatches;
  const auto corners = corner_values<TestType>();
  for (const auto a : corners) {
    check_unary<TestType>(mismatches, a);
    for (const auto b : corners) {
      check_binary<TestType>(mismatches, a, b);
      check_comparisons<TestType>(mismatches, a, b);
      check_fused_variants<TestType>(mismatches, a, b, corners[(a + 7 * b) % corners.size()]);
    }
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
  REQUIRE(mismatches.checked() > 80'000);
}

TEMPLATE_TEST_CASE("fused multiply-add on all triples of corners differs from the host's FPU", "[fp]", Single,
                   Double) {
  Mismatches mismatches;
  const auto corners = corner_values<TestType>();
  for (const auto a : corners) {
    for (const auto b : corners) {
      for (const auto c : corners) check_fused<TestType>(mismatches, a, b, c);
    }
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
  REQUIRE(mismatches.checked() > 1'000'000);
}

TEMPLATE_TEST_CASE("arithmetic on random operands differs from the host's FPU", "[fp]", Single, Double) {
  Mismatches mismatches;
  Random random(TestType::width);
  for (int i = 0; i < 60'000; ++i) {
    const auto a = random_value<TestType>(random);
    const auto b = random_value<TestType>(random);
    check_unary<TestType>(mismatches, a);
    check_binary<TestType>(mismatches, a, b);
    check_comparisons<TestType>(mismatches, a, b);
    check_fused<TestType>(mismatches, a, b, random_value<TestType>(random));
    check_fused<TestType>(mismatches, a, b, nearly_cancelling<TestType>(random, a, b));
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
  REQUIRE(mismatches.checked() > 1'500'000);
}

TEST_CASE("a conversion between single and double differs from the host's FPU", "[fp]") {
  Mismatches mismatches;
  Random random(3);
  for (const auto a : corner_values<Single>()) check_conversion<Double, Single>(mismatches, a);
  for (const auto a : corner_values<Double>()) check_conversion<Single, Double>(mismatches, a);
  for (int i = 0; i < 50'000; ++i) {
    check_conversion<Double, Single>(mismatches, random_value<Single>(random));
    const uint64_t wide = random_value<Double>(random);
    check_conversion<Single, Double>(mismatches, wide);
    // Around the edges of single: its subnormals, its overflow.
    const uint64_t biased = Double::bias + (i & 1 ? Single::bias - 1 : -Single::bias - 25) + random.below(28);
    check_conversion<Single, Double>(mismatches,
                                     (wide & (Double::fraction_mask | Double::sign_mask)) | biased << 52);
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

TEMPLATE_TEST_CASE("a conversion to or from integers differs from the host's long double", "[fp]", Single,
                   Double) {
  Mismatches mismatches;
  Random random(4);
  for (const auto a : corner_values<TestType>()) check_every_to_integer<TestType>(mismatches, a);
  for (int exponent = -2; exponent < 66; ++exponent) {
    for (int offset = -2; offset <= 2; ++offset) {
      const auto power = static_cast<typename TestType::Bits>(exponent + TestType::bias)
                         << TestType::fraction_bits;
      const auto a = static_cast<typename TestType::Bits>(power + offset);
      check_every_to_integer<TestType>(mismatches, a);
      check_every_to_integer<TestType>(mismatches, negate<TestType>(a));
      check_every_from_integer<TestType>(
          mismatches, (exponent < 64 && exponent >= 0 ? uint64_t{1} << exponent : 0) + offset);
    }
  }
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t biased = TestType::bias - 2 + random.below(68);
    const auto a = random_value<TestType>(random);
    const auto sign_and_fraction =
        static_cast<typename TestType::Bits>(a & (TestType::sign_mask | TestType::fraction_mask));
    check_every_to_integer<TestType>(mismatches, static_cast<typename TestType::Bits>(
                                                     sign_and_fraction | biased << TestType::fraction_bits));
    check_every_from_integer<TestType>(mismatches, random.next() >> random.below(64));
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

}  // namespace hartbeat::fp::testing

// Every rounding mode, RMM above all (no host has it), and half precision (few hosts have it), against exact
// integers.
#include <catch2/catch.hpp>

#include "emu/isa/fp/arithmetic.hpp"
#include "tests/isa/fp/operands.hpp"
#include "tests/isa/fp/wide_oracle.hpp"

namespace hartbeat::fp::testing {

namespace {

template <class F>
bool finite(typename F::Bits a) {
  return F::magnitude(a) < F::infinity;
}

template <class F, class Operation, class Against>
void compare(Mismatches& mismatches, const char* name, Rounding rounding, uint64_t a, uint64_t b, uint64_t c,
             Operation operation, const Exact<Against>& exact) {
  uint32_t flags = 0;
  const typename F::Bits got = operation(flags);
  mismatches.check(name, rounding, a, b, c, {got, flags}, expected_rounding<F>(exact, rounding, got));
}

template <class F>
typename F::Bits exact_zero(bool same_sign, bool sign, Rounding rounding) {
  const bool negative = same_sign ? sign : rounding == Rounding::rdn;
  return negative ? F::sign_mask : 0;
}

// x + y in the scale in which candidates are shifted left by `shift`.
template <class F, class Operation>
void check_sum(Mismatches& mismatches, const char* name, bool x_sign, const Natural& x, bool y_sign,
               const Natural& y, size_t shift, uint64_t a, uint64_t b, uint64_t c, Operation operation) {
  const bool same_sign = x_sign == y_sign;
  const bool x_wins = x >= y;
  const Natural total = same_sign ? x + y : x_wins ? x - y : y - x;
  const bool sign = same_sign || x_wins ? x_sign : y_sign;
  for (const Rounding rounding : all_roundings) {
    const auto run = [&](uint32_t& flags) { return operation(rounding, flags); };
    if (total == Natural()) {
      uint32_t flags = 0;
      const Outcome got{run(flags), flags};
      mismatches.check(name, rounding, a, b, c, got, {exact_zero<F>(same_sign, x_sign, rounding), 0});
      continue;
    }
    const Exact exact{sign, [&](const Natural& candidate) { return total <=> (candidate << shift); }};
    compare<F>(mismatches, name, rounding, a, b, c, run, exact);
  }
}

template <class F>
void check_finite(Mismatches& mismatches, typename F::Bits a, typename F::Bits b, typename F::Bits c) {
  constexpr size_t unit = unit_shift<F>;
  const Natural x = magnitude_of<F>(a);
  const Natural y = magnitude_of<F>(b);
  const bool product_sign = F::negative(a) != F::negative(b);
  const Natural product = x * y;

  check_sum<F>(mismatches, "add", F::negative(a), x, F::negative(b), y, 0, a, b, 0,
               [&](Rounding rounding, uint32_t& flags) { return add<F>(a, b, rounding, flags); });
  check_sum<F>(mismatches, "fma", product_sign, product, F::negative(c), magnitude_of<F>(c) << unit, unit, a,
               b, c,
               [&](Rounding rounding, uint32_t& flags) { return multiply_add<F>(a, b, c, rounding, flags); });
  if (F::is_zero(a) || F::is_zero(b)) return;
  const Natural shifted = x << unit;
  for (const Rounding rounding : all_roundings) {
    compare<F>(
        mismatches, "mul", rounding, a, b, 0,
        [&](uint32_t& flags) { return multiply<F>(a, b, rounding, flags); },
        Exact{product_sign, [&](const Natural& candidate) { return product <=> (candidate << unit); }});
    compare<F>(
        mismatches, "div", rounding, a, b, 0,
        [&](uint32_t& flags) { return divide<F>(a, b, rounding, flags); },
        Exact{product_sign, [&](const Natural& candidate) { return shifted <=> candidate * y; }});
    compare<F>(
        mismatches, "sqrt", rounding, a, 0, 0,
        [&](uint32_t& flags) { return square_root<F>(F::magnitude(a), rounding, flags); },
        Exact{false, [&](const Natural& candidate) { return shifted <=> candidate * candidate; }});
  }
}

template <class To, class From>
void check_narrowing(Mismatches& mismatches, typename From::Bits a) {
  constexpr size_t scale = unit_shift<From> - unit_shift<To>;
  if (!finite<From>(a) || From::is_zero(a)) return;
  const Natural x = magnitude_of<From>(a);
  for (const Rounding rounding : all_roundings) {
    compare<To>(
        mismatches, "narrow", rounding, a, 0, 0,
        [&](uint32_t& flags) { return convert<To, From>(a, rounding, flags); },
        Exact{From::negative(a), [&](const Natural& candidate) { return x <=> (candidate << scale); }});
  }
}

template <class F>
void check_from_integer(Mismatches& mismatches, uint64_t value) {
  if (value == 0) return;
  const Natural x(value, unit_shift<F>);
  for (const Rounding rounding : all_roundings) {
    compare<F>(
        mismatches, "from u64", rounding, value, 0, 0,
        [&](uint32_t& flags) { return from_integer<F, uint64_t>(value, rounding, flags); },
        Exact{false, [&](const Natural& candidate) { return x <=> candidate; }});
  }
}

// Rounds to an integer by comparing with integers and halves.
template <class F>
void check_to_integer(Mismatches& mismatches, typename F::Bits a) {
  if (!finite<F>(a)) return;
  const Natural x = magnitude_of<F>(a);
  constexpr size_t unit = unit_shift<F>;
  for (const Rounding rounding : all_roundings) {
    uint32_t flags = 0;
    const int64_t got = to_integer<F, int64_t>(a, rounding, flags);
    if (flags == invalid) continue;  // saturation is fp_host_test's business
    const uint64_t magnitude =
        got < 0 ? uint64_t{0} - static_cast<uint64_t>(got) : static_cast<uint64_t>(got);
    const uint64_t below = x >= Natural(magnitude, unit) ? magnitude : magnitude - 1;
    const bool bracketed = x >= Natural(below, unit) && x < Natural(below + 1, unit);
    const bool exact = x == Natural(below, unit);
    const auto side = x <=> Natural(2 * below + 1, unit - 1);
    const bool away =
        (rounding == Rounding::rup && !F::negative(a)) || (rounding == Rounding::rdn && F::negative(a));
    const bool nearest = rounding == Rounding::rne || rounding == Rounding::rmm;
    const bool up =
        nearest ? side > 0 || (side == 0 && (rounding == Rounding::rmm || (below & 1) != 0)) : away;
    const uint64_t chosen = below + (!exact && up);
    const uint64_t expected = !bracketed ? ~magnitude : F::negative(a) ? uint64_t{0} - chosen : chosen;
    mismatches.check("to i64", rounding, a, 0, 0, {static_cast<uint64_t>(got), flags},
                     {expected, exact ? 0 : inexact});
  }
}

template <class F>
std::vector<typename F::Bits> finite_corners() {
  std::vector<typename F::Bits> corners;
  for (const auto a : corner_values<F>()) {
    if (finite<F>(a)) corners.push_back(a);
  }
  return corners;
}

}  // namespace

TEMPLATE_TEST_CASE("an operation rounds otherwise than exact integers say", "[fp]", Half, Single, Double) {
  Mismatches mismatches;
  Random random(21 + TestType::width);
  const auto corners = finite_corners<TestType>();
  for (size_t i = 0; i < corners.size(); ++i) {
    for (size_t j = 0; j < corners.size(); ++j) {
      check_finite<TestType>(mismatches, corners[i], corners[j], corners[(i * 5 + j * 3) % corners.size()]);
    }
  }
  for (int i = 0; i < 1'500; ++i) {
    const auto a = random_value<TestType>(random);
    const auto b = random_value<TestType>(random);
    const auto c = random_value<TestType>(random);
    if (finite<TestType>(a) && finite<TestType>(b) && finite<TestType>(c))
      check_finite<TestType>(mismatches, a, b, c);
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
  REQUIRE(mismatches.checked() > 50'000);
}

TEMPLATE_TEST_CASE("an integer conversion rounds otherwise than exact integers say", "[fp]", Half, Single,
                   Double) {
  Mismatches mismatches;
  Random random(22 + TestType::width);
  for (const auto a : corner_values<TestType>()) check_to_integer<TestType>(mismatches, a);
  for (int i = 0; i < 2'000; ++i) {
    check_to_integer<TestType>(mismatches, random_value<TestType>(random));
    // Halves of small integers: every tie.
    uint32_t ignored = 0;
    const auto one_half = static_cast<typename TestType::Bits>((TestType::bias - 1) * TestType::min_normal);
    const auto integer = from_integer<TestType, int32_t>(i - 1000, Rounding::rne, ignored);
    const auto halves = Reference<TestType>::multiply(integer, one_half, Rounding::rne, ignored);
    check_to_integer<TestType>(mismatches, halves);
    check_from_integer<TestType>(mismatches, random.next() >> random.below(64));
    check_from_integer<TestType>(mismatches, (random.next() | 1) << random.below(40));
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

TEST_CASE("narrowing rounds otherwise than exact integers say", "[fp]") {
  Mismatches mismatches;
  Random random(23);
  for (const auto a : corner_values<Double>()) {
    check_narrowing<Single, Double>(mismatches, a);
    check_narrowing<Half, Double>(mismatches, a);
  }
  for (int i = 0; i < 6'000; ++i) {
    const uint64_t a = random_value<Double>(random);
    const uint64_t biased = Double::bias + (i & 1 ? Single::bias - 1 : -Single::bias - 25) + random.below(28);
    check_narrowing<Single, Double>(mismatches,
                                    (a & (Double::fraction_mask | Double::sign_mask)) | biased << 52);
    const uint32_t b = random_value<Single>(random);
    const uint32_t half_biased = Single::bias - 27 + static_cast<uint32_t>(random.below(45));
    check_narrowing<Half, Single>(mismatches,
                                  (b & (Single::fraction_mask | Single::sign_mask)) | half_biased << 23);
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

TEST_CASE("half precision treats infinities and NaNs otherwise than single", "[fp]") {
  Mismatches mismatches;
  const auto corners = corner_values<Half>();
  const auto widen = [](uint16_t a) {
    // By hand, so that a signalling NaN stays one.
    if (finite<Half>(a)) {
      uint32_t ignored = 0;
      return convert<Single, Half>(a, Rounding::rne, ignored);
    }
    return Single::infinity | static_cast<uint32_t>(a & Half::fraction_mask) << 13 |
           (Half::negative(a) ? Single::sign_mask : 0);
  };
  for (const auto a : corners) {
    for (const auto b : corners) {
      for (const auto c : corners) {
        if (finite<Half>(a) && finite<Half>(b) && finite<Half>(c)) continue;
        uint32_t got = 0;
        uint32_t expected = 0;
        const uint16_t half = multiply_add<Half>(a, b, c, Rounding::rdn, got);
        const uint32_t single = multiply_add<Single>(widen(a), widen(b), widen(c), Rounding::rdn, expected);
        mismatches.check("fma", Rounding::rdn, a, b, c, {widen(half), got}, {single, expected});
      }
      if (finite<Half>(a) && finite<Half>(b)) continue;
      uint32_t got = 0;
      uint32_t expected = 0;
      const uint16_t half = divide<Half>(a, b, Rounding::rup, got);
      const uint32_t single = divide<Single>(widen(a), widen(b), Rounding::rup, expected);
      mismatches.check("div", Rounding::rup, a, b, 0, {widen(half), got}, {single, expected});
    }
  }
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

}  // namespace hartbeat::fp::testing

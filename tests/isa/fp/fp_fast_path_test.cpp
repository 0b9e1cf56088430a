// The fast path on the host's floating point against the integer reference, with and without NX already
// raised.
#include <catch2/catch.hpp>

#include "emu/isa/fp/arithmetic.hpp"
#include "tests/isa/fp/mismatch.hpp"
#include "tests/isa/fp/operands.hpp"

namespace hartbeat::fp::testing {

namespace {

template <class Operation>
Outcome run(uint32_t flags_before, Operation operation) {
  uint32_t flags = flags_before;
  const uint64_t value = operation(flags);
  return {value, flags};
}

template <class F>
void check(Mismatches& mismatches, typename F::Bits a, typename F::Bits b, typename F::Bits c) {
  constexpr Rounding rne = Rounding::rne;
  for (const uint32_t before : {uint32_t{0}, inexact}) {
    const auto compare = [&](const char* name, auto fast, auto slow) {
      mismatches.check(name, rne, a, b, c, run(before, fast), run(before, slow));
    };
    compare(
        "add", [&](uint32_t& f) { return add<F>(a, b, rne, f); },
        [&](uint32_t& f) { return Reference<F>::add(a, b, rne, f); });
    compare(
        "mul", [&](uint32_t& f) { return multiply<F>(a, b, rne, f); },
        [&](uint32_t& f) { return Reference<F>::multiply(a, b, rne, f); });
    compare(
        "div", [&](uint32_t& f) { return divide<F>(a, b, rne, f); },
        [&](uint32_t& f) { return Reference<F>::divide(a, b, rne, f); });
    compare(
        "sqrt", [&](uint32_t& f) { return square_root<F>(a, rne, f); },
        [&](uint32_t& f) { return Reference<F>::square_root(a, rne, f); });
    compare(
        "fma", [&](uint32_t& f) { return multiply_add<F>(a, b, c, rne, f); },
        [&](uint32_t& f) { return Reference<F>::fused_multiply_add(a, b, c, rne, f); });
  }
}

template <class F>
void check_conversions(Mismatches& mismatches, typename F::Bits a, uint64_t integer) {
  using Other = std::conditional_t<std::is_same_v<F, Single>, Double, Single>;
  for (const Rounding rounding : all_roundings) {
    const auto compare = [&](const char* name, auto fast, auto slow) {
      mismatches.check(name, rounding, a, integer, 0, run(0, fast), run(0, slow));
    };
    compare(
        "convert", [&](uint32_t& f) { return convert<Other, F>(a, rounding, f); },
        [&](uint32_t& f) { return FormatConversion<Other, F>::convert(a, rounding, f); });
    const auto integers = [&]<class Integer>(Integer value) {
      using Conversion = IntegerConversion<F, Integer>;
      compare(
          "to integer",
          [&](uint32_t& f) { return static_cast<uint64_t>(to_integer<F, Integer>(a, rounding, f)); },
          [&](uint32_t& f) { return static_cast<uint64_t>(Conversion::to_integer(a, rounding, f)); });
      compare(
          "from integer", [&](uint32_t& f) { return from_integer<F, Integer>(value, rounding, f); },
          [&](uint32_t& f) { return Conversion::from_integer(value, rounding, f); });
    };
    integers(static_cast<int32_t>(integer));
    integers(static_cast<uint32_t>(integer));
    integers(static_cast<int64_t>(integer));
    integers(integer);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("the fast path gives other bits or flags than the reference", "[fp]", Single, Double) {
  Mismatches mismatches;
  Random random(11 + TestType::width);
  const auto corners = corner_values<TestType>();
  for (const auto a : corners) {
    for (const auto b : corners) {
      for (const auto c : corners) check<TestType>(mismatches, a, b, c);
    }
  }
  for (int i = 0; i < 150'000; ++i) {
    const auto a = random_value<TestType>(random);
    const auto b = random_value<TestType>(random);
    check<TestType>(mismatches, a, b, random_value<TestType>(random));
    check_conversions<TestType>(mismatches, a, random.next() >> random.below(64));
  }
  // Quotients and roots that are exact, or nearly so.
  for (int i = 0; i < 50'000; ++i) {
    uint32_t ignored = 0;
    const auto mask = static_cast<typename TestType::Bits>(~typename TestType::Bits{0}
                                                           << random.below(TestType::precision));
    const auto a = static_cast<typename TestType::Bits>(random_value<TestType>(random) & mask);
    const auto b = static_cast<typename TestType::Bits>(random_value<TestType>(random) & mask);
    const auto product = Reference<TestType>::multiply(a, b, Rounding::rne, ignored);
    const auto square = Reference<TestType>::multiply(a, a, Rounding::rne, ignored);
    const auto nudge = static_cast<typename TestType::Bits>(random.below(3) - 1);
    check<TestType>(mismatches, product, b, a);
    check<TestType>(mismatches, static_cast<typename TestType::Bits>(square + nudge), a,
                    negate<TestType>(product));
  }
  for (const auto a : corners) check_conversions<TestType>(mismatches, a, a);
  INFO(mismatches.first());
  REQUIRE(mismatches.count() == 0);
}

}  // namespace hartbeat::fp::testing

// What the RISC-V manual fixes beyond IEEE 754.
#include <catch2/catch.hpp>

#include "emu/isa/fp/arithmetic.hpp"

namespace hartbeat::fp {

namespace {
constexpr uint32_t zero = 0, negative_zero = 0x8000'0000, one = 0x3f80'0000, infinity = 0x7f80'0000;
constexpr uint32_t quiet = 0x7fc0'0001, signalling = 0x7f80'0001, canonical = 0x7fc0'0000;
}  // namespace

TEST_CASE("infinity times zero plus a quiet NaN does not raise NV", "[fp]") {
  for (const auto& [a, b] : {std::pair{infinity, zero}, std::pair{negative_zero, infinity}}) {
    uint32_t flags = 0;
    REQUIRE(multiply_add<Single>(a, b, quiet, Rounding::rne, flags) == canonical);
    REQUIRE(flags == invalid);
  }
}

TEST_CASE("fmin or fmax orders zeros or treats NaNs wrongly", "[fp]") {
  uint32_t flags = 0;
  REQUIRE(minimum_number<Single>(zero, negative_zero, flags) == negative_zero);
  REQUIRE(minimum_number<Single>(negative_zero, zero, flags) == negative_zero);
  REQUIRE(maximum_number<Single>(zero, negative_zero, flags) == zero);
  REQUIRE(maximum_number<Single>(negative_zero, zero, flags) == zero);
  REQUIRE(minimum_number<Single>(quiet, one, flags) == one);
  REQUIRE(maximum_number<Single>(one, quiet, flags) == one);
  REQUIRE(minimum_number<Single>(quiet, quiet, flags) == canonical);
  REQUIRE(minimum_number<Single>(one, negate<Single>(one), flags) == negate<Single>(one));
  REQUIRE(maximum_number<Single>(negate<Single>(one), one, flags) == one);
  REQUIRE(minimum_number<Single>(0xc000'0000, negate<Single>(one), flags) == 0xc000'0000);
  REQUIRE(maximum_number<Single>(0xc000'0000, negate<Single>(one), flags) == negate<Single>(one));
  REQUIRE(flags == 0);
  REQUIRE(minimum_number<Single>(signalling, one, flags) == one);
  REQUIRE(flags == invalid);
  flags = 0;
  REQUIRE(maximum_number<Single>(signalling, quiet, flags) == canonical);
  REQUIRE(flags == invalid);
}

TEST_CASE("fclass names the wrong class", "[fp]") {
  REQUIRE(classify<Single>(0xff80'0000) == 1u << 0);
  REQUIRE(classify<Single>(0xbf80'0000) == 1u << 1);
  REQUIRE(classify<Single>(0x8000'0001) == 1u << 2);
  REQUIRE(classify<Single>(0x8000'0000) == 1u << 3);
  REQUIRE(classify<Single>(0x0000'0000) == 1u << 4);
  REQUIRE(classify<Single>(0x007f'ffff) == 1u << 5);
  REQUIRE(classify<Single>(0x0080'0000) == 1u << 6);
  REQUIRE(classify<Single>(0x7f80'0000) == 1u << 7);
  REQUIRE(classify<Single>(signalling) == 1u << 8);
  REQUIRE(classify<Single>(quiet) == 1u << 9);
  REQUIRE(classify<Double>(0xfff0'0000'0000'0000) == 1u << 0);
  REQUIRE(classify<Double>(0x0000'0000'0000'0001) == 1u << 5);
  REQUIRE(classify<Double>(0x7ff8'0000'0000'0000) == 1u << 9);
  REQUIRE(classify<Double>(0xfff4'0000'0000'0000) == 1u << 8);
}

TEST_CASE("sign injection touches more than the sign", "[fp]") {
  REQUIRE(inject_sign<Single>(signalling, negative_zero) == (signalling | 0x8000'0000));
  REQUIRE(inject_negated_sign<Single>(one, negative_zero) == one);
  REQUIRE(inject_negated_sign<Single>(one, zero) == 0xbf80'0000);
  REQUIRE(inject_xored_sign<Single>(0xbf80'0000, negative_zero) == one);
  REQUIRE(inject_xored_sign<Double>(0x3ff0'0000'0000'0001, 0x8000'0000'0000'0000) == 0xbff0'0000'0000'0001);
}

TEST_CASE("a single that is not NaN-boxed is not read as the canonical NaN", "[fp]") {
  REQUIRE(box<Single>(one) == 0xffff'ffff'3f80'0000);
  REQUIRE(unbox<Single>(0xffff'ffff'3f80'0000) == one);
  REQUIRE(unbox<Single>(0xffff'fffe'3f80'0000) == canonical);
  REQUIRE(unbox<Single>(0x0000'0000'3f80'0000) == canonical);
  REQUIRE(box<Double>(0x3ff0'0000'0000'0000) == 0x3ff0'0000'0000'0000);
  REQUIRE(unbox<Double>(1) == 1);
  REQUIRE(box<Half>(0x3c00) == 0xffff'ffff'ffff'3c00);
  REQUIRE(unbox<Half>(0xffff'ffff'fffe'3c00) == 0x7e00);
}

TEST_CASE("an operation lowers a flag that was raised before", "[fp]") {
  uint32_t flags = divide_by_zero;
  add<Double>(0x3ff0'0000'0000'0000, 0x3ff0'0000'0000'0000, Rounding::rne, flags);
  REQUIRE(flags == divide_by_zero);
  divide<Double>(0x3ff0'0000'0000'0000, 0x4008'0000'0000'0000, Rounding::rne, flags);
  REQUIRE(flags == (divide_by_zero | inexact));
  square_root<Double>(0xbff0'0000'0000'0000, Rounding::rup, flags);
  REQUIRE(flags == (divide_by_zero | inexact | invalid));
}

TEST_CASE("an integer conversion out of range does not saturate", "[fp]") {
  uint32_t flags = 0;
  REQUIRE(to_integer<Single, uint64_t>(0xbf80'0000, Rounding::rne, flags) == 0);
  REQUIRE(flags == invalid);
  flags = 0;
  REQUIRE(to_integer<Single, uint32_t>(0xbf00'0000, Rounding::rne, flags) == 0);  // -0.5 rounds to -0
  REQUIRE(flags == inexact);
  flags = 0;
  REQUIRE(to_integer<Single, int32_t>(quiet, Rounding::rne, flags) == 0x7fff'ffff);
  REQUIRE(to_integer<Single, uint64_t>(0xffc0'0000, Rounding::rne, flags) == ~uint64_t{0});
  REQUIRE(to_integer<Single, int64_t>(0xff80'0000, Rounding::rne, flags) == INT64_MIN);
  REQUIRE(flags == invalid);
}

TEST_CASE("round to nearest with ties away from zero takes a tie to even", "[fp]") {
  uint32_t flags = 0;
  REQUIRE(to_integer<Double, int64_t>(0x4004'0000'0000'0000, Rounding::rmm, flags) == 3);   // 2.5
  REQUIRE(to_integer<Double, int64_t>(0xc004'0000'0000'0000, Rounding::rmm, flags) == -3);  // -2.5
  REQUIRE(to_integer<Double, int64_t>(0x3fdf'ffff'ffff'ffff, Rounding::rmm, flags) == 0);   // below 0.5
  REQUIRE(flags == inexact);
}

}  // namespace hartbeat::fp

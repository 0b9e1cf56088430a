// The integer instructions' results once more, worked out bit by bit or digit by digit instead of with the
// host's instructions: the tests' second opinion.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace hartbeat::isa::textbook {

using U = std::uint64_t;
using Function = U (*)(U a, U b);

inline bool bit(U v, int i) { return i >= 0 && i < 64 && ((v >> i) & 1) != 0; }

template <class F>
U from_bits(F f) {
  U v = 0;
  for (int i = 63; i >= 0; --i) v = v * 2 + (f(i) ? 1 : 0);
  return v;
}

inline U word(U v) {
  return from_bits([v](int i) { return bit(v, i < 31 ? i : 31); });
}  // sign-extended
inline U uword(U v) {
  return from_bits([v](int i) { return i < 32 && bit(v, i); });
}
inline bool negative(U v) { return bit(v, 63); }

inline bool less_unsigned(U a, U b) {
  for (int i = 63; i >= 0; --i)
    if (bit(a, i) != bit(b, i)) return bit(b, i);
  return false;
}
inline bool less_signed(U a, U b) { return negative(a) != negative(b) ? negative(a) : less_unsigned(a, b); }

inline U add(U a, U b) {
  bool carry = false;
  U sum = 0;
  for (int i = 0; i < 64; ++i) {
    const int ones = bit(a, i) + bit(b, i) + carry;
    if (ones % 2 != 0) sum |= U{1} << i;
    carry = ones > 1;
  }
  return sum;
}
inline U negate(U a) { return add(~a, 1); }
inline U subtract(U a, U b) { return add(a, negate(b)); }

inline U left(U a, int n) {
  return from_bits([=](int i) { return bit(a, i - n); });
}
inline U right(U a, int n) {
  return from_bits([=](int i) { return bit(a, i + n); });
}
inline U right_signed(U a, int n) {
  return from_bits([=](int i) { return bit(a, i + n < 63 ? i + n : 63); });
}
inline U rotate_left(U a, int n, int width) {
  return from_bits([=](int i) { return i < width && bit(a, (i - n + width) % width); });
}
inline int amount(U b, int width) { return static_cast<int>(b % static_cast<U>(width)); }

// The 128-bit product, schoolbook with four half-digits; high part.
inline U product_high(U a, U b) {
  const U a0 = a % (U{1} << 32), a1 = a >> 32, b0 = b % (U{1} << 32), b1 = b >> 32;
  const U middle = a1 * b0 + (a0 * b0 >> 32);
  const U middle2 = a0 * b1 + middle % (U{1} << 32);
  return a1 * b1 + (middle >> 32) + (middle2 >> 32);
}
inline U product_low(U a, U b) {
  U sum = 0;
  for (int i = 0; i < 64; ++i)
    if (bit(b, i)) sum = add(sum, left(a, i));
  return sum;
}
inline U product_high_signed(U a, U b) {
  U high = product_high(a, b);
  if (negative(a)) high = subtract(high, b);
  if (negative(b)) high = subtract(high, a);
  return high;
}
inline U product_high_mixed(U a, U b) {
  return negative(a) ? subtract(product_high(a, b), b) : product_high(a, b);
}

struct Division {
  U quotient, remainder;
};
inline Division divide_unsigned(U a, U b) {
  if (b == 0) return {~U{0}, a};
  Division d{0, 0};
  for (int i = 63; i >= 0; --i) {
    const bool overflow = negative(d.remainder);
    d.remainder = left(d.remainder, 1) | (bit(a, i) ? 1 : 0);
    if (!overflow && less_unsigned(d.remainder, b)) continue;
    d.remainder = subtract(d.remainder, b);
    d.quotient |= U{1} << i;
  }
  return d;
}
// Rounds towards zero; the remainder has the dividend's sign.
inline Division divide_signed(U a, U b) {
  if (b == 0) return {~U{0}, a};
  Division d = divide_unsigned(negative(a) ? negate(a) : a, negative(b) ? negate(b) : b);
  if (negative(a) != negative(b)) d.quotient = negate(d.quotient);
  if (negative(a)) d.remainder = negate(d.remainder);
  return d;
}

inline int leading_zeros(U v, int width) {
  int n = 0;
  while (n < width && !bit(v, width - 1 - n)) ++n;
  return n;
}
inline int trailing_zeros(U v, int width) {
  int n = 0;
  while (n < width && !bit(v, n)) ++n;
  return n;
}
inline int ones(U v, int width) {
  int n = 0;
  for (int i = 0; i < width; ++i) n += bit(v, i);
  return n;
}
inline U carryless(U a, U b, int shift) {
  return from_bits([=](int i) {
    bool odd = false;
    for (int j = 0; j < 64; ++j) odd ^= bit(a, j) && bit(b, i + shift - j);
    return odd;
  });
}
inline U sign_from(U v, int top) {
  return from_bits([=](int i) { return bit(v, i < top ? i : top); });
}
inline U element(U v, U index, int width) {
  return index * static_cast<U>(width) >= 64 ? 0
                                             : right(v, static_cast<int>(index) * width) % (U{1} << width);
}
inline U permute(U table, U indices, int width) {
  U result = 0;
  for (int i = 0; i < 64 / width; ++i)
    result |= left(element(table, element(indices, static_cast<U>(i), width), width), i * width);
  return result;
}

// FIPS 180-4, sections 4.1.2 and 4.1.3: two rotations to the right and a third, or a shift instead of it.
inline U sigma(U v, int width, int a, int b, int c, bool shifts) {
  const U mixed = from_bits([=](int i) {
    const auto rotated = [=](int n) { return i < width && bit(v, (i + n) % width); };
    return rotated(a) != rotated(b) != (shifts ? i + c < width && bit(v, i + c) : rotated(c));
  });
  return width == 32 ? word(mixed) : mixed;
}

// By name: of rs1 and rs2, or of rs1 and the immediate.
inline const std::map<std::string_view, Function>& functions() {
  static const std::map<std::string_view, Function> table = {
      {"add", add},
      {"sub", subtract},
      {"sll", [](U a, U b) { return left(a, amount(b, 64)); }},
      {"slt", [](U a, U b) { return U{less_signed(a, b)}; }},
      {"sltu", [](U a, U b) { return U{less_unsigned(a, b)}; }},
      {"xor", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) != bit(b, i); }); }},
      {"srl", [](U a, U b) { return right(a, amount(b, 64)); }},
      {"sra", [](U a, U b) { return right_signed(a, amount(b, 64)); }},
      {"or", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) || bit(b, i); }); }},
      {"and", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) && bit(b, i); }); }},
      {"addw", [](U a, U b) { return word(add(a, b)); }},
      {"subw", [](U a, U b) { return word(subtract(a, b)); }},
      {"sllw", [](U a, U b) { return word(left(a, amount(b, 32))); }},
      {"srlw", [](U a, U b) { return word(right(uword(a), amount(b, 32))); }},
      {"sraw", [](U a, U b) { return right_signed(word(a), amount(b, 32)); }},
      {"mul", product_low},
      {"mulh", product_high_signed},
      {"mulhsu", product_high_mixed},
      {"mulhu", product_high},
      {"mulw", [](U a, U b) { return word(product_low(a, b)); }},
      {"div", [](U a, U b) { return divide_signed(a, b).quotient; }},
      {"divu", [](U a, U b) { return divide_unsigned(a, b).quotient; }},
      {"rem", [](U a, U b) { return divide_signed(a, b).remainder; }},
      {"remu", [](U a, U b) { return divide_unsigned(a, b).remainder; }},
      {"divw", [](U a, U b) { return word(divide_signed(word(a), word(b)).quotient); }},
      {"divuw", [](U a, U b) { return word(divide_unsigned(uword(a), uword(b)).quotient); }},
      {"remw", [](U a, U b) { return word(divide_signed(word(a), word(b)).remainder); }},
      {"remuw", [](U a, U b) { return word(divide_unsigned(uword(a), uword(b)).remainder); }},
      {"add.uw", [](U a, U b) { return add(uword(a), b); }},
      {"sh1add", [](U a, U b) { return add(left(a, 1), b); }},
      {"sh2add", [](U a, U b) { return add(left(a, 2), b); }},
      {"sh3add", [](U a, U b) { return add(left(a, 3), b); }},
      {"sh1add.uw", [](U a, U b) { return add(left(uword(a), 1), b); }},
      {"sh2add.uw", [](U a, U b) { return add(left(uword(a), 2), b); }},
      {"sh3add.uw", [](U a, U b) { return add(left(uword(a), 3), b); }},
      {"sll.uw", [](U a, U b) { return left(uword(a), amount(b, 64)); }},
      {"andn", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) && !bit(b, i); }); }},
      {"orn", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) || !bit(b, i); }); }},
      {"xnor", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) == bit(b, i); }); }},
      {"clz", [](U a, U) { return static_cast<U>(leading_zeros(a, 64)); }},
      {"ctz", [](U a, U) { return static_cast<U>(trailing_zeros(a, 64)); }},
      {"cpop", [](U a, U) { return static_cast<U>(ones(a, 64)); }},
      {"clzw", [](U a, U) { return static_cast<U>(leading_zeros(a, 32)); }},
      {"ctzw", [](U a, U) { return static_cast<U>(trailing_zeros(a, 32)); }},
      {"cpopw", [](U a, U) { return static_cast<U>(ones(a, 32)); }},
      {"max", [](U a, U b) { return less_signed(a, b) ? b : a; }},
      {"maxu", [](U a, U b) { return less_unsigned(a, b) ? b : a; }},
      {"min", [](U a, U b) { return less_signed(a, b) ? a : b; }},
      {"minu", [](U a, U b) { return less_unsigned(a, b) ? a : b; }},
      {"sext.b", [](U a, U) { return sign_from(a, 7); }},
      {"sext.h", [](U a, U) { return sign_from(a, 15); }},
      {"zext.h", [](U a, U) { return a % 65536; }},
      {"rol", [](U a, U b) { return rotate_left(a, amount(b, 64), 64); }},
      {"ror", [](U a, U b) { return rotate_left(a, (64 - amount(b, 64)) % 64, 64); }},
      {"rolw", [](U a, U b) { return word(rotate_left(a, amount(b, 32), 32)); }},
      {"rorw", [](U a, U b) { return word(rotate_left(a, (32 - amount(b, 32)) % 32, 32)); }},
      {"orc.b",
       [](U a, U) { return from_bits([=](int i) { return element(a, static_cast<U>(i) / 8, 8) != 0; }); }},
      {"rev8", [](U a, U) { return from_bits([=](int i) { return bit(a, 8 * (7 - i / 8) + i % 8); }); }},
      {"brev8", [](U a, U) { return from_bits([=](int i) { return bit(a, 8 * (i / 8) + 7 - i % 8); }); }},
      {"clmul", [](U a, U b) { return carryless(a, b, 0); }},
      {"clmulr", [](U a, U b) { return carryless(a, b, 63); }},
      {"clmulh", [](U a, U b) { return carryless(a, b, 64); }},
      {"bclr", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) && i != amount(b, 64); }); }},
      {"binv", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) != (i == amount(b, 64)); }); }},
      {"bset", [](U a, U b) { return from_bits([=](int i) { return bit(a, i) || i == amount(b, 64); }); }},
      {"bext", [](U a, U b) { return U{bit(a, amount(b, 64))}; }},
      {"pack",
       [](U a, U b) { return from_bits([=](int i) { return i < 32 ? bit(a, i) : bit(b, i - 32); }); }},
      {"packh", [](U a, U b) { return a % 256 + b % 256 * 256; }},
      {"packw", [](U a, U b) { return word(a % 65536 + b % 65536 * 65536); }},
      {"xperm4", [](U a, U b) { return permute(a, b, 4); }},
      {"xperm8", [](U a, U b) { return permute(a, b, 8); }},
      {"sha256sig0", [](U a, U) { return sigma(a, 32, 7, 18, 3, true); }},
      {"sha256sig1", [](U a, U) { return sigma(a, 32, 17, 19, 10, true); }},
      {"sha256sum0", [](U a, U) { return sigma(a, 32, 2, 13, 22, false); }},
      {"sha256sum1", [](U a, U) { return sigma(a, 32, 6, 11, 25, false); }},
      {"sha512sig0", [](U a, U) { return sigma(a, 64, 1, 8, 7, true); }},
      {"sha512sig1", [](U a, U) { return sigma(a, 64, 19, 61, 6, true); }},
      {"sha512sum0", [](U a, U) { return sigma(a, 64, 28, 34, 39, false); }},
      {"sha512sum1", [](U a, U) { return sigma(a, 64, 14, 18, 41, false); }},
      {"czero.eqz", [](U a, U b) { return b == 0 ? U{0} : a; }},
      {"czero.nez", [](U a, U b) { return b == 0 ? a : U{0}; }},
  };
  return table;
}

}  // namespace hartbeat::isa::textbook

// The steps of AES (FIPS 197) that Zknd and Zkne are made of (unprivileged spec, chapter 32). A register holds two
// columns of the state, the row of a byte counting up from the low end.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace hartbeat::isa::aes {

enum class Direction { encrypt, decrypt };

// Product in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1.
constexpr std::uint8_t times(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  for (unsigned factor = a; b != 0; b >>= 1) {
    if (b & 1) product ^= factor;
    factor = factor << 1 ^ (factor & 0x80 ? 0x11Bu : 0u);
  }
  return static_cast<std::uint8_t>(product);
}

using SBox = std::array<std::uint8_t, 256>;

// Section 5.1.1: the inverse in the field, then an affine map. 3 generates the field, and 0xF6 is its inverse.
constexpr SBox make_sbox() {
  SBox box{};
  std::uint8_t power = 1, inverse = 1;
  do {
    const auto rotated = [inverse](int n) { return std::rotl(inverse, n); };
    box[power] =
        static_cast<std::uint8_t>(inverse ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4) ^ 0x63);
    power = times(power, 3);
    inverse = times(inverse, 0xF6);
  } while (power != 1);
  box[0] = 0x63;
  return box;
}
constexpr SBox invert(const SBox& box) {
  SBox inverse{};
  for (unsigned i = 0; i < box.size(); ++i) inverse[box[i]] = static_cast<std::uint8_t>(i);
  return inverse;
}
inline constexpr SBox sbox = make_sbox(), inverse_sbox = invert(sbox);

constexpr std::uint8_t byte(std::uint64_t value, unsigned i) {
  return static_cast<std::uint8_t>(value >> 8 * i);
}

constexpr std::uint32_t substitute_word(std::uint32_t word) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) result |= std::uint32_t{sbox[byte(word, i)]} << 8 * i;
  return result;
}

// ShiftRows and SubBytes: the low two columns of the new state `high`:`low`.
template <Direction D>
constexpr std::uint64_t shift_and_substitute(std::uint64_t low, std::uint64_t high) {
  constexpr unsigned step = D == Direction::encrypt ? 4 : 12;
  const SBox& box = D == Direction::encrypt ? sbox : inverse_sbox;
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned from = (i + step * (i % 4)) % 16;
    result |= std::uint64_t{box[byte(from < 8 ? low : high, from % 8)]} << 8 * i;
  }
  return result;
}

// MixColumns of both columns.
template <Direction D>
constexpr std::uint64_t mix_columns(std::uint64_t columns) {
  constexpr std::array<std::uint8_t, 4> factors = D == Direction::encrypt
                                                      ? std::array<std::uint8_t, 4>{2, 3, 1, 1}
                                                      : std::array<std::uint8_t, 4>{14, 11, 13, 9};
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 8; ++i) {
    std::uint8_t sum = 0;
    for (unsigned k = 0; k < 4; ++k) sum ^= times(byte(columns, (i & 4) + (i + k) % 4), factors[k]);
    result |= std::uint64_t{sum} << 8 * i;
  }
  return result;
}

// The last number of aes64ks1i; greater ones are reserved. It neither rotates nor adds a constant (AES-256).
inline constexpr unsigned last_round = 10;

constexpr std::uint32_t key_word(std::uint64_t key, unsigned round) {
  constexpr std::array<std::uint8_t, last_round + 1> constants{1,    2,    4,    8,    0x10, 0x20,
                                                               0x40, 0x80, 0x1B, 0x36, 0};
  const auto word = static_cast<std::uint32_t>(key >> 32);
  return substitute_word(round == last_round ? word : std::rotr(word, 8)) ^ constants[round];
}

}  // namespace hartbeat::isa::aes

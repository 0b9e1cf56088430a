// Zknd and Zkne by the examples of FIPS 197.
#include <array>
#include <catch2/catch.hpp>
#include <string_view>

#include "tests/isa/test_view.hpp"

namespace hartbeat::isa {
namespace {

using U = std::uint64_t;

// Two registers, column 0 in the low half of the first.
struct State {
  U low, high;
  friend State operator^(State a, State b) { return {a.low ^ b.low, a.high ^ b.high}; }
  friend bool operator==(State, State) = default;
};

// From the order in which FIPS 197 prints the bytes.
constexpr State state(U first, U second) { return {__builtin_bswap64(first), __builtin_bswap64(second)}; }

U run(std::string_view row, U a, U b = 0, std::int64_t imm = 0) {
  TestView view;
  view.registers[1] = a;
  view.registers[2] = b;
  run_row(row, view, {.imm = imm, .rd = 3, .rs1 = 1, .rs2 = 2});
  return view.x(3);
}

State both(std::string_view row, State s) { return {run(row, s.low, s.high), run(row, s.high, s.low)}; }

constexpr State plain = state(0x0011223344556677, 0x8899AABBCCDDEEFF),
                key128 = state(0x0001020304050607, 0x08090A0B0C0D0E0F),
                second128 = state(0x1011121314151617, 0x18191A1B1C1D1E1F),
                cipher128 = state(0x69C4E0D86A7B0430, 0xD8CDB78070B4C55A),
                cipher256 = state(0x8EA2B7CA516745BF, 0xEAFC49904B496089);

template <std::size_t N>
State encrypt(State s, const std::array<State, N>& keys) {
  s = s ^ keys[0];
  for (std::size_t round = 1; round + 1 < N; ++round) s = both("aes64esm", s) ^ keys[round];
  return both("aes64es", s) ^ keys[N - 1];
}

// The equivalent inverse cipher (section 5.3.5): the keys between first and last go through InvMixColumns.
template <std::size_t N>
State decrypt(State s, const std::array<State, N>& keys) {
  s = s ^ keys[N - 1];
  for (std::size_t round = N - 2; round > 0; --round)
    s = both("aes64dsm", s) ^ State { run("aes64im", keys[round].low), run("aes64im", keys[round].high) };
  return both("aes64ds", s) ^ keys[0];
}

std::array<State, 11> keys128() {
  std::array<State, 11> keys{key128};
  for (unsigned round = 0; round < 10; ++round) {
    const State k = keys[round];
    const U low = run("aes64ks2", run("aes64ks1i", k.high, 0, round), k.low);
    keys[round + 1] = {low, run("aes64ks2", low, k.high)};
  }
  return keys;
}

std::array<State, 15> keys256() {
  std::array<State, 15> keys{key128, second128};
  for (unsigned i = 2; i < 15; ++i) {
    const State before = keys[i - 2];
    const unsigned round = i % 2 == 0 ? i / 2 - 1 : 10;  // 10: the word is only substituted
    const U low = run("aes64ks2", run("aes64ks1i", keys[i - 1].high, 0, round), before.low);
    keys[i] = {low, run("aes64ks2", low, before.high)};
  }
  return keys;
}

TEST_CASE("AES-128 by Zkne and Zknd is not that of FIPS 197, appendix C.1") {
  const auto keys = keys128();
  CHECK(keys[10] == state(0x13111D7FE3944A17, 0xF307A78B4D2B30C5));
  CHECK(encrypt(plain, keys) == cipher128);
  CHECK(decrypt(cipher128, keys) == plain);
}

TEST_CASE("AES-256 by Zkne and Zknd is not that of FIPS 197, appendix C.3") {
  const auto keys = keys256();
  CHECK(encrypt(plain, keys) == cipher256);
  CHECK(decrypt(cipher256, keys) == plain);
}

TEST_CASE("aes64ks1i with a reserved round number is executed") {
  for (std::int64_t round = 11; round < 16; ++round) {
    TestView view;
    CHECK_FALSE(run_row("aes64ks1i", view, {.imm = round, .rd = 3, .rs1 = 1}).flag);
    CHECK(view.call == "illegal");
  }
}

}  // namespace
}  // namespace hartbeat::isa

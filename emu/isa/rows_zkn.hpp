// Zknd, Zkne and Zknh: AES and SHA-2 (unprivileged spec, chapter 32).
#pragma once

#include <bit>

#include "emu/isa/aes.hpp"
#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// A sum of rotations to the right, the last one a shift where FIPS 180-4 writes SHR.
constexpr std::uint64_t sha256_word(std::uint64_t v, int a, int b, int c, bool shifts) {
  const std::uint32_t word = low(v);
  return sext32(std::rotr(word, a) ^ std::rotr(word, b) ^ (shifts ? word >> c : std::rotr(word, c)));
}
constexpr std::uint64_t sha512_word(std::uint64_t v, int a, int b, int c, bool shifts) {
  return std::rotr(v, a) ^ std::rotr(v, b) ^ (shifts ? v >> c : std::rotr(v, c));
}

// clang-format off
inline constexpr auto rows_zkn = rows(
    row("aes64es", "0011001 rs2 rs1 000 rd 0110011", Extension::zkne, Unit::aes,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, aes::shift_and_substitute<aes::Direction::encrypt>(h.x(o.rs1), h.x(o.rs2)));
        })),
    row("aes64esm", "0011011 rs2 rs1 000 rd 0110011", Extension::zkne, Unit::aes,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, aes::mix_columns<aes::Direction::encrypt>(
              aes::shift_and_substitute<aes::Direction::encrypt>(h.x(o.rs1), h.x(o.rs2))));
        })),
    row("aes64ds", "0011101 rs2 rs1 000 rd 0110011", Extension::zknd, Unit::aes,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, aes::shift_and_substitute<aes::Direction::decrypt>(h.x(o.rs1), h.x(o.rs2)));
        })),
    row("aes64dsm", "0011111 rs2 rs1 000 rd 0110011", Extension::zknd, Unit::aes,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, aes::mix_columns<aes::Direction::decrypt>(
              aes::shift_and_substitute<aes::Direction::decrypt>(h.x(o.rs1), h.x(o.rs2))));
        })),
    row("aes64im", "001100000000 rs1 001 rd 0010011", Extension::zknd, Unit::aes,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, aes::mix_columns<aes::Direction::decrypt>(h.x(o.rs1)));
        })),
    row("aes64ks1i", "00110001 rnum4 rs1 001 rd 0010011", Extension::zkn_keys, Unit::aes,
        memory([](auto& h, const Operands& o) {
          if (o.imm > aes::last_round) return h.illegal();
          h.set_x(o.rd, aes::key_word(h.x(o.rs1), static_cast<unsigned>(o.imm)) * 0x1'0000'0001u);
          return true;
        })),
    row("aes64ks2", "0111111 rs2 rs1 000 rd 0110011", Extension::zkn_keys, Unit::aes,
        compute([](auto& h, const Operands& o) {
          const std::uint64_t word = (h.x(o.rs1) >> 32) ^ low(h.x(o.rs2));
          h.set_x(o.rd, word | (word ^ h.x(o.rs2) >> 32) << 32);
        })),
    row("sha256sig0", "000100000010 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha256_word(h.x(o.rs1), 7, 18, 3, true)); })),
    row("sha256sig1", "000100000011 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha256_word(h.x(o.rs1), 17, 19, 10, true)); })),
    row("sha256sum0", "000100000000 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha256_word(h.x(o.rs1), 2, 13, 22, false)); })),
    row("sha256sum1", "000100000001 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha256_word(h.x(o.rs1), 6, 11, 25, false)); })),
    row("sha512sig0", "000100000110 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha512_word(h.x(o.rs1), 1, 8, 7, true)); })),
    row("sha512sig1", "000100000111 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha512_word(h.x(o.rs1), 19, 61, 6, true)); })),
    row("sha512sum0", "000100000100 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha512_word(h.x(o.rs1), 28, 34, 39, false)); })),
    row("sha512sum1", "000100000101 rs1 001 rd 0010011", Extension::zknh, Unit::aes,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sha512_word(h.x(o.rs1), 14, 18, 41, false)); }))
);
// clang-format on

}  // namespace hartbeat::isa

// The immediates of the base formats (unprivileged spec, section 2.3), taken from their scattered bits.
#pragma once

#include <cstdint>

#include "emu/isa/encoding.hpp"

namespace hartbeat::isa {

enum class Immediate : std::uint8_t { none, i, s, b, u, j, shamt, csr, fence, mop_r, mop_rr, rnum };

// Which immediate an encoding's fields make up.
constexpr Immediate immediate_of(const Encoding& e) {
  if (e.has(Field::imm12)) return Immediate::i;
  if (e.has(Field::simm7)) return Immediate::s;
  if (e.has(Field::bimm7)) return Immediate::b;
  if (e.has(Field::uimm20)) return Immediate::u;
  if (e.has(Field::jimm20)) return Immediate::j;
  if (e.has(Field::shamt6) || e.has(Field::shamt5)) return Immediate::shamt;
  if (e.has(Field::csr)) return Immediate::csr;
  if (e.has(Field::pred4)) return Immediate::fence;
  if (e.has(Field::mop10)) return Immediate::mop_r;
  if (e.has(Field::mop4)) return Immediate::mop_rr;
  if (e.has(Field::rnum4)) return Immediate::rnum;
  return Immediate::none;
}

// The immediate of a 32-bit instruction: sign-extended for i, s, b, u and j. shamt: 6 bits, whose highest is
// a fixed 0 in the formats with a 5-bit amount. fence: fm, pred and succ as they stand, fm in bits 11 to 8.
constexpr std::int64_t immediate(std::uint32_t bits, Immediate kind) {
  const auto sign = static_cast<std::int32_t>(bits);
  const auto field = [bits](unsigned low, unsigned width) {
    return static_cast<std::int32_t>((bits >> low) & ((1u << width) - 1));
  };
  const auto top = [sign](unsigned low) { return (sign >> 31) * (std::int32_t{1} << low); };
  switch (kind) {
    case Immediate::none: return 0;
    case Immediate::i: return sign >> 20;
    case Immediate::s: return (sign >> 25) * 32 + field(7, 5);
    case Immediate::b: return top(12) | field(7, 1) << 11 | field(25, 6) << 5 | field(8, 4) << 1;
    case Immediate::u: return sign & ~0xFFF;
    case Immediate::j: return top(20) | field(12, 8) << 12 | field(20, 1) << 11 | field(21, 10) << 1;
    case Immediate::shamt: return field(20, 6);
    case Immediate::mop_r: return field(30, 1) << 4 | field(26, 2) << 2 | field(20, 2);
    case Immediate::mop_rr: return field(30, 1) << 2 | field(26, 2);
    case Immediate::rnum: return field(20, 4);
    case Immediate::csr:
    case Immediate::fence: return bits >> 20;
  }
  return 0;
}

}  // namespace hartbeat::isa

// Encodings written as the manual's tables write them, parsed at compile time.
//
// "imm12 rs1 000 rd 0010011": fields from the most significant bit down, separated by blanks. A field of 0s and 1s is
// fixed; a named field has the width and meaning below. 32 bits in all.
//
//   rd rs1 rs2      5   integer registers             fd fs1 fs2 fs3  5  floating-point registers
//   rm              3   rounding mode                 aq rl           1  acquire, release
//   imm12          12   I-immediate                   simm7 … simm5      the two halves of the S-immediate
//   bimm7 … bimm5       the two parts of the B-immediate                 uimm20, jimm20  U- and J-immediate
//   shamt6, shamt5      shift amount                  csr            12  CSR address
//   mop4 mop32 mop10    the scattered number of a may-be-operation (Zimop)  rnum4  4  round of a key schedule (Zkn)
//   zimm            5   zero-extended immediate, read into rs1           pred4 succ4 fm4  fence's sets
#pragma once

#include <cstdint>
#include <string_view>

namespace hartbeat::isa {

enum class Field : std::uint8_t {
  rd,
  rs1,
  rs2,
  fd,
  fs1,
  fs2,
  fs3,
  rm,
  aq,
  rl,
  imm12,
  simm7,
  simm5,
  bimm7,
  bimm5,
  uimm20,
  jimm20,
  shamt6,
  shamt5,
  csr,
  zimm,
  pred4,
  succ4,
  fm4,
  mop4,
  mop32,
  mop10,
  rnum4,
  count_,
};

struct Encoding {
  std::uint32_t match = 0;   // the fixed bits
  std::uint32_t mask = 0;    // which bits are fixed
  std::uint32_t fields = 0;  // bit set of Field
  constexpr bool has(Field f) const { return (fields >> static_cast<unsigned>(f)) & 1; }
};

struct FieldShape {
  std::string_view name;
  unsigned width;
  unsigned low_bit;  // where it must stand; the parser refuses it elsewhere
};

inline constexpr FieldShape field_shapes[] = {
    {"rd", 5, 7},       {"rs1", 5, 15},     {"rs2", 5, 20},    {"fd", 5, 7},      {"fs1", 5, 15},
    {"fs2", 5, 20},     {"fs3", 5, 27},     {"rm", 3, 12},     {"aq", 1, 26},     {"rl", 1, 25},
    {"imm12", 12, 20},  {"simm7", 7, 25},   {"simm5", 5, 7},   {"bimm7", 7, 25},  {"bimm5", 5, 7},
    {"uimm20", 20, 12}, {"jimm20", 20, 12}, {"shamt6", 6, 20}, {"shamt5", 5, 20}, {"csr", 12, 20},
    {"zimm", 5, 15},    {"pred4", 4, 24},   {"succ4", 4, 20},  {"fm4", 4, 28},    {"mop4", 1, 30},
    {"mop32", 2, 26},   {"mop10", 2, 20},   {"rnum4", 4, 20},
};

// Throws (so fails to compile) on an unknown field, a field out of place, or a sum other than 32 bits.
constexpr Encoding parse_encoding(std::string_view text) {
  Encoding e;
  unsigned position = 32;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (word.empty()) throw "two blanks in an encoding";
    if (word[0] == '0' || word[0] == '1') {
      for (const char bit : word) {
        if (position == 0) throw "an encoding of more than 32 bits";
        --position;
        e.mask |= std::uint32_t{1} << position;
        if (bit == '1') e.match |= std::uint32_t{1} << position;
      }
      continue;
    }
    bool known = false;
    for (unsigned i = 0; i < static_cast<unsigned>(Field::count_); ++i) {
      if (field_shapes[i].name != word) continue;
      if (position < field_shapes[i].width) throw "an encoding of more than 32 bits";
      position -= field_shapes[i].width;
      if (position != field_shapes[i].low_bit) throw "a field out of place";
      e.fields |= std::uint32_t{1} << i;
      known = true;
    }
    if (!known) throw "an unknown field";
  }
  if (position != 0) throw "an encoding of fewer than 32 bits";
  return e;
}

}  // namespace hartbeat::isa

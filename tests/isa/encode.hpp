// An assembler for one row, written from the formats' figures (unprivileged spec, section 2.3) and
// independent of the decoder's way of taking immediates apart.
#pragma once

#include <cstdint>
#include <random>

#include "emu/isa/table.hpp"

namespace hartbeat::isa {

// Field values for a row: random ones, and immediates in the format's range.
inline Operands random_operands(const RowInfo& row, std::mt19937_64& random) {
  const Encoding& e = row.encoding;
  const auto any = [&](auto... fields) { return (e.has(fields) || ...); };
  const auto pick = [&](unsigned bits) { return random() & ((std::uint64_t{1} << bits) - 1); };
  const auto reg = [&](bool there) { return static_cast<std::uint8_t>(there ? pick(5) : 0); };
  const auto centred = [&](unsigned bits) {
    return static_cast<std::int64_t>(pick(bits)) - (std::int64_t{1} << (bits - 1));
  };
  Operands o;
  o.rd = reg(any(Field::rd, Field::fd));
  o.rs1 = reg(any(Field::rs1, Field::fs1, Field::zimm));
  o.rs2 = reg(any(Field::rs2, Field::fs2));
  o.rs3 = reg(any(Field::fs3));
  o.rm = static_cast<std::uint8_t>(e.has(Field::rm) ? pick(3) : 0);
  o.aqrl = static_cast<std::uint8_t>((e.has(Field::aq) ? 2 * pick(1) : 0) | (e.has(Field::rl) ? pick(1) : 0));
  if (any(Field::imm12, Field::simm7)) o.imm = centred(12);
  if (any(Field::simm7) && !any(Field::simm5)) o.imm &= ~std::int64_t{31};  // prefetches
  if (any(Field::mop4)) o.imm = static_cast<std::int64_t>(pick(any(Field::mop10) ? 5 : 3));
  if (any(Field::bimm7)) o.imm = centred(12) * 2;
  if (any(Field::uimm20)) o.imm = centred(20) * 4096;
  if (any(Field::jimm20)) o.imm = centred(20) * 2;
  if (any(Field::shamt6)) o.imm = static_cast<std::int64_t>(pick(6));
  if (any(Field::shamt5)) o.imm = static_cast<std::int64_t>(pick(5));
  if (any(Field::rnum4)) o.imm = static_cast<std::int64_t>(pick(4) % 11);  // 11 … 15 are reserved
  if (any(Field::csr, Field::pred4)) o.imm = static_cast<std::int64_t>(pick(12));
  return o;
}

inline std::uint32_t encode(const RowInfo& row, const Operands& o) {
  const auto imm = static_cast<std::uint64_t>(o.imm);
  const auto slice = [imm](unsigned high, unsigned low) {
    return static_cast<std::uint32_t>((imm >> low) & ((std::uint64_t{1} << (high - low + 1)) - 1));
  };
  const auto value = [&](Field field) -> std::uint32_t {
    switch (field) {
      case Field::rd:
      case Field::fd: return o.rd;
      case Field::rs1:
      case Field::fs1:
      case Field::zimm: return o.rs1;
      case Field::rs2:
      case Field::fs2: return o.rs2;
      case Field::fs3: return o.rs3;
      case Field::rm: return o.rm;
      case Field::aq: return o.aqrl >> 1;
      case Field::rl: return o.aqrl & 1;
      case Field::imm12:
      case Field::csr: return slice(11, 0);
      case Field::simm7: return slice(11, 5);
      case Field::simm5: return slice(4, 0);
      case Field::bimm7: return slice(12, 12) << 6 | slice(10, 5);
      case Field::bimm5: return slice(4, 1) << 1 | slice(11, 11);
      case Field::uimm20: return slice(31, 12);
      case Field::jimm20: return slice(20, 20) << 19 | slice(10, 1) << 9 | slice(11, 11) << 8 | slice(19, 12);
      case Field::shamt6: return slice(5, 0);
      case Field::shamt5: return slice(4, 0);
      case Field::fm4: return slice(11, 8);
      case Field::pred4: return slice(7, 4);
      case Field::succ4: return slice(3, 0);
      case Field::mop4: return row.encoding.has(Field::mop10) ? slice(4, 4) : slice(2, 2);
      case Field::mop32: return row.encoding.has(Field::mop10) ? slice(3, 2) : slice(1, 0);
      case Field::rnum4: return slice(3, 0);
      case Field::mop10: return slice(1, 0);
      default: return 0;
    }
  };
  std::uint32_t bits = row.encoding.match;
  for (unsigned f = 0; f < static_cast<unsigned>(Field::count_); ++f)
    if (row.encoding.has(static_cast<Field>(f)))
      bits |= value(static_cast<Field>(f)) << field_shapes[f].low_bit;
  return bits;
}

}  // namespace hartbeat::isa

#include "emu/isa/compressed.hpp"

#include <array>
#include <cstddef>

#include "emu/isa/table.hpp"

namespace hartbeat::isa {
namespace {

using Bits = std::uint16_t;
using Reg = std::uint8_t;

constexpr Reg x0 = 0, ra = 1, sp = 2;

// The `width` bits of v from bit `from`, put at bit `to`: how the manual scatters immediates.
constexpr std::int64_t place(Bits v, unsigned from, unsigned width, unsigned to) {
  return std::int64_t{(v >> from) & ((1 << width) - 1)} << to;
}
// An immediate's sign, which is always bit 12, from bit `to` upwards.
constexpr std::int64_t sign(Bits v, unsigned to) { return place(v, 12, 1, 0) * -(std::int64_t{1} << to); }

constexpr Reg rd(Bits v) { return (v >> 7) & 31; }  // also rs1
constexpr Reg rs2(Bits v) { return (v >> 2) & 31; }
constexpr Reg high_prime(Bits v) { return 8 + ((v >> 7) & 7); }  // rs1', rd' of the arithmetic formats
constexpr Reg low_prime(Bits v) { return 8 + ((v >> 2) & 7); }   // rs2', rd' of the load formats

constexpr std::int64_t imm6(Bits v) { return sign(v, 5) | place(v, 2, 5, 0); }
constexpr std::int64_t shamt(Bits v) { return place(v, 12, 1, 5) | place(v, 2, 5, 0); }
constexpr std::int64_t offset_w(Bits v) { return place(v, 10, 3, 3) | place(v, 6, 1, 2) | place(v, 5, 1, 6); }
constexpr std::int64_t offset_d(Bits v) { return place(v, 10, 3, 3) | place(v, 5, 2, 6); }
constexpr std::int64_t offset_b(Bits v) { return place(v, 6, 1, 0) | place(v, 5, 1, 1); }
constexpr std::int64_t offset_h(Bits v) { return place(v, 5, 1, 1); }
constexpr std::int64_t load_sp_w(Bits v) {
  return place(v, 12, 1, 5) | place(v, 4, 3, 2) | place(v, 2, 2, 6);
}
constexpr std::int64_t load_sp_d(Bits v) {
  return place(v, 12, 1, 5) | place(v, 5, 2, 3) | place(v, 2, 3, 6);
}
constexpr std::int64_t store_sp_w(Bits v) { return place(v, 9, 4, 2) | place(v, 7, 2, 6); }
constexpr std::int64_t store_sp_d(Bits v) { return place(v, 10, 3, 3) | place(v, 7, 3, 6); }
constexpr std::int64_t offset_j(Bits v) {
  return sign(v, 11) | place(v, 11, 1, 4) | place(v, 9, 2, 8) | place(v, 8, 1, 10) | place(v, 7, 1, 6) |
         place(v, 6, 1, 7) | place(v, 3, 3, 1) | place(v, 2, 1, 5);
}
constexpr std::int64_t offset_branch(Bits v) {
  return sign(v, 8) | place(v, 10, 2, 3) | place(v, 5, 2, 6) | place(v, 3, 2, 1) | place(v, 2, 1, 5);
}
constexpr std::int64_t imm_4spn(Bits v) {
  return place(v, 11, 2, 4) | place(v, 7, 4, 6) | place(v, 6, 1, 2) | place(v, 5, 1, 3);
}
constexpr std::int64_t imm_16sp(Bits v) {
  return sign(v, 9) | place(v, 6, 1, 4) | place(v, 5, 1, 6) | place(v, 3, 2, 7) | place(v, 2, 1, 5);
}

// Operands of the target's format.
constexpr Operands i_type(Reg d, Reg s, std::int64_t imm) { return {.imm = imm, .rd = d, .rs1 = s}; }
constexpr Operands r_type(Reg d, Reg s1, Reg s2) { return {.rd = d, .rs1 = s1, .rs2 = s2}; }
constexpr Operands s_type(Reg base, Reg source, std::int64_t imm) {
  return {.imm = imm, .rs1 = base, .rs2 = source};
}
constexpr Operands on_prime(Bits v) { return r_type(high_prime(v), high_prime(v), low_prime(v)); }

constexpr bool rd_zero(Bits v) { return rd(v) == 0; }
constexpr bool imm6_zero(Bits v) { return imm6(v) == 0; }

// "010 --- --- -- --- 00": 0, 1, or - where any bit may stand; blanks only separate.
constexpr CompressedRow c(std::string_view name, std::string_view pattern, std::size_t target,
                          Operands (*operands)(Bits), bool (*reserved)(Bits) = nullptr,
                          Extension extension = Extension::c) {
  CompressedRow row{.name = name,
                    .target = static_cast<std::uint16_t>(target),
                    .extension = extension,
                    .operands = operands,
                    .reserved = reserved};
  unsigned position = 16;
  for (const char bit : pattern) {
    if (bit == ' ') continue;
    if (bit != '0' && bit != '1' && bit != '-') throw "neither 0, 1 nor -";
    if (position-- == 0) throw "a pattern of more than 16 bits";
    if (bit != '-') row.mask |= static_cast<Bits>(1u << position);
    if (bit == '1') row.match |= static_cast<Bits>(1u << position);
  }
  if (position != 0) throw "a pattern of fewer than 16 bits";
  return row;
}

constexpr Extension zcb = Extension::zcb;

// clang-format off
constexpr CompressedRow all_rows[] = {
    // Quadrant 0
    c("c.addi4spn", "000 -------- --- 00", row_index("addi"), [](Bits v) { return i_type(low_prime(v), sp, imm_4spn(v)); },
      [](Bits v) { return imm_4spn(v) == 0; }),
    c("c.fld", "001 --- --- -- --- 00", row_index("fld"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_d(v)); }),
    c("c.lw",  "010 --- --- -- --- 00", row_index("lw"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_w(v)); }),
    c("c.ld",  "011 --- --- -- --- 00", row_index("ld"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_d(v)); }),
    c("c.lbu", "100 000 --- -- --- 00", row_index("lbu"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_b(v)); }, nullptr, zcb),
    c("c.lhu", "100 001 --- 0- --- 00", row_index("lhu"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_h(v)); }, nullptr, zcb),
    c("c.lh",  "100 001 --- 1- --- 00", row_index("lh"), [](Bits v) { return i_type(low_prime(v), high_prime(v), offset_h(v)); }, nullptr, zcb),
    c("c.sb",  "100 010 --- -- --- 00", row_index("sb"), [](Bits v) { return s_type(high_prime(v), low_prime(v), offset_b(v)); }, nullptr, zcb),
    c("c.sh",  "100 011 --- 0- --- 00", row_index("sh"), [](Bits v) { return s_type(high_prime(v), low_prime(v), offset_h(v)); }, nullptr, zcb),
    c("c.fsd", "101 --- --- -- --- 00", row_index("fsd"), [](Bits v) { return s_type(high_prime(v), low_prime(v), offset_d(v)); }),
    c("c.sw",  "110 --- --- -- --- 00", row_index("sw"), [](Bits v) { return s_type(high_prime(v), low_prime(v), offset_w(v)); }),
    c("c.sd",  "111 --- --- -- --- 00", row_index("sd"), [](Bits v) { return s_type(high_prime(v), low_prime(v), offset_d(v)); }),
    // Quadrant 1
    c("c.nop",   "000 - 00000 ----- 01", row_index("addi"), [](Bits v) { return i_type(x0, x0, imm6(v)); }),
    c("c.addi",  "000 - ----- ----- 01", row_index("addi"), [](Bits v) { return i_type(rd(v), rd(v), imm6(v)); }),
    c("c.addiw", "001 - ----- ----- 01", row_index("addiw"), [](Bits v) { return i_type(rd(v), rd(v), imm6(v)); }, rd_zero),
    c("c.li",    "010 - ----- ----- 01", row_index("addi"), [](Bits v) { return i_type(rd(v), x0, imm6(v)); }),
    c("c.addi16sp", "011 - 00010 ----- 01", row_index("addi"), [](Bits v) { return i_type(sp, sp, imm_16sp(v)); },
      [](Bits v) { return imm_16sp(v) == 0; }),
    c("c.mop",   "011 0 0---1 00000 01", row_index("addi"), [](Bits) { return Operands{}; }, nullptr, Extension::zcmop),
    c("c.lui",   "011 - ----- ----- 01", row_index("lui"), [](Bits v) { return i_type(rd(v), x0, imm6(v) * 4096); }, imm6_zero),
    c("c.srli",  "100 - 00 --- ----- 01", row_index("srli"), [](Bits v) { return i_type(high_prime(v), high_prime(v), shamt(v)); }),
    c("c.srai",  "100 - 01 --- ----- 01", row_index("srai"), [](Bits v) { return i_type(high_prime(v), high_prime(v), shamt(v)); }),
    c("c.andi",  "100 - 10 --- ----- 01", row_index("andi"), [](Bits v) { return i_type(high_prime(v), high_prime(v), imm6(v)); }),
    c("c.sub",   "100 0 11 --- 00 --- 01", row_index("sub"), on_prime),
    c("c.xor",   "100 0 11 --- 01 --- 01", row_index("xor"), on_prime),
    c("c.or",    "100 0 11 --- 10 --- 01", row_index("or"), on_prime),
    c("c.and",   "100 0 11 --- 11 --- 01", row_index("and"), on_prime),
    c("c.subw",  "100 1 11 --- 00 --- 01", row_index("subw"), on_prime),
    c("c.addw",  "100 1 11 --- 01 --- 01", row_index("addw"), on_prime),
    c("c.mul",   "100 1 11 --- 10 --- 01", row_index("mul"), on_prime, nullptr, zcb),
    c("c.zext.b", "100 1 11 --- 11 000 01", row_index("andi"), [](Bits v) { return i_type(high_prime(v), high_prime(v), 0xFF); }, nullptr, zcb),
    c("c.sext.b", "100 1 11 --- 11 001 01", row_index("sext.b"), [](Bits v) { return r_type(high_prime(v), high_prime(v), 0); }, nullptr, zcb),
    c("c.zext.h", "100 1 11 --- 11 010 01", row_index("zext.h"), [](Bits v) { return r_type(high_prime(v), high_prime(v), 0); }, nullptr, zcb),
    c("c.sext.h", "100 1 11 --- 11 011 01", row_index("sext.h"), [](Bits v) { return r_type(high_prime(v), high_prime(v), 0); }, nullptr, zcb),
    c("c.zext.w", "100 1 11 --- 11 100 01", row_index("add.uw"), [](Bits v) { return r_type(high_prime(v), high_prime(v), x0); }, nullptr, zcb),
    c("c.not",    "100 1 11 --- 11 101 01", row_index("xori"), [](Bits v) { return i_type(high_prime(v), high_prime(v), -1); }, nullptr, zcb),
    c("c.j",     "101 ----------- 01", row_index("jal"), [](Bits v) { return i_type(x0, 0, offset_j(v)); }),
    c("c.beqz",  "110 --- --- ----- 01", row_index("beq"), [](Bits v) { return s_type(high_prime(v), x0, offset_branch(v)); }),
    c("c.bnez",  "111 --- --- ----- 01", row_index("bne"), [](Bits v) { return s_type(high_prime(v), x0, offset_branch(v)); }),
    // Quadrant 2
    c("c.slli",  "000 - ----- ----- 10", row_index("slli"), [](Bits v) { return i_type(rd(v), rd(v), shamt(v)); }),
    c("c.fldsp", "001 - ----- ----- 10", row_index("fld"), [](Bits v) { return i_type(rd(v), sp, load_sp_d(v)); }),
    c("c.lwsp",  "010 - ----- ----- 10", row_index("lw"), [](Bits v) { return i_type(rd(v), sp, load_sp_w(v)); }, rd_zero),
    c("c.ldsp",  "011 - ----- ----- 10", row_index("ld"), [](Bits v) { return i_type(rd(v), sp, load_sp_d(v)); }, rd_zero),
    c("c.jr",    "100 0 ----- 00000 10", row_index("jalr"), [](Bits v) { return i_type(x0, rd(v), 0); }, rd_zero),
    c("c.mv",    "100 0 ----- ----- 10", row_index("add"), [](Bits v) { return r_type(rd(v), x0, rs2(v)); }),
    c("c.ebreak", "100 1 00000 00000 10", row_index("ebreak"), [](Bits) { return Operands{}; }),
    c("c.jalr",  "100 1 ----- 00000 10", row_index("jalr"), [](Bits v) { return i_type(ra, rd(v), 0); }),
    c("c.add",   "100 1 ----- ----- 10", row_index("add"), [](Bits v) { return r_type(rd(v), rd(v), rs2(v)); }),
    c("c.fsdsp", "101 ------ ----- 10", row_index("fsd"), [](Bits v) { return s_type(sp, rs2(v), store_sp_d(v)); }),
    c("c.swsp",  "110 ------ ----- 10", row_index("sw"), [](Bits v) { return s_type(sp, rs2(v), store_sp_w(v)); }),
    c("c.sdsp",  "111 ------ ----- 10", row_index("sd"), [](Bits v) { return s_type(sp, rs2(v), store_sp_d(v)); }),
};
// clang-format on

// Pairs that overlap on purpose; the first is more specific, stands first in the table and wins.
constexpr Specialisation compressed_specialisations[] = {
    {"c.nop", "c.addi"}, {"c.addi16sp", "c.lui"}, {"c.mop", "c.lui"},    {"c.jr", "c.mv"},
    {"c.jalr", "c.add"}, {"c.ebreak", "c.jalr"},  {"c.ebreak", "c.add"},
};

constexpr bool declared(const CompressedRow& special, const CompressedRow& general) {
  for (const Specialisation& s : compressed_specialisations)
    if (s.special == special.name && s.general == general.name)
      return (special.mask & general.mask) == general.mask && special.mask != general.mask;
  return false;
}

constexpr bool unambiguous() {
  for (std::size_t i = 0; i < std::size(all_rows); ++i) {
    for (std::size_t j = i + 1; j < std::size(all_rows); ++j) {
      const CompressedRow &a = all_rows[i], &b = all_rows[j];
      if (((a.match ^ b.match) & a.mask & b.mask) == 0 && !declared(a, b)) return false;
    }
  }
  return true;
}
static_assert(unambiguous(),
              "two compressed rows overlap, or a specialisation stands behind its general row");

// Candidates by quadrant and bits 15 to 10.
constexpr std::size_t bucket_count = 256;
constexpr std::uint32_t bucket_of(Bits v) { return (v & 3u) | (v >> 10) << 2; }
constexpr Bits bucket_mask = 0xFC03;

struct Index {
  std::array<std::uint16_t, bucket_count + 1> first{};
  std::array<std::uint8_t, 1024> rows{};
};

constexpr Index make_index() {
  Index index;
  std::uint16_t next = 0;
  for (std::uint32_t b = 0; b < bucket_count; ++b) {
    index.first[b] = next;
    const auto match = static_cast<Bits>((b & 3) | (b >> 2) << 10);
    for (std::size_t i = 0; i < std::size(all_rows); ++i) {
      if (((all_rows[i].match ^ match) & all_rows[i].mask & bucket_mask) != 0) continue;
      index.rows[next++] = static_cast<std::uint8_t>(i);
    }
  }
  index.first[bucket_count] = next;
  return index;
}
constexpr Index compressed_index = make_index();

}  // namespace

std::span<const CompressedRow> compressed_rows() { return all_rows; }

const CompressedRow* find_compressed(std::uint16_t bits, ExtensionSet extensions) {
  if (!extensions.has(Extension::c)) return nullptr;
  const std::uint32_t bucket = bucket_of(bits);
  for (std::size_t i = compressed_index.first[bucket]; i < compressed_index.first[bucket + 1]; ++i) {
    const CompressedRow& row = all_rows[compressed_index.rows[i]];
    if ((bits & row.mask) != row.match || !extensions.has(row.extension)) continue;
    return row.reserved != nullptr && row.reserved(bits) ? nullptr : &row;
  }
  return nullptr;
}

}  // namespace hartbeat::isa

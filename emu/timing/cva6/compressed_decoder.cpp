// Module compressed_decoder: every 16-bit instruction as the 32-bit one it stands for (RISC-V manual, chapter
// C; Zcb).
#include "emu/timing/cva6/decoder.hpp"

#include "emu/timing/cva6/bit_field.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using u32 = std::uint32_t;

constexpr u32 i_type(u32 imm, u32 rs1, u32 funct3, u32 rd, u32 opcode) {
  return ((imm & 0xFFF) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;
}
constexpr u32 r_type(u32 funct7, u32 rs2, u32 rs1, u32 funct3, u32 rd, u32 opcode) {
  return (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;
}
constexpr u32 s_type(u32 imm, u32 rs2, u32 rs1, u32 funct3, u32 opcode) {
  return (field(imm, 11, 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (field(imm, 4, 0) << 7) |
         opcode;
}
constexpr u32 sign(u32 value, unsigned bits) { return (value ^ (1u << (bits - 1))) - (1u << (bits - 1)); }

u32 quadrant0(u32 c) {
  const u32 rd = 8 + field(c, 4, 2), rs1 = 8 + field(c, 9, 7);
  const u32 word = (field(c, 5, 5) << 6) | (field(c, 12, 10) << 3) | (field(c, 6, 6) << 2);
  const u32 dword = (field(c, 6, 5) << 6) | (field(c, 12, 10) << 3);
  switch (field(c, 15, 13)) {
    case 0: {
      const u32 imm =
          (field(c, 10, 7) << 6) | (field(c, 12, 11) << 4) | (field(c, 5, 5) << 3) | (field(c, 6, 6) << 2);
      return imm ? i_type(imm, 2, 0, rd, 0x13) : 0;
    }
    case 1: return i_type(dword, rs1, 3, rd, 0x07);
    case 2: return i_type(word, rs1, 2, rd, 0x03);
    case 3: return i_type(dword, rs1, 3, rd, 0x03);
    case 4: {  // Zcb
      const u32 byte = (field(c, 5, 5) << 1) | field(c, 6, 6), half = field(c, 5, 5) << 1;
      switch (field(c, 12, 10)) {
        case 0: return i_type(byte, rs1, 4, rd, 0x03);
        case 1: return i_type(half, rs1, field(c, 6, 6) ? 1 : 5, rd, 0x03);
        case 2: return s_type(byte, rd, rs1, 0, 0x23);
        case 3: return field(c, 6, 6) ? 0 : s_type(half, rd, rs1, 1, 0x23);
        default: return 0;
      }
    }
    case 5: return s_type(dword, rd, rs1, 3, 0x27);
    case 6: return s_type(word, rd, rs1, 2, 0x23);
    default: return s_type(dword, rd, rs1, 3, 0x23);
  }
}

u32 arithmetic(u32 c) {
  const u32 rd = 8 + field(c, 9, 7), rs2 = 8 + field(c, 4, 2);
  const u32 shamt = (field(c, 12, 12) << 5) | field(c, 6, 2);
  switch (field(c, 11, 10)) {
    case 0: return i_type(shamt, rd, 5, rd, 0x13);
    case 1: return i_type(0x400 | shamt, rd, 5, rd, 0x13);
    case 2: return i_type(sign(shamt, 6), rd, 7, rd, 0x13);
    default: break;
  }
  if (!field(c, 12, 12)) {
    static constexpr u32 funct3[] = {0, 4, 6, 7};
    return r_type(field(c, 6, 5) == 0 ? 0x20 : 0, rs2, rd, funct3[field(c, 6, 5)], rd, 0x33);
  }
  switch (field(c, 6, 5)) {
    case 0: return r_type(0x20, rs2, rd, 0, rd, 0x3B);
    case 1: return r_type(0, rs2, rd, 0, rd, 0x3B);
    case 2: return r_type(1, rs2, rd, 0, rd, 0x33);  // c.mul
    default: break;
  }
  switch (field(c, 4, 2)) {
    case 0: return i_type(0xFF, rd, 7, rd, 0x13);   // c.zext.b
    case 1: return i_type(0x604, rd, 1, rd, 0x13);  // c.sext.b
    case 2: return r_type(4, 0, rd, 4, rd, 0x3B);   // c.zext.h
    case 3: return i_type(0x605, rd, 1, rd, 0x13);  // c.sext.h
    case 4: return r_type(4, 0, rd, 0, rd, 0x3B);   // c.zext.w
    case 5: return i_type(0xFFF, rd, 4, rd, 0x13);  // c.not
    default: return 0;
  }
}

u32 quadrant1(u32 c) {
  const u32 rd = field(c, 11, 7);
  const u32 imm6 = sign((field(c, 12, 12) << 5) | field(c, 6, 2), 6);
  switch (field(c, 15, 13)) {
    case 0: return i_type(imm6, rd, 0, rd, 0x13);
    case 1: return rd ? i_type(imm6, rd, 0, rd, 0x1B) : 0;
    case 2: return i_type(imm6, 0, 0, rd, 0x13);
    case 3:
      if (rd == 2) {
        const u32 imm = (field(c, 12, 12) << 9) | (field(c, 4, 3) << 7) | (field(c, 5, 5) << 6) |
                        (field(c, 2, 2) << 5) | (field(c, 6, 6) << 4);
        return imm ? i_type(sign(imm, 10), 2, 0, 2, 0x13) : 0;
      }
      return imm6 ? (imm6 << 12) | (rd << 7) | 0x37 : 0;
    case 4: return arithmetic(c);
    case 5: {
      const u32 imm = sign((field(c, 12, 12) << 11) | (field(c, 8, 8) << 10) | (field(c, 10, 9) << 8) |
                               (field(c, 6, 6) << 7) | (field(c, 7, 7) << 6) | (field(c, 2, 2) << 5) |
                               (field(c, 11, 11) << 4) | (field(c, 5, 3) << 1),
                           12);
      return (field(imm, 20, 20) << 31) | (field(imm, 10, 1) << 21) | (field(imm, 11, 11) << 20) |
             (field(imm, 19, 12) << 12) | 0x6F;
    }
    default: {
      const u32 imm = sign((field(c, 12, 12) << 8) | (field(c, 6, 5) << 6) | (field(c, 2, 2) << 5) |
                               (field(c, 11, 10) << 3) | (field(c, 4, 3) << 1),
                           9);
      return (field(imm, 12, 12) << 31) | (field(imm, 10, 5) << 25) | ((8 + field(c, 9, 7)) << 15) |
             ((field(c, 15, 13) & 1) << 12) | (field(imm, 4, 1) << 8) | (field(imm, 11, 11) << 7) | 0x63;
    }
  }
}

u32 quadrant2(u32 c) {
  const u32 rd = field(c, 11, 7), rs2 = field(c, 6, 2);
  const u32 load_dword = (field(c, 4, 2) << 6) | (field(c, 12, 12) << 5) | (field(c, 6, 5) << 3);
  const u32 load_word = (field(c, 3, 2) << 6) | (field(c, 12, 12) << 5) | (field(c, 6, 4) << 2);
  const u32 store_dword = (field(c, 9, 7) << 6) | (field(c, 12, 10) << 3);
  const u32 store_word = (field(c, 8, 7) << 6) | (field(c, 12, 9) << 2);
  switch (field(c, 15, 13)) {
    case 0: return i_type((field(c, 12, 12) << 5) | rs2, rd, 1, rd, 0x13);
    case 1: return i_type(load_dword, 2, 3, rd, 0x07);
    case 2: return rd ? i_type(load_word, 2, 2, rd, 0x03) : 0;
    case 3: return rd ? i_type(load_dword, 2, 3, rd, 0x03) : 0;
    case 4:
      if (!field(c, 12, 12)) {
        if (rs2) return r_type(0, rs2, 0, 0, rd, 0x33);
        return rd ? i_type(0, rd, 0, 0, 0x67) : 0;
      }
      if (rs2) return r_type(0, rs2, rd, 0, rd, 0x33);
      return rd ? i_type(0, rd, 0, 1, 0x67) : 0x00100073;
    case 5: return s_type(store_dword, rs2, 2, 3, 0x27);
    case 6: return s_type(store_word, rs2, 2, 2, 0x23);
    default: return s_type(store_dword, rs2, 2, 3, 0x23);
  }
}

}  // namespace

std::uint32_t expand_compressed(std::uint16_t bits) {
  switch (bits & 3) {
    case 0: return quadrant0(bits);
    case 1: return quadrant1(bits);
    default: return quadrant2(bits);
  }
}

}  // namespace hartbeat::timing::cva6

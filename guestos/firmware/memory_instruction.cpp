#include "guestos/firmware/memory_instruction.hpp"

namespace hartbeat::firmware {
namespace {

constexpr unsigned sp = 2;

constexpr std::uint32_t field(std::uint32_t bits, unsigned high, unsigned low) {
  return bits >> low & ((1u << (high - low + 1)) - 1);
}

constexpr std::int64_t sign_extend(std::uint32_t value, unsigned width) {
  const std::uint32_t sign = 1u << (width - 1);
  return static_cast<std::int64_t>(value ^ sign) - static_cast<std::int64_t>(sign);
}

enum Opcode : std::uint32_t { load = 0x03, load_fp = 0x07, store = 0x23, store_fp = 0x27 };

// I-type and S-type loads and stores (unprivileged specification, chapters on RV32I, RV64I, F, D and Zfh).
std::optional<MemoryInstruction> decode_full(std::uint32_t bits) {
  const std::uint32_t opcode = field(bits, 6, 0);
  const std::uint32_t funct3 = field(bits, 14, 12);
  MemoryInstruction result;
  result.store = opcode == store || opcode == store_fp;
  result.floating_point = opcode == load_fp || opcode == store_fp;
  if (!result.store && !result.floating_point && opcode != load) return std::nullopt;
  const bool unsigned_load = opcode == load && (funct3 & 4) != 0;
  const std::uint32_t log_width = funct3 & (opcode == load ? 3u : 7u);
  if (log_width == 0 || log_width > 3 || (unsigned_load && log_width == 3)) return std::nullopt;
  result.width = 1u << log_width;
  result.sign_extend = opcode == load && !unsigned_load;
  result.base_register = field(bits, 19, 15);
  result.data_register = result.store ? field(bits, 24, 20) : field(bits, 11, 7);
  const std::uint32_t immediate =
      result.store ? field(bits, 31, 25) << 5 | field(bits, 11, 7) : field(bits, 31, 20);
  result.offset = sign_extend(immediate, 12);
  return result;
}

// The offsets of the C extension, scattered over the instruction (C extension, "Load and Store
// Instructions").
constexpr std::uint32_t word_offset(std::uint32_t bits) {
  return field(bits, 12, 10) << 3 | field(bits, 6, 6) << 2 | field(bits, 5, 5) << 6;
}
constexpr std::uint32_t double_offset(std::uint32_t bits) {
  return field(bits, 12, 10) << 3 | field(bits, 6, 5) << 6;
}
constexpr std::uint32_t stack_load_word_offset(std::uint32_t bits) {
  return field(bits, 12, 12) << 5 | field(bits, 6, 4) << 2 | field(bits, 3, 2) << 6;
}
constexpr std::uint32_t stack_load_double_offset(std::uint32_t bits) {
  return field(bits, 12, 12) << 5 | field(bits, 6, 5) << 3 | field(bits, 4, 2) << 6;
}
constexpr std::uint32_t stack_store_word_offset(std::uint32_t bits) {
  return field(bits, 12, 9) << 2 | field(bits, 8, 7) << 6;
}
constexpr std::uint32_t stack_store_double_offset(std::uint32_t bits) {
  return field(bits, 12, 10) << 3 | field(bits, 9, 7) << 6;
}

// Zcb: c.lhu, c.lh and c.sh. (Bytes are never misaligned.)
std::optional<MemoryInstruction> decode_zcb(std::uint32_t bits) {
  const std::uint32_t funct6 = field(bits, 15, 10);
  if (funct6 != 0x21 && funct6 != 0x23) return std::nullopt;
  MemoryInstruction result;
  result.width = 2;
  result.length = 2;
  result.store = funct6 == 0x23;
  if (result.store && field(bits, 6, 6) != 0) return std::nullopt;
  result.sign_extend = !result.store && field(bits, 6, 6) != 0;
  result.base_register = 8 + field(bits, 9, 7);
  result.data_register = 8 + field(bits, 4, 2);
  result.offset = field(bits, 5, 5) << 1;
  return result;
}

// Quadrant 0: registers x8 to x15. funct3 is 001 fld, 010 lw, 011 ld, 101 fsd, 110 sw, 111 sd.
std::optional<MemoryInstruction> decode_quadrant_0(std::uint32_t bits, std::uint32_t funct3) {
  if (funct3 == 4) return decode_zcb(bits);
  if (funct3 == 0) return std::nullopt;  // c.addi4spn
  MemoryInstruction result;
  result.length = 2;
  result.store = (funct3 & 4) != 0;
  result.floating_point = (funct3 & 3) == 1;
  result.width = (funct3 & 3) == 2 ? 4 : 8;
  result.sign_extend = !result.store && !result.floating_point;
  result.base_register = 8 + field(bits, 9, 7);
  result.data_register = 8 + field(bits, 4, 2);
  result.offset = result.width == 4 ? word_offset(bits) : double_offset(bits);
  return result;
}

// Quadrant 2: relative to sp. The same funct3.
std::optional<MemoryInstruction> decode_quadrant_2(std::uint32_t bits, std::uint32_t funct3) {
  if ((funct3 & 3) == 0) return std::nullopt;
  MemoryInstruction result;
  result.length = 2;
  result.store = (funct3 & 4) != 0;
  result.floating_point = (funct3 & 3) == 1;
  result.width = (funct3 & 3) == 2 ? 4 : 8;
  result.sign_extend = !result.store && !result.floating_point;
  result.base_register = sp;
  result.data_register = result.store ? field(bits, 6, 2) : field(bits, 11, 7);
  if (!result.store && !result.floating_point && result.data_register == 0) return std::nullopt;  // reserved
  if (result.store) {
    result.offset = result.width == 4 ? stack_store_word_offset(bits) : stack_store_double_offset(bits);
  } else {
    result.offset = result.width == 4 ? stack_load_word_offset(bits) : stack_load_double_offset(bits);
  }
  return result;
}

}  // namespace

std::optional<MemoryInstruction> decode_memory_instruction(std::uint32_t bits) {
  const std::uint32_t funct3 = field(bits, 15, 13);
  switch (bits & 3) {
    case 0: return decode_quadrant_0(bits, funct3);
    case 1: return std::nullopt;
    case 2: return decode_quadrant_2(bits, funct3);
    default: return decode_full(bits);
  }
}

}  // namespace hartbeat::firmware

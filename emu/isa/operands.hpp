// What an instruction's bits say once they are taken apart.
#pragma once

#include <cstdint>

namespace hartbeat::isa {

// The fields of one instruction. A field that the instruction's format does not have is 0.
struct Operands {
  std::int64_t imm = 0;  // sign-extended immediate; shift amount; CSR address; fence's pred/succ bits
  std::uint8_t rd = 0;   // destination, x or f as the row says
  std::uint8_t rs1 = 0;  // first source; the zero-extended immediate of csrr?i
  std::uint8_t rs2 = 0;
  std::uint8_t rs3 = 0;   // third source of the fused multiply-adds
  std::uint8_t rm = 0;    // rounding-mode field of floating-point instructions
  std::uint8_t aqrl = 0;  // bit 1: aq, bit 0: rl
  std::uint16_t row = 0;  // index of the instruction's row in the table
};
static_assert(sizeof(Operands) == 16);

}  // namespace hartbeat::isa

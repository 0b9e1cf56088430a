// From an instruction's bits to its row and operands.
#pragma once

#include <cstdint>

#include "emu/isa/operands.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat::isa {

struct Decoded {
  Operands operands{};      // operands.row indexes row_infos; meaningless when !legal
  std::uint8_t length = 0;  // bytes: 2 or 4
  bool legal = false;
  std::uint32_t bits = 0;  // as fetched; the upper half is 0 for a compressed instruction (what mtval gets)
};

// 2 when the low 16 bits are a compressed instruction, else 4. Longer formats are reserved and decode as
// illegal.
constexpr unsigned instruction_length(std::uint32_t bits) { return (bits & 3) == 3 ? 4 : 2; }

// Decodes any pattern; one that no row of the switched-on extensions covers is illegal. `bits` holds the
// parcel at the lower address in its lower half; the upper half is ignored for compressed instructions, which
// are expanded: the row is that of the 32-bit instruction they stand for.
Decoded decode(std::uint32_t bits, ExtensionSet extensions);

// The operands of a 32-bit instruction that is known to be of that row.
Operands extract_operands(std::uint32_t bits, std::uint16_t row);

}  // namespace hartbeat::isa

// The compressed instructions (RV64C and Zcb): each stands for a row of the instruction table and has no
// meaning of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "emu/isa/operands.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat::isa {

struct CompressedRow {
  std::string_view name;
  std::uint16_t match = 0, mask = 0;
  std::uint16_t target = 0;                       // index of the row it stands for
  Extension extension = Extension::c;             // needed beside `c` and the target's own
  Operands (*operands)(std::uint16_t) = nullptr;  // as the target's, but for `row`
  bool (*reserved)(std::uint16_t) = nullptr;      // nullptr: never
};

// Every compressed row, the more specific before the more general.
std::span<const CompressedRow> compressed_rows();

// The row of a 16-bit pattern; nullptr when it is reserved or its compressed extension is off (the target's
// own is the caller's to check). HINTs are the ordinary instructions that they look like.
const CompressedRow* find_compressed(std::uint16_t bits, ExtensionSet extensions);

}  // namespace hartbeat::isa

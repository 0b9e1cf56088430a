// What a CSR instruction does with its source operand.
#pragma once

#include <cstdint>

namespace hartbeat::isa {

enum class CsrOp : std::uint8_t {
  write,  // csr = source
  set,    // csr |= source
  clear,  // csr &= ~source
};

}  // namespace hartbeat::isa

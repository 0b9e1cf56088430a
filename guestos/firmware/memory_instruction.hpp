// Decoding of the loads and stores of RV64GC and Zcb, for their emulation. No state; also built for the
// host's tests.
#pragma once

#include <cstdint>
#include <optional>

namespace hartbeat::firmware {

struct MemoryInstruction {
  bool store = false;
  bool floating_point = false;  // the data register is an f register
  bool sign_extend = false;     // integer loads
  unsigned width = 0;           // bytes of data: 2, 4 or 8
  unsigned data_register = 0;
  unsigned base_register = 0;
  std::int64_t offset = 0;
  unsigned length = 4;  // bytes of the instruction
};

// `bits` holds the instruction in its low 16 or 32 bits. nullopt: not a load or store that can be done in
// pieces (LR, SC and AMOs must be aligned: misaligned ones stay an exception), or no such instruction.
std::optional<MemoryInstruction> decode_memory_instruction(std::uint32_t bits);

constexpr bool is_compressed(std::uint32_t bits) { return (bits & 3) != 3; }

}  // namespace hartbeat::firmware

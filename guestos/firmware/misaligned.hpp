// Emulation of misaligned loads and stores, for cores that trap them (mcause 4 and 6; CVA6 is one).
//
// Bytes move one by one, with the interrupted program's own rights. A fault on the way belongs to the
// program: it is returned, with the cause and address of the byte that failed, and no register has changed.
// (Bytes already stored stay stored, as 3.6 of the unprivileged specification allows; the instruction is
// repeated after the fault is mended.)
#pragma once

#include <cstdint>

#include "guestos/firmware/memory_instruction.hpp"

namespace hartbeat::firmware {

struct MisalignedFault {
  bool happened = false;
  std::uint64_t cause = 0;
  std::uint64_t value = 0;  // for stval
};

// Extends a loaded value as the instruction says; FP values narrower than the register are NaN-boxed.
constexpr std::uint64_t extend_loaded(std::uint64_t value, const MemoryInstruction& instruction) {
  if (instruction.width == 8) return value;
  const unsigned bits = 8 * instruction.width;
  if (instruction.floating_point) return value | ~std::uint64_t{0} << bits;
  if (instruction.sign_extend && (value >> (bits - 1) & 1) != 0) return value | ~std::uint64_t{0} << bits;
  return value;
}

// Program is what the interrupted program has: x registers, f registers, and memory a byte at a time:
//   uint64_t x(unsigned); void set_x(unsigned, uint64_t); uint64_t f(unsigned); void set_f(unsigned,
//   uint64_t); MisalignedFault load_byte(uint64_t address, uint8_t& value); MisalignedFault
//   store_byte(uint64_t address, uint8_t);
template <typename Program>
MisalignedFault emulate_misaligned(Program& program, const MemoryInstruction& instruction) {
  const std::uint64_t address =
      program.x(instruction.base_register) + static_cast<std::uint64_t>(instruction.offset);
  if (instruction.store) {
    const std::uint64_t value = instruction.floating_point ? program.f(instruction.data_register)
                                                           : program.x(instruction.data_register);
    for (unsigned i = 0; i < instruction.width; ++i) {
      const MisalignedFault fault =
          program.store_byte(address + i, static_cast<std::uint8_t>(value >> (8 * i)));
      if (fault.happened) return fault;
    }
    return {};
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < instruction.width; ++i) {
    std::uint8_t byte = 0;
    const MisalignedFault fault = program.load_byte(address + i, byte);
    if (fault.happened) return fault;
    value |= std::uint64_t{byte} << (8 * i);
  }
  value = extend_loaded(value, instruction);
  if (instruction.floating_point) {
    program.set_f(instruction.data_register, value);
  } else {
    program.set_x(instruction.data_register, value);
  }
  return {};
}

}  // namespace hartbeat::firmware

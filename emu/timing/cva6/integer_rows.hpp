// What an integer instruction computes, by the instruction table's own rows: for the wrong path, which nobody else
// executes.
#pragma once

#include <array>
#include <cstdint>

#include "emu/isa/decode.hpp"

namespace hartbeat::timing::cva6 {

struct IntegerState {
  std::array<std::uint64_t, 33> registers{};  // the last one takes what is written to x0
  std::uint64_t address = 0;                  // of the instruction
  std::uint8_t length = 4;

  // The vocabulary of emu/isa/row.hpp, as far as rows that only compute use it.
  std::uint64_t x(unsigned n) const { return registers[n]; }
  void set_x(unsigned n, std::uint64_t value) { registers[n == 0 ? 32 : n] = value; }
  std::uint64_t pc() const { return address; }
  std::uint64_t next_pc() const { return address + length; }
};

// False: the row does more than compute, and nothing has been done.
bool compute(IntegerState& state, const isa::Decoded& instruction);

}  // namespace hartbeat::timing::cva6

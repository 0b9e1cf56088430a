// Instructions as text, in the syntax of GNU objdump with -M no-aliases.
#pragma once

#include <cstdint>
#include <string>

#include "emu/isa/decode.hpp"

namespace hartbeat::isa {

// "addi<tab>a0,a0,1", "c.j<tab>0x80000010": mnemonic, tab, operands. `pc` is the instruction's own address;
// branch and jump targets are absolute. What is illegal under `extensions` comes as ".2byte<tab>0x…" or
// ".4byte<tab>0x…".
std::string disassemble(std::uint32_t bits, std::uint64_t pc, ExtensionSet extensions);

}  // namespace hartbeat::isa

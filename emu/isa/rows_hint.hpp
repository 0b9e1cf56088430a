// HINTs that mean something to this machine. Each specialises an ordinary row; every other HINT runs as the ordinary
// instruction that it is, with its result lost.
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_hint = rows(
    // Zihintpause: fence with pred = W, succ = 0
    row("pause", "0000 0001 0000 00000 000 00000 0001111", Extension::i, Unit::hint,
        system([](auto& h, const Operands&) { return h.pause(); })),
    // The guest kernel's tracepoint (guestos/abi/tracepoints.hpp): slti x0, HINT space left for custom use
    row("hint.trace", "imm12 rs1 010 00000 0010011", Extension::i, Unit::hint,
        system([](auto& h, const Operands& o) { return h.tracepoint(o); }))
);
// clang-format on

}  // namespace hartbeat::isa

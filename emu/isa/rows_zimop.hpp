// Zimop: instructions that later extensions may redefine, and that until then write 0 (unprivileged spec, "Zimop").
#pragma once

#include "emu/isa/row_list.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zimop = rows(
    row("mop.r", "1 mop4 00 mop32 0111 mop10 rs1 100 rd 1110011", Extension::zimop, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, 0); })),
    row("mop.rr", "1 mop4 00 mop32 1 rs2 rs1 100 rd 1110011", Extension::zimop, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, 0); }))
);
// clang-format on

}  // namespace hartbeat::isa

// M: multiplication and division (unprivileged spec, chapter 12).
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_m = rows(
    row("mul", "0000001 rs2 rs1 000 rd 0110011", Extension::m, Unit::mul,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) * h.x(o.rs2)); })),
    row("mulh", "0000001 rs2 rs1 001 rd 0110011", Extension::m, Unit::mul,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, mulh(h.x(o.rs1), h.x(o.rs2))); })),
    row("mulhsu", "0000001 rs2 rs1 010 rd 0110011", Extension::m, Unit::mul,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, mulhsu(h.x(o.rs1), h.x(o.rs2))); })),
    row("mulhu", "0000001 rs2 rs1 011 rd 0110011", Extension::m, Unit::mul,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, mulhu(h.x(o.rs1), h.x(o.rs2))); })),
    row("div", "0000001 rs2 rs1 100 rd 0110011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, divide(as_signed(h.x(o.rs1)), as_signed(h.x(o.rs2))));
        })),
    row("divu", "0000001 rs2 rs1 101 rd 0110011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, divide(h.x(o.rs1), h.x(o.rs2))); })),
    row("rem", "0000001 rs2 rs1 110 rd 0110011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, remainder(as_signed(h.x(o.rs1)), as_signed(h.x(o.rs2))));
        })),
    row("remu", "0000001 rs2 rs1 111 rd 0110011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, remainder(h.x(o.rs1), h.x(o.rs2))); })),
    row("mulw", "0000001 rs2 rs1 000 rd 0111011", Extension::m, Unit::mul,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) * h.x(o.rs2))); })),
    row("divw", "0000001 rs2 rs1 100 rd 0111011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, divide(low_signed(h.x(o.rs1)), low_signed(h.x(o.rs2))));
        })),
    row("divuw", "0000001 rs2 rs1 101 rd 0111011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(divide(low(h.x(o.rs1)), low(h.x(o.rs2)))));
        })),
    row("remw", "0000001 rs2 rs1 110 rd 0111011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, remainder(low_signed(h.x(o.rs1)), low_signed(h.x(o.rs2))));
        })),
    row("remuw", "0000001 rs2 rs1 111 rd 0111011", Extension::m, Unit::div,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(remainder(low(h.x(o.rs1)), low(h.x(o.rs2)))));
        }))
);
// clang-format on

}  // namespace hartbeat::isa

// Zicsr (unprivileged spec, chapter 6). h.csr(o, op, source, writes): CSR o.imm; `writes` is false for set and clear
// from x0 or zero, which then have no side effect of a write; rd_is_x0(o) with CsrOp::write means that the CSR is not read.
#pragma once

#include "emu/isa/csr_op.hpp"
#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zicsr = rows(
    row("csrrw", "csr rs1 001 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::write, h.x(o.rs1), true); })),
    row("csrrs", "csr rs1 010 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::set, h.x(o.rs1), o.rs1 != 0); })),
    row("csrrc", "csr rs1 011 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::clear, h.x(o.rs1), o.rs1 != 0); })),
    row("csrrwi", "csr zimm 101 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::write, o.rs1, true); })),
    row("csrrsi", "csr zimm 110 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::set, o.rs1, o.rs1 != 0); })),
    row("csrrci", "csr zimm 111 rd 1110011", Extension::zicsr, Unit::csr,
        system([](auto& h, const Operands& o) { return h.csr(o, CsrOp::clear, o.rs1, o.rs1 != 0); }))
);
// clang-format on

}  // namespace hartbeat::isa

// Privileged instructions (privileged spec, chapters 3.3 and 12; Svinval). Privilege, TVM, TW and TSR are the view's
// business. h.sfence_order() is illegal in U-mode and otherwise does nothing.
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_privileged = rows(
    row("sret", "000100000010 00000 000 00000 1110011", Extension::supervisor, Unit::xret,
        system([](auto& h, const Operands&) { return h.sret(); })),
    row("mret", "001100000010 00000 000 00000 1110011", Extension::i, Unit::xret,
        system([](auto& h, const Operands&) { return h.mret(); })),
    row("wfi", "000100000101 00000 000 00000 1110011", Extension::i, Unit::wfi,
        system([](auto& h, const Operands&) { return h.wfi(); })),
    row("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", Extension::supervisor, Unit::sfence,
        system([](auto& h, const Operands& o) { return h.sfence_vma(o); })),
    // Svinval. The fence is done by sinval.vma itself; the two ordering instructions only check privilege.
    row("sinval.vma", "0001011 rs2 rs1 000 00000 1110011", Extension::svinval, Unit::sfence,
        system([](auto& h, const Operands& o) { return h.sfence_vma(o); })),
    row("sfence.w.inval", "000110000000 00000 000 00000 1110011", Extension::svinval, Unit::sfence,
        system([](auto& h, const Operands&) { return h.sfence_order(); })),
    row("sfence.inval.ir", "000110000001 00000 000 00000 1110011", Extension::svinval, Unit::sfence,
        system([](auto& h, const Operands&) { return h.sfence_order(); }))
);
// clang-format on

}  // namespace hartbeat::isa

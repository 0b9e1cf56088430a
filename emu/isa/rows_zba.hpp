// Zba: address generation (unprivileged spec, chapter 28).
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zba = rows(
    row("add.uw", "0000100 rs2 rs1 000 rd 0111011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, low(h.x(o.rs1)) + h.x(o.rs2)); })),
    row("sh1add", "0010000 rs2 rs1 010 rd 0110011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, (h.x(o.rs1) << 1) + h.x(o.rs2)); })),
    row("sh1add.uw", "0010000 rs2 rs1 010 rd 0111011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, (std::uint64_t{low(h.x(o.rs1))} << 1) + h.x(o.rs2));
        })),
    row("sh2add", "0010000 rs2 rs1 100 rd 0110011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, (h.x(o.rs1) << 2) + h.x(o.rs2)); })),
    row("sh2add.uw", "0010000 rs2 rs1 100 rd 0111011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, (std::uint64_t{low(h.x(o.rs1))} << 2) + h.x(o.rs2));
        })),
    row("sh3add", "0010000 rs2 rs1 110 rd 0110011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, (h.x(o.rs1) << 3) + h.x(o.rs2)); })),
    row("sh3add.uw", "0010000 rs2 rs1 110 rd 0111011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, (std::uint64_t{low(h.x(o.rs1))} << 3) + h.x(o.rs2));
        })),
    row("slli.uw", "000010 shamt6 rs1 001 rd 0011011", Extension::zba, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::uint64_t{low(h.x(o.rs1))} << o.imm); }))
);
// clang-format on

}  // namespace hartbeat::isa

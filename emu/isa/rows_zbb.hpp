// Zbb: basic bit manipulation (unprivileged spec, chapter 28).
#pragma once

#include <algorithm>
#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zbb = rows(
    row("andn", "0100000 rs2 rs1 111 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) & ~h.x(o.rs2)); })),
    row("orn", "0100000 rs2 rs1 110 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) | ~h.x(o.rs2)); })),
    row("xnor", "0100000 rs2 rs1 100 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, ~(h.x(o.rs1) ^ h.x(o.rs2))); })),
    row("clz", "011000000000 rs1 001 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::countl_zero(h.x(o.rs1))); })),
    row("clzw", "011000000000 rs1 001 rd 0011011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::countl_zero(low(h.x(o.rs1)))); })),
    row("ctz", "011000000001 rs1 001 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::countr_zero(h.x(o.rs1))); })),
    row("ctzw", "011000000001 rs1 001 rd 0011011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::countr_zero(low(h.x(o.rs1)))); })),
    row("cpop", "011000000010 rs1 001 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::popcount(h.x(o.rs1))); })),
    row("cpopw", "011000000010 rs1 001 rd 0011011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, std::popcount(low(h.x(o.rs1)))); })),
    row("max", "0000101 rs2 rs1 110 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::max(as_signed(h.x(o.rs1)), as_signed(h.x(o.rs2))));
        })),
    row("maxu", "0000101 rs2 rs1 111 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::max<std::uint64_t>(h.x(o.rs1), h.x(o.rs2)));
        })),
    row("min", "0000101 rs2 rs1 100 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::min(as_signed(h.x(o.rs1)), as_signed(h.x(o.rs2))));
        })),
    row("minu", "0000101 rs2 rs1 101 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::min<std::uint64_t>(h.x(o.rs1), h.x(o.rs2)));
        })),
    row("sext.b", "011000000100 rs1 001 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, static_cast<std::int8_t>(h.x(o.rs1))); })),
    row("sext.h", "011000000101 rs1 001 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, static_cast<std::int16_t>(h.x(o.rs1))); })),
    row("zext.h", "000010000000 rs1 100 rd 0111011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, static_cast<std::uint16_t>(h.x(o.rs1))); })),
    row("rol", "0110000 rs2 rs1 001 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::rotl<std::uint64_t>(h.x(o.rs1), static_cast<int>(h.x(o.rs2) & 63)));
        })),
    row("rolw", "0110000 rs2 rs1 001 rd 0111011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(std::rotl(low(h.x(o.rs1)), static_cast<int>(h.x(o.rs2) & 31))));
        })),
    row("ror", "0110000 rs2 rs1 101 rd 0110011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::rotr<std::uint64_t>(h.x(o.rs1), static_cast<int>(h.x(o.rs2) & 63)));
        })),
    row("rorw", "0110000 rs2 rs1 101 rd 0111011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(std::rotr(low(h.x(o.rs1)), static_cast<int>(h.x(o.rs2) & 31))));
        })),
    row("rori", "011000 shamt6 rs1 101 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, std::rotr<std::uint64_t>(h.x(o.rs1), static_cast<int>(o.imm)));
        })),
    row("roriw", "0110000 shamt5 rs1 101 rd 0011011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(std::rotr(low(h.x(o.rs1)), static_cast<int>(o.imm))));
        })),
    row("orc.b", "001010000111 rs1 101 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, or_combine_bytes(h.x(o.rs1))); })),
    row("rev8", "011010111000 rs1 101 rd 0010011", Extension::zbb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, __builtin_bswap64(h.x(o.rs1))); }))
);
// clang-format on

}  // namespace hartbeat::isa

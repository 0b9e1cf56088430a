// Zbc (carry-less multiplication), Zbs (single bits), Zbkb, Zbkx and Zicond (unprivileged spec, chapters 28, 31 and 11).
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zbc = rows(
    row("clmul", "0000101 rs2 rs1 001 rd 0110011", Extension::zbc, Unit::mul,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, static_cast<std::uint64_t>(clmul_wide(h.x(o.rs1), h.x(o.rs2))));
        })),
    row("clmulr", "0000101 rs2 rs1 010 rd 0110011", Extension::zbc, Unit::mul,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, static_cast<std::uint64_t>(clmul_wide(h.x(o.rs1), h.x(o.rs2)) >> 63));
        })),
    row("clmulh", "0000101 rs2 rs1 011 rd 0110011", Extension::zbc, Unit::mul,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, static_cast<std::uint64_t>(clmul_wide(h.x(o.rs1), h.x(o.rs2)) >> 64));
        })),
    row("bclr", "0100100 rs2 rs1 001 rd 0110011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, h.x(o.rs1) & ~(std::uint64_t{1} << (h.x(o.rs2) & 63)));
        })),
    row("bclri", "010010 shamt6 rs1 001 rd 0010011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, h.x(o.rs1) & ~(std::uint64_t{1} << o.imm));
        })),
    row("binv", "0110100 rs2 rs1 001 rd 0110011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, h.x(o.rs1) ^ (std::uint64_t{1} << (h.x(o.rs2) & 63)));
        })),
    row("binvi", "011010 shamt6 rs1 001 rd 0010011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) ^ (std::uint64_t{1} << o.imm)); })),
    row("bset", "0010100 rs2 rs1 001 rd 0110011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, h.x(o.rs1) | (std::uint64_t{1} << (h.x(o.rs2) & 63)));
        })),
    row("bseti", "001010 shamt6 rs1 001 rd 0010011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) | (std::uint64_t{1} << o.imm)); })),
    row("bext", "0100100 rs2 rs1 101 rd 0110011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, (h.x(o.rs1) >> (h.x(o.rs2) & 63)) & 1); })),
    row("bexti", "010010 shamt6 rs1 101 rd 0010011", Extension::zbs, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, (h.x(o.rs1) >> o.imm) & 1); })),
    // Zbkb and Zbkx: what they add to Zbb. (andn, rol, rev8 … of Zbkb belong to Zbb in this table.)
    row("pack", "0000100 rs2 rs1 100 rd 0110011", Extension::zbkb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, low(h.x(o.rs1)) | (h.x(o.rs2) << 32)); })),
    row("packh", "0000100 rs2 rs1 111 rd 0110011", Extension::zbkb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, (h.x(o.rs1) & 0xFF) | ((h.x(o.rs2) & 0xFF) << 8));
        })),
    row("packw", "0000100 rs2 rs1 100 rd 0111011", Extension::zbkb, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32((h.x(o.rs1) & 0xFFFF) | (h.x(o.rs2) << 16)));
        })),
    row("brev8", "011010000111 rs1 101 rd 0010011", Extension::zbkb, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, reverse_bits_in_bytes(h.x(o.rs1))); })),
    row("xperm4", "0010100 rs2 rs1 010 rd 0110011", Extension::zbkx, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, permute_elements(h.x(o.rs1), h.x(o.rs2), 4));
        })),
    row("xperm8", "0010100 rs2 rs1 100 rd 0110011", Extension::zbkx, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, permute_elements(h.x(o.rs1), h.x(o.rs2), 8));
        })),
    // Zicond
    row("czero.eqz", "0000111 rs2 rs1 101 rd 0110011", Extension::zicond, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs2) == 0 ? 0 : h.x(o.rs1)); })),
    row("czero.nez", "0000111 rs2 rs1 111 rd 0110011", Extension::zicond, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs2) != 0 ? 0 : h.x(o.rs1)); }))
);
// clang-format on

}  // namespace hartbeat::isa

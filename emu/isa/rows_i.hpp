// RV64I (unprivileged spec, chapters 2 and 4) and Zifencei.
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_i = rows(
    // Upper immediates and jumps
    row("lui", "uimm20 rd 0110111", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, o.imm); })),
    row("auipc", "uimm20 rd 0010111", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.pc() + o.imm); })),
    row("jal", "jimm20 rd 1101111", Extension::i, Unit::jump,
        jump([](auto& h, const Operands& o) {
          const std::uint64_t target = h.pc() + o.imm;
          h.set_x(o.rd, h.next_pc());
          return target;
        })),
    row("jalr", "imm12 rs1 000 rd 1100111", Extension::i, Unit::jump_register,
        jump([](auto& h, const Operands& o) {
          const std::uint64_t target = (h.x(o.rs1) + o.imm) & ~std::uint64_t{1};
          h.set_x(o.rd, h.next_pc());
          return target;
        })),
    // Branches
    row("beq", "bimm7 rs2 rs1 000 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return h.x(o.rs1) == h.x(o.rs2); })),
    row("bne", "bimm7 rs2 rs1 001 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return h.x(o.rs1) != h.x(o.rs2); })),
    row("blt", "bimm7 rs2 rs1 100 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return as_signed(h.x(o.rs1)) < as_signed(h.x(o.rs2)); })),
    row("bge", "bimm7 rs2 rs1 101 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return as_signed(h.x(o.rs1)) >= as_signed(h.x(o.rs2)); })),
    row("bltu", "bimm7 rs2 rs1 110 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return h.x(o.rs1) < h.x(o.rs2); })),
    row("bgeu", "bimm7 rs2 rs1 111 bimm5 1100011", Extension::i, Unit::branch,
        branch([](auto& h, const Operands& o) { return h.x(o.rs1) >= h.x(o.rs2); })),
    // Loads and stores
    row("lb", "imm12 rs1 000 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::int8_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("lh", "imm12 rs1 001 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::int16_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("lw", "imm12 rs1 010 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::int32_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("ld", "imm12 rs1 011 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::int64_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("lbu", "imm12 rs1 100 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::uint8_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("lhu", "imm12 rs1 101 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::uint16_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("lwu", "imm12 rs1 110 rd 0000011", Extension::i, Unit::load,
        memory([](auto& h, const Operands& o) {
          return h.template load_x<std::uint32_t>(o, h.x(o.rs1) + o.imm);
        })),
    row("sb", "simm7 rs2 rs1 000 simm5 0100011", Extension::i, Unit::store,
        memory([](auto& h, const Operands& o) {
          return h.template store<std::uint8_t>(h.x(o.rs1) + o.imm, static_cast<std::uint8_t>(h.x(o.rs2)));
        })),
    row("sh", "simm7 rs2 rs1 001 simm5 0100011", Extension::i, Unit::store,
        memory([](auto& h, const Operands& o) {
          return h.template store<std::uint16_t>(h.x(o.rs1) + o.imm, static_cast<std::uint16_t>(h.x(o.rs2)));
        })),
    row("sw", "simm7 rs2 rs1 010 simm5 0100011", Extension::i, Unit::store,
        memory([](auto& h, const Operands& o) {
          return h.template store<std::uint32_t>(h.x(o.rs1) + o.imm, static_cast<std::uint32_t>(h.x(o.rs2)));
        })),
    row("sd", "simm7 rs2 rs1 011 simm5 0100011", Extension::i, Unit::store,
        memory([](auto& h, const Operands& o) {
          return h.template store<std::uint64_t>(h.x(o.rs1) + o.imm, h.x(o.rs2));
        })),
    // Register and immediate
    row("addi", "imm12 rs1 000 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) + o.imm); })),
    row("slti", "imm12 rs1 010 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, as_signed(h.x(o.rs1)) < o.imm); })),
    row("sltiu", "imm12 rs1 011 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, h.x(o.rs1) < static_cast<std::uint64_t>(o.imm));
        })),
    row("xori", "imm12 rs1 100 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) ^ o.imm); })),
    row("ori", "imm12 rs1 110 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) | o.imm); })),
    row("andi", "imm12 rs1 111 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) & o.imm); })),
    row("slli", "000000 shamt6 rs1 001 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) << o.imm); })),
    row("srli", "000000 shamt6 rs1 101 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) >> o.imm); })),
    row("srai", "010000 shamt6 rs1 101 rd 0010011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, as_signed(h.x(o.rs1)) >> o.imm); })),
    row("addiw", "imm12 rs1 000 rd 0011011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) + o.imm)); })),
    row("slliw", "0000000 shamt5 rs1 001 rd 0011011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) << o.imm)); })),
    row("srliw", "0000000 shamt5 rs1 101 rd 0011011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(low(h.x(o.rs1)) >> o.imm)); })),
    row("sraiw", "0100000 shamt5 rs1 101 rd 0011011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, low_signed(h.x(o.rs1)) >> o.imm); })),
    // Register and register
    row("add", "0000000 rs2 rs1 000 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) + h.x(o.rs2)); })),
    row("sub", "0100000 rs2 rs1 000 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) - h.x(o.rs2)); })),
    row("sll", "0000000 rs2 rs1 001 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) << (h.x(o.rs2) & 63)); })),
    row("slt", "0000000 rs2 rs1 010 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, as_signed(h.x(o.rs1)) < as_signed(h.x(o.rs2)));
        })),
    row("sltu", "0000000 rs2 rs1 011 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) < h.x(o.rs2)); })),
    row("xor", "0000000 rs2 rs1 100 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) ^ h.x(o.rs2)); })),
    row("srl", "0000000 rs2 rs1 101 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) >> (h.x(o.rs2) & 63)); })),
    row("sra", "0100000 rs2 rs1 101 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, as_signed(h.x(o.rs1)) >> (h.x(o.rs2) & 63));
        })),
    row("or", "0000000 rs2 rs1 110 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) | h.x(o.rs2)); })),
    row("and", "0000000 rs2 rs1 111 rd 0110011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, h.x(o.rs1) & h.x(o.rs2)); })),
    row("addw", "0000000 rs2 rs1 000 rd 0111011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) + h.x(o.rs2))); })),
    row("subw", "0100000 rs2 rs1 000 rd 0111011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) - h.x(o.rs2))); })),
    row("sllw", "0000000 rs2 rs1 001 rd 0111011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) { h.set_x(o.rd, sext32(h.x(o.rs1) << (h.x(o.rs2) & 31))); })),
    row("srlw", "0000000 rs2 rs1 101 rd 0111011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, sext32(low(h.x(o.rs1)) >> (h.x(o.rs2) & 31)));
        })),
    row("sraw", "0100000 rs2 rs1 101 rd 0111011", Extension::i, Unit::alu,
        compute([](auto& h, const Operands& o) {
          h.set_x(o.rd, low_signed(h.x(o.rs1)) >> (h.x(o.rs2) & 31));
        })),
    // Fences and calls. Reserved fm, rs1 and rd of fence are ignored: such a fence is an ordinary one (section 2.7).
    row("fence", "fm4 pred4 succ4 rs1 000 rd 0001111", Extension::i, Unit::fence,
        system([](auto& h, const Operands& o) { return h.fence(o); })),
    row("fence.i", "imm12 rs1 001 rd 0001111", Extension::zifencei, Unit::fence_i,
        system([](auto& h, const Operands&) { return h.fence_i(); })),
    row("ecall", "000000000000 00000 000 00000 1110011", Extension::i, Unit::trap_call,
        system([](auto& h, const Operands&) { return h.ecall(); })),
    row("ebreak", "000000000001 00000 000 00000 1110011", Extension::i, Unit::trap_call,
        system([](auto& h, const Operands&) { return h.ebreak(); }))
);
// clang-format on

}  // namespace hartbeat::isa

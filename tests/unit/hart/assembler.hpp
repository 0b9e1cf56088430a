// A small assembler for programs that a test writes straight into RAM: one function per instruction, labels,
// `li`.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/isa/csr_names.hpp"

namespace hartbeat::test {

using Reg = unsigned;
inline constexpr Reg zero = 0, ra = 1, sp = 2, gp = 3, tp = 4, t0 = 5, t1 = 6, t2 = 7, s0 = 8, s1 = 9,
                     a0 = 10, a1 = 11, a2 = 12, a3 = 13, a4 = 14, a5 = 15, a6 = 16, a7 = 17, s2 = 18, s3 = 19,
                     s4 = 20, s5 = 21, s6 = 22, s7 = 23, s8 = 24, s9 = 25, s10 = 26, s11 = 27, t3 = 28,
                     t4 = 29, t5 = 30, t6 = 31;

using isa::Csr;

struct Label {
  unsigned id = 0;
};

class Assembler {
 public:
  // Code begins at `base`: a virtual address when it runs translated.
  explicit Assembler(std::uint64_t base) : base_(base) {}

  std::uint64_t here() const { return base_ + bytes_.size(); }
  std::uint64_t base() const { return base_; }
  // The finished code with every branch to a label resolved.
  const std::vector<std::uint8_t>& bytes();

  Label label();  // not bound yet
  void bind(Label label) { labels_[label.id] = here(); }
  Label bound() {
    const Label l = label();
    bind(l);
    return l;
  }
  std::uint64_t address(Label label) const { return labels_[label.id]; }
  void align(std::uint64_t to) {
    while (here() % to != 0) half(0x0001);  // c.nop
  }
  void skip_to(std::uint64_t address) {  // zeroes in between
    while (here() < address) bytes_.push_back(0);
  }

  void half(std::uint32_t bits) { put(bits, 2); }
  void word(std::uint32_t bits) { put(bits, 4); }
  void doubleword(std::uint64_t bits) {
    put(static_cast<std::uint32_t>(bits), 4);
    put(static_cast<std::uint32_t>(bits >> 32), 4);
  }

  // Instruction formats.
  void r_type(unsigned opcode, unsigned funct3, unsigned funct7, Reg rd, Reg rs1, Reg rs2) {
    word(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
  }
  void i_type(unsigned opcode, unsigned funct3, Reg rd, Reg rs1, std::int64_t imm) {
    word((static_cast<std::uint32_t>(imm) & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
  }
  void s_type(unsigned opcode, unsigned funct3, Reg rs1, Reg rs2, std::int64_t imm) {
    const auto bits = static_cast<std::uint32_t>(imm);
    word((bits >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (bits & 0x1f) << 7 | opcode);
  }

  void lui(Reg rd, std::uint32_t imm20) { word((imm20 & 0xfffff) << 12 | rd << 7 | 0x37); }
  void auipc(Reg rd, std::uint32_t imm20) { word((imm20 & 0xfffff) << 12 | rd << 7 | 0x17); }
  void addi(Reg rd, Reg rs1, std::int64_t imm) { i_type(0x13, 0, rd, rs1, imm); }
  void addiw(Reg rd, Reg rs1, std::int64_t imm) { i_type(0x1b, 0, rd, rs1, imm); }
  void xori(Reg rd, Reg rs1, std::int64_t imm) { i_type(0x13, 4, rd, rs1, imm); }
  void andi(Reg rd, Reg rs1, std::int64_t imm) { i_type(0x13, 7, rd, rs1, imm); }
  void slli(Reg rd, Reg rs1, unsigned shift) { i_type(0x13, 1, rd, rs1, shift); }
  void srli(Reg rd, Reg rs1, unsigned shift) { i_type(0x13, 5, rd, rs1, shift); }
  void add(Reg rd, Reg rs1, Reg rs2) { r_type(0x33, 0, 0, rd, rs1, rs2); }
  void sub(Reg rd, Reg rs1, Reg rs2) { r_type(0x33, 0, 0x20, rd, rs1, rs2); }
  void or_(Reg rd, Reg rs1, Reg rs2) { r_type(0x33, 6, 0, rd, rs1, rs2); }
  void mul(Reg rd, Reg rs1, Reg rs2) { r_type(0x33, 0, 1, rd, rs1, rs2); }
  void mv(Reg rd, Reg rs) { addi(rd, rs, 0); }
  void nop() { addi(zero, zero, 0); }
  void nops(unsigned count) {
    for (unsigned i = 0; i < count; ++i) nop();
  }
  void li(Reg rd, std::uint64_t value);

  void load(Reg rd, Reg base, std::int64_t offset, unsigned size, bool is_signed = true);
  void lb(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 0, rd, base, offset); }
  void lbu(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 4, rd, base, offset); }
  void lhu(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 5, rd, base, offset); }
  void lw(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 2, rd, base, offset); }
  void lwu(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 6, rd, base, offset); }
  void ld(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x03, 3, rd, base, offset); }
  void sb(Reg rs, Reg base, std::int64_t offset = 0) { s_type(0x23, 0, base, rs, offset); }
  void sh(Reg rs, Reg base, std::int64_t offset = 0) { s_type(0x23, 1, base, rs, offset); }
  void sw(Reg rs, Reg base, std::int64_t offset = 0) { s_type(0x23, 2, base, rs, offset); }
  void sd(Reg rs, Reg base, std::int64_t offset = 0) { s_type(0x23, 3, base, rs, offset); }

  // Atomics: funct5 as in the manual's table.
  void amo(unsigned funct5, bool is_double, Reg rd, Reg address, Reg source) {
    r_type(0x2f, is_double ? 3 : 2, funct5 << 2, rd, address, source);
  }
  void amoadd_d(Reg rd, Reg address, Reg source) { amo(0, true, rd, address, source); }
  void amoadd_w(Reg rd, Reg address, Reg source) { amo(0, false, rd, address, source); }
  void amoswap_d(Reg rd, Reg address, Reg source) { amo(1, true, rd, address, source); }
  void lr_d(Reg rd, Reg address) { amo(2, true, rd, address, zero); }
  void lr_w(Reg rd, Reg address) { amo(2, false, rd, address, zero); }
  void sc_d(Reg rd, Reg address, Reg source) { amo(3, true, rd, address, source); }
  void sc_w(Reg rd, Reg address, Reg source) { amo(3, false, rd, address, source); }

  void beq(Reg a, Reg b, Label to) { branch(0, a, b, to); }
  void bne(Reg a, Reg b, Label to) { branch(1, a, b, to); }
  void blt(Reg a, Reg b, Label to) { branch(4, a, b, to); }
  void bltu(Reg a, Reg b, Label to) { branch(6, a, b, to); }
  void bnez(Reg a, Label to) { bne(a, zero, to); }
  void beqz(Reg a, Label to) { beq(a, zero, to); }
  void branch(unsigned funct3, Reg a, Reg b, Label to);
  void jal(Reg rd, Label to);
  void j(Label to) { jal(zero, to); }
  void jalr(Reg rd, Reg base, std::int64_t offset = 0) { i_type(0x67, 0, rd, base, offset); }
  void jr(Reg base) { jalr(zero, base); }
  void ret() { jalr(zero, ra); }
  void la(Reg rd, Label to);  // auipc and addi

  void csrrw(Reg rd, Csr csr, Reg rs) { csr_op(1, rd, csr, rs); }
  void csrrs(Reg rd, Csr csr, Reg rs) { csr_op(2, rd, csr, rs); }
  void csrrc(Reg rd, Csr csr, Reg rs) { csr_op(3, rd, csr, rs); }
  void csrr(Reg rd, Csr csr) { csrrs(rd, csr, zero); }
  void csrw(Csr csr, Reg rs) { csrrw(zero, csr, rs); }
  void csrwi(Csr csr, unsigned imm) { csr_op(5, zero, csr, imm); }
  void csrs(Csr csr, Reg rs) { csrrs(zero, csr, rs); }
  void csrc(Csr csr, Reg rs) { csrrc(zero, csr, rs); }
  void csr_op(unsigned funct3, Reg rd, Csr csr, unsigned source) {
    word(static_cast<std::uint32_t>(csr) << 20 | source << 15 | funct3 << 12 | rd << 7 | 0x73);
  }
  // Writes or sets a constant by way of t6.
  void set_csr(Csr csr, std::uint64_t value) {
    li(t6, value);
    csrw(csr, t6);
  }
  void set_bits(Csr csr, std::uint64_t bits) {
    li(t6, bits);
    csrs(csr, t6);
  }
  void clear_bits(Csr csr, std::uint64_t bits) {
    li(t6, bits);
    csrc(csr, t6);
  }

  void ecall() { word(0x00000073); }
  void ebreak() { word(0x00100073); }
  void mret() { word(0x30200073); }
  void sret() { word(0x10200073); }
  void wfi() { word(0x10500073); }
  void wrs_nto() { word(0x00d00073); }
  void wrs_sto() { word(0x01d00073); }
  void sfence_vma(Reg address = zero, Reg asid = zero) { r_type(0x73, 0, 9, zero, address, asid); }
  void sinval_vma(Reg address = zero, Reg asid = zero) { r_type(0x73, 0, 11, zero, address, asid); }
  void fence_i() { word(0x0000100f); }

  // Goes to privilege `mpp` (0, 1, 3) at the instruction behind. Uses t6; other bits of mstatus stay.
  void drop_to(unsigned mpp);
  // Ends the run with `status` by the test finisher. Uses t5 and t6.
  void finish(unsigned status = 0);

 private:
  enum class Patch : std::uint8_t { branch, jump, address };
  struct Fixup {
    std::size_t at;
    unsigned label;
    Patch kind;
  };
  void put(std::uint32_t bits, unsigned size) {
    for (unsigned i = 0; i < size; ++i) bytes_.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  }
  std::uint32_t word_at(std::size_t at) const;
  void set_word(std::size_t at, std::uint32_t bits);
  void resolve(const Fixup& fixup);

  std::uint64_t base_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint64_t> labels_;
  std::vector<Fixup> fixups_;
};

}  // namespace hartbeat::test

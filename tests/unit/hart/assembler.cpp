#include "tests/unit/hart/assembler.hpp"

#include <stdexcept>

namespace hartbeat::test {

Label Assembler::label() {
  labels_.push_back(0);
  return {static_cast<unsigned>(labels_.size() - 1)};
}

void Assembler::branch(unsigned funct3, Reg a, Reg b, Label to) {
  fixups_.push_back({bytes_.size(), to.id, Patch::branch});
  word(b << 20 | a << 15 | funct3 << 12 | 0x63);
}

void Assembler::jal(Reg rd, Label to) {
  fixups_.push_back({bytes_.size(), to.id, Patch::jump});
  word(rd << 7 | 0x6f);
}

void Assembler::la(Reg rd, Label to) {
  fixups_.push_back({bytes_.size(), to.id, Patch::address});
  auipc(rd, 0);
  addi(rd, rd, 0);
}

// The upper part first, then twelve bits at a time.
void Assembler::li(Reg rd, std::uint64_t value) {
  const auto wide = static_cast<std::int64_t>(value);
  if (wide == static_cast<std::int32_t>(wide)) {
    const auto low = static_cast<std::int64_t>(value << 52) >> 52;
    const auto high = static_cast<std::uint32_t>((wide - low) >> 12) & 0xfffff;
    if (high == 0) return addi(rd, zero, low);
    lui(rd, high);
    if (low != 0) addiw(rd, rd, low);
    return;
  }
  const auto low = static_cast<std::int64_t>(value << 52) >> 52;
  li(rd, static_cast<std::uint64_t>((wide - low) >> 12));
  slli(rd, rd, 12);
  if (low != 0) addi(rd, rd, low);
}

void Assembler::load(Reg rd, Reg base, std::int64_t offset, unsigned size, bool is_signed) {
  const unsigned log = size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0;
  i_type(0x03, log | (is_signed || size == 8 ? 0 : 4), rd, base, offset);
}

void Assembler::drop_to(unsigned mpp) {
  clear_bits(Csr::mstatus, 3u << 11);
  if (mpp != 0) set_bits(Csr::mstatus, mpp << 11);
  const Label there = label();
  la(t6, there);
  csrw(Csr::mepc, t6);
  mret();
  bind(there);
}

void Assembler::finish(unsigned status) {
  li(t5, status == 0 ? 0x5555 : status << 16 | 0x3333);
  li(t6, 0x10'0000);
  sw(t5, t6);
}

std::uint32_t Assembler::word_at(std::size_t at) const {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) bits |= std::uint32_t{bytes_[at + i]} << (8 * i);
  return bits;
}

void Assembler::set_word(std::size_t at, std::uint32_t bits) {
  for (unsigned i = 0; i < 4; ++i) bytes_[at + i] = static_cast<std::uint8_t>(bits >> (8 * i));
}

void Assembler::resolve(const Fixup& fixup) {
  const std::uint64_t target = labels_[fixup.label];
  if (target == 0) throw std::logic_error("a label that was never bound");
  const auto distance = static_cast<std::int64_t>(target - (base_ + fixup.at));
  const auto d = static_cast<std::uint32_t>(distance);
  const std::uint32_t bits = word_at(fixup.at);
  switch (fixup.kind) {
    case Patch::branch:
      if (distance < -4096 || distance >= 4096) throw std::logic_error("a branch that is too far");
      set_word(fixup.at,
               bits | (d >> 12 & 1) << 31 | (d >> 5 & 0x3f) << 25 | (d >> 1 & 0xf) << 8 | (d >> 11 & 1) << 7);
      return;
    case Patch::jump:
      set_word(fixup.at, bits | (d >> 20 & 1) << 31 | (d >> 1 & 0x3ff) << 21 | (d >> 11 & 1) << 20 |
                             (d >> 12 & 0xff) << 12);
      return;
    case Patch::address:
      set_word(fixup.at, bits | ((d + 0x800) & 0xfffff000));
      set_word(fixup.at + 4, word_at(fixup.at + 4) | (d & 0xfff) << 20);
      return;
  }
}

const std::vector<std::uint8_t>& Assembler::bytes() {
  for (const Fixup& fixup : fixups_) resolve(fixup);
  fixups_.clear();
  return bytes_;
}

}  // namespace hartbeat::test

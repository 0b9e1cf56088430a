// The view through which a reader executes the table's bodies (vocabulary: emu/isa/row.hpp): on the model's registers, with
// the recording's word for what memory held.
#pragma once

#include <array>
#include <type_traits>

#include "emu/isa/cache_block.hpp"
#include "emu/isa/csr_op.hpp"
#include "emu/isa/row.hpp"
#include "emu/observe/recording/bytes.hpp"
#include "emu/observe/recording/format.hpp"
#include "emu/observe/recording/model.hpp"

namespace hartbeat::observe::recording {

// What a `detail` token says about the next retired instruction.
struct Detail {
  std::uint8_t mask = 0;
  std::uint32_t bits = 0;
  std::uint64_t next_pc_offset = 0, result = 0;
  std::uint8_t physical = 0, loads = 0;  // by memory effect
  std::array<std::uint64_t, 4> offsets{}, values{};
  std::array<CsrEffect, 4> csrs{};
  std::uint8_t csr_count = 0;
};

// What the instruction did.
struct Effects {
  std::array<MemoryEffect, 4> memory;
  std::array<CsrEffect, 4> csrs;
  std::uint8_t memory_count = 0, csr_count = 0;
  bool writes_x = false, writes_f = false;
  std::uint64_t rd_value = 0;
};

struct ReplayView {
  HartModel& model;
  MemoryLines& lines;
  const Detail& detail;
  Effects& effects;
  std::uint64_t at;  // pc
  std::uint8_t length;
  std::uint32_t raised = 0;
  bool impossible = false;  // the body asked for something that no retired instruction does

  std::uint64_t x(unsigned n) const { return model.registers.x(n); }
  void set_x(unsigned n, std::uint64_t value) {
    model.registers.x(n) = value;
    if (n == 32) return;
    effects.writes_x = true;
    effects.rd_value = value;
  }
  std::uint64_t f(unsigned n) const { return model.registers.f(n); }
  void set_f(unsigned n, std::uint64_t value) {
    model.registers.f(n) = value;
    effects.writes_f = true;
    effects.rd_value = value;
  }
  std::uint64_t pc() const { return at; }
  std::uint64_t next_pc() const { return at + length; }

  bool fp_enabled() const { return true; }
  template <class Rounding>
  bool rounding(const isa::Operands& o, Rounding& mode) {
    const std::uint64_t field = o.rm == 7 ? model.registers.frm : o.rm;
    if (field > 4) return illegal();
    mode = static_cast<Rounding>(field);
    return true;
  }
  std::uint32_t& fflags() { return raised; }
  void fs_dirty() {}
  bool illegal() {
    impossible = true;
    return false;
  }

  template <class T>
  bool load_x(const isa::Operands& o, std::uint64_t va) {
    const T value = static_cast<T>(loaded(va, physical(va), sizeof(T)));
    set_x(o.rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
    return true;
  }
  template <class T>
  bool load_f(const isa::Operands& o, std::uint64_t va) {
    constexpr std::uint64_t box = sizeof(T) == 8 ? 0 : ~std::uint64_t{0} << (8 * (sizeof(T) % 8));
    set_f(o.rd, loaded(va, physical(va), sizeof(T)) | box);
    return true;
  }
  template <class T>
  bool store(std::uint64_t va, std::uint64_t value) {
    stored(va, physical(va), sizeof(T), static_cast<std::make_unsigned_t<T>>(value));
    return true;
  }
  template <class T, class F>
  bool amo(const isa::Operands& o, std::uint64_t va, F fn) {
    const T operand = static_cast<T>(x(o.rs2));
    const T old = static_cast<T>(loaded(va, physical(va), sizeof(T), Signed<T>{}));
    stored(va, physical(va), sizeof(T), static_cast<std::uint64_t>(static_cast<T>(fn(old, operand))));
    set_x(o.rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(old)));
    return true;
  }
  template <class T>
  bool load_reserved(const isa::Operands& o, std::uint64_t va) {
    const T value = static_cast<T>(loaded(va, physical(va), sizeof(T), Signed<T>{}));
    set_x(o.rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
    return true;
  }
  template <class T>
  bool store_conditional(const isa::Operands& o, std::uint64_t va);
  bool compare_and_swap_pair(const isa::Operands& o, std::uint64_t va);
  bool cache_block(isa::CacheBlock operation, std::uint64_t va) {
    const std::uint64_t block = va & ~(isa::cache_block_bytes - 1);
    if (operation == isa::CacheBlock::zero) stored(block, physical(block), isa::cache_block_bytes, 0);
    return true;
  }

 private:
  // Effects of signed types are told sign-extended, as the engines do.
  template <class T>
  struct Signed {};
  template <class T>
  std::uint64_t loaded(std::uint64_t va, std::uint64_t pa, unsigned size, Signed<T>) {
    const std::uint64_t value = loaded(va, pa, size);
    const std::uint64_t told = static_cast<std::uint64_t>(static_cast<T>(value));
    if (effects.memory_count != 0) effects.memory[effects.memory_count - 1].value = told;
    return value;
  }
  std::uint64_t physical(std::uint64_t va) {
    std::uint64_t pa = model.pages.guess(va);
    const unsigned i = effects.memory_count;
    if (i < 4 && (detail.physical >> i & 1) != 0) pa += unzigzag(detail.offsets[i]);
    model.pages.learn(va, pa);
    return pa;
  }
  std::uint64_t loaded(std::uint64_t va, std::uint64_t pa, unsigned size) {
    std::uint64_t value = lines.read(pa, size);
    const unsigned i = effects.memory_count;
    if (i < 4 && (detail.loads >> i & 1) != 0) {
      value ^= detail.values[i];
      lines.write(pa, size, value);
    }
    add({VirtAddr{va}, PhysAddr{pa}, value, static_cast<std::uint8_t>(size), false});
    return value;
  }
  void stored(std::uint64_t va, std::uint64_t pa, unsigned size, std::uint64_t value) {
    lines.write(pa, size, value);
    add({VirtAddr{va}, PhysAddr{pa}, value, static_cast<std::uint8_t>(size), true});
  }
  void add(const MemoryEffect& effect) {
    if (effects.memory_count < effects.memory.size()) effects.memory[effects.memory_count++] = effect;
  }
};

template <class T>
bool ReplayView::store_conditional(const isa::Operands& o, std::uint64_t va) {
  if ((detail.mask & detail_field::failed) != 0) {
    set_x(o.rd, 1);
    return true;
  }
  stored(va, physical(va), sizeof(T), static_cast<std::uint64_t>(static_cast<T>(x(o.rs2))));
  set_x(o.rd, 0);
  return true;
}

// amocas.q: both halves are compared before either is written.
inline bool ReplayView::compare_and_swap_pair(const isa::Operands& o, std::uint64_t va) {
  const bool to_x0 = (o.rd & 31) == 0;
  const std::uint64_t expected[2] = {to_x0 ? 0 : x(o.rd), to_x0 ? 0 : x(o.rd + 1u)};
  const std::uint64_t source[2] = {x(o.rs2), o.rs2 == 0 ? 0 : x(o.rs2 + 1u)};
  std::uint64_t pa = model.pages.guess(va);
  if (detail.physical & 1) pa += unzigzag(detail.offsets[0]);
  std::uint64_t old[2] = {lines.read(pa, 8), lines.read(pa + 8, 8)};
  if (detail.loads & 1) old[0] ^= detail.values[0];
  if (detail.loads & 4) old[1] ^= detail.values[2];
  const bool equal = old[0] == expected[0] && old[1] == expected[1];
  const std::uint64_t* fresh = equal ? source : old;
  for (unsigned i = 0; i < 2; ++i) {
    loaded(va + 8 * i, physical(va + 8 * i), 8);
    stored(va + 8 * i, physical(va + 8 * i), 8, fresh[i]);
    if (!to_x0) set_x(o.rd + i, old[i]);
  }
  return true;
}

}  // namespace hartbeat::observe::recording

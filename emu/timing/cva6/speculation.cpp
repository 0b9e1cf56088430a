#include "emu/timing/cva6/speculation.hpp"

#include "emu/timing/cva6/bit_field.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

constexpr u64 sext32(u64 value) {
  return static_cast<u64>(static_cast<i64>(static_cast<std::int32_t>(value)));
}

// RV64I arithmetic, and of Zba/Zbb/Zbs/M what addresses are made of; anything else gives 0.
u64 arithmetic(u32 i, u64 a, u64 b, bool word, bool immediate) {
  const u32 funct3 = field(i, 14, 12),
            funct7 = immediate && funct3 != 1 && funct3 != 5 ? 0 : field(i, 31, 25) & ~(immediate ? 1u : 0u);
  const unsigned shift = b & (word ? 31 : 63);
  if (!immediate && funct7 == 1) return funct3 == 0 ? a * b : 0;
  if (!immediate && funct7 == 0x10) {  // sh1add, sh2add, sh3add (and .uw)
    const u64 base = word ? a & 0xFFFFFFFF : a;
    return (base << (funct3 / 2)) + b;
  }
  if (!immediate && word && funct7 == 4 && funct3 == 0) return (a & 0xFFFFFFFF) + b;  // add.uw
  switch (funct3) {
    case 0: return funct7 == 0x20 ? a - b : a + b;
    case 1: return a << shift;
    case 2: return static_cast<i64>(a) < static_cast<i64>(b);
    case 3: return a < b;
    case 4: return funct7 == 0x20 ? ~(a ^ b) : a ^ b;
    case 5:
      if (funct7 == 0x20)
        return word ? sext32(a) >> 63 ? ~(~sext32(a) >> shift) : sext32(a) >> shift
                    : static_cast<u64>(static_cast<i64>(a) >> shift);
      return word ? (a & 0xFFFFFFFF) >> shift : a >> shift;
    case 6: return funct7 == 0x20 ? a | ~b : a | b;
    default: return funct7 == 0x20 ? a & ~b : a & b;
  }
}

}  // namespace

void Speculation::load_registers(const HartView& view) {
  if (loaded_) return;
  for (unsigned i = 1; i < 32; ++i) x_[i] = view.integer_register(i);
  x_[amo_rd_] = 0;
  loaded_ = true;
}

std::uint64_t Speculation::load(const Decoded& d, std::uint64_t address, const HartView& view,
                                const Cva6Tlb& dtlb, const TranslationState& translation) const {
  u64 physical = address;
  if (translation.data) {
    const TlbHit hit = dtlb.probe(address, translation.asid);
    if (!hit.hit) return 0;
    const unsigned shift = hit.level == 0 ? 30 : hit.level == 1 ? 21 : 12;
    const u64 mask = (u64{1} << shift) - 1;
    physical = ((hit.pte.ppn() << 12) & ~mask) | (address & mask);
  }
  const unsigned size = 8u << d.size_log2;
  u64 value = view.read_physical(PhysAddr{physical & ~u64{7}}) >> (8 * (physical & 7));
  if (size < 64) {
    value &= (u64{1} << size) - 1;
    if (!(field(d.expanded, 14, 14)))
      value = static_cast<u64>(static_cast<i64>(value << (64 - size)) >> (64 - size));
  }
  return value;
}

Retirement Speculation::execute(const Decoded& d, std::uint64_t pc, std::uint64_t cycle, const HartView& view,
                                const Cva6Tlb& dtlb, const TranslationState& translation) {
  load_registers(view);
  // The store unit writes back for the atomic whatever stands in front of it then: the operand of a load or
  // store right behind (store_unit.sv, result_o), else zero.
  if (amo_rd_ != 0 && cycle == started_ + 1 && (d.fu == Fu::load || d.fu == Fu::store))
    x_[amo_rd_] = d.fu == Fu::load ? static_cast<u64>(static_cast<i64>(d.immediate))
                  : d.rs2_fpr      ? 0
                                   : x_[d.rs2];
  Retirement out;
  out.pc = VirtAddr{pc};
  out.next_pc = VirtAddr{pc + d.length};
  out.bits = d.bits;
  out.length = d.length;
  const u32 i = d.expanded;
  const u64 a = d.rs1_fpr ? 0 : x_[d.rs1], b = d.rs2_fpr ? 0 : x_[d.rs2];
  out.operand_a = a;
  out.operand_b = b;
  u64 result = 0;
  switch (d.fu) {
    case Fu::alu: {
      const u32 opcode = i & 0x7F;
      const u64 imm = static_cast<u64>(static_cast<i64>(static_cast<std::int32_t>(i) >> 20));
      const u64 upper = static_cast<u64>(static_cast<i64>(static_cast<std::int32_t>(i & 0xFFFFF000)));
      const bool word = opcode == 0x3B || opcode == 0x1B;
      if (opcode == 0x37)
        result = upper;
      else if (opcode == 0x17)
        result = pc + upper;
      else
        result = arithmetic(i, a, (opcode & 0x20) ? b : imm, word, !(opcode & 0x20));
      if (word && field(i, 31, 25) != 0x10 && field(i, 31, 25) != 4) result = sext32(result);
      break;
    }
    case Fu::mult: result = d.op == Op::mul ? arithmetic(i, a, b, (i & 0x7F) == 0x3B, false) : 0; break;
    case Fu::load:
      out.accesses_memory = true;
      out.data_address = VirtAddr{a + static_cast<u64>(static_cast<i64>(d.immediate))};
      result = load(d, out.data_address.value, view, dtlb, translation);
      break;
    case Fu::store:
      out.accesses_memory = true;
      out.data_address = VirtAddr{a + static_cast<u64>(static_cast<i64>(d.immediate))};
      result = b;  // an atomic's operand stands in its result until it has run
      break;
    case Fu::ctrl_flow:
      result = pc + d.length;
      if (d.op == Op::branch && branch_taken(i, a, b))
        out.next_pc = VirtAddr{pc + static_cast<u64>(static_cast<i64>(d.immediate))};
      if (d.op == Op::jal) out.next_pc = VirtAddr{pc + static_cast<u64>(static_cast<i64>(d.immediate))};
      if (d.op == Op::jalr)
        out.next_pc = VirtAddr{(a + static_cast<u64>(static_cast<i64>(d.immediate))) & ~u64{1}};
      break;
    default: break;
  }
  if (d.rd != 0 && !d.rd_fpr) x_[d.rd] = result;
  return out;
}

}  // namespace hartbeat::timing::cva6

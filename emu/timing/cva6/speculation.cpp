#include "emu/timing/cva6/speculation.hpp"

#include "emu/timing/cva6/bit_field.hpp"
#include "mmu/walk.hpp"
#include "mmu/walk_steps.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using u64 = std::uint64_t;
using i64 = std::int64_t;

// Page tables as they stand, for a walker that writes nothing.
class Tables {
 public:
  explicit Tables(const HartView& view) : view_(view) {}
  bool read_pte(PhysAddr address, u64& out) const {
    out = view_.read_physical(address);
    return true;
  }
  bool update_pte(PhysAddr, u64, u64) const { return false; }

 private:
  const HartView& view_;
};

// What the model's walker, which takes its time, is going to find.
mmu::Walk walk_for_load(u64 address, const HartView& view, const TranslationState& translation) {
  mmu::Context context;
  context.mode = mmu::Mode::sv39;
  context.asid = translation.asid;
  context.root_ppn = translation.root >> 12;
  context.privilege = static_cast<Privilege>(translation.data_privilege);
  context.sum = translation.sum;
  context.mxr = translation.mxr;
  Tables tables(view);
  return mmu::walk(tables, context, mmu::Features{}, VirtAddr{address}, mmu::Access::load);
}

}  // namespace

void Speculation::load_registers(const HartView& view) {
  if (loaded_) return;
  for (unsigned i = 1; i < 32; ++i) integers_.registers[i] = view.integer_register(i);
  integers_.registers[amo_rd_] = 0;
  loaded_ = true;
}

std::uint64_t Speculation::load(const Decoded& d, std::uint64_t address, const HartView& view,
                                const Cva6Tlb& dtlb, const TranslationState& translation) const {
  u64 physical = address;
  if (translation.data) {
    const TlbHit hit = dtlb.probe(address, translation.asid);
    if (hit.hit) {
      const unsigned shift = hit.level == 0 ? 30 : hit.level == 1 ? 21 : 12;
      const u64 mask = (u64{1} << shift) - 1;
      physical = ((hit.pte.ppn() << 12) & ~mask) | (address & mask);
    } else {
      const mmu::Walk walk = walk_for_load(address, view, translation);
      if (walk.fault != mmu::Fault::none) return 0;
      physical = walk.address.value;
    }
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

void Speculation::follow(const Decoded& d, std::uint64_t pc, const HartView& view, Retirement& out) {
  load_registers(view);
  const auto offset = static_cast<u64>(static_cast<i64>(d.immediate));
  out.operand_a = integers_.x(d.rs1);
  out.operand_b = integers_.x(d.rs2);
  out.next_pc = VirtAddr{pc + d.length};
  if (d.op == Op::jal || (d.op == Op::branch && branch_taken(d.expanded, out.operand_a, out.operand_b)))
    out.next_pc = VirtAddr{pc + offset};
  if (d.op == Op::jalr) out.next_pc = VirtAddr{(out.operand_a + offset) & ~u64{1}};
}

Retirement Speculation::execute(const Decoded& d, std::uint64_t pc, std::uint64_t cycle, const HartView& view,
                                const Cva6Tlb& dtlb, const TranslationState& translation) {
  load_registers(view);
  // The store unit writes back for the atomic whatever stands in front of it then: the operand of a load or
  // store right behind (store_unit.sv, result_o), else zero.
  if (amo_rd_ != 0 && cycle == started_ + 1 && (d.fu == Fu::load || d.fu == Fu::store))
    integers_.registers[amo_rd_] = d.fu == Fu::load ? static_cast<u64>(static_cast<i64>(d.immediate))
                                   : d.rs2_fpr      ? view.float_register(d.rs2)
                                                    : integers_.x(d.rs2);
  Retirement out;
  out.pc = VirtAddr{pc};
  out.next_pc = VirtAddr{pc + d.length};
  const u64 a = d.rs1_fpr ? 0 : integers_.x(d.rs1), b = d.rs2_fpr ? 0 : integers_.x(d.rs2);
  out.operand_a = a;
  out.operand_b = b;
  u64 result = 0;
  switch (d.fu) {
    case Fu::alu:
    case Fu::aes:
    case Fu::mult:
      integers_.address = pc;
      integers_.length = d.length;
      compute(integers_, isa::decode(d.bits, extensions_));
      return out;
    case Fu::load:
      out.data_address = VirtAddr{a + static_cast<u64>(static_cast<i64>(d.immediate))};
      result = load(d, out.data_address.value, view, dtlb, translation);
      break;
    case Fu::store:
      out.data_address = VirtAddr{a + static_cast<u64>(static_cast<i64>(d.immediate))};
      result = b;  // an atomic's operand stands in its result until it has run
      break;
    case Fu::ctrl_flow:
      result = pc + d.length;
      follow(d, pc, view, out);
      break;
    case Fu::cvxif: return out;  // writes nothing
    default: break;
  }
  if (!d.rd_fpr) integers_.set_x(d.rd, result);
  return out;
}

}  // namespace hartbeat::timing::cva6

// Modules decoder and instr_scan: the fields of an instruction that time depends on.
#include "emu/timing/cva6/decoder.hpp"

#include "emu/isa/decode.hpp"
#include "emu/timing/cva6/bit_field.hpp"
#include "emu/timing/cva6/csr_state.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using u32 = std::uint32_t;

std::int32_t branch_immediate(u32 i) {
  return static_cast<std::int32_t>(((i & 0x80000000) ? 0xFFFFF000 : 0) | (field(i, 7, 7) << 11) |
                                   (field(i, 30, 25) << 5) | (field(i, 11, 8) << 1));
}
std::int32_t jump_immediate(u32 i) {
  return static_cast<std::int32_t>(((i & 0x80000000) ? 0xFFF00000 : 0) | (field(i, 19, 12) << 12) |
                                   (field(i, 20, 20) << 11) | (field(i, 30, 21) << 1));
}
std::int32_t store_immediate(u32 i) {
  return (static_cast<std::int32_t>(i & 0xFE000000) >> 20) | static_cast<std::int32_t>(field(i, 11, 7));
}

void decode_system(u32 i, Decoded& d) {
  d.fu = Fu::csr;
  d.rs1 = field(i, 19, 15);
  d.rs2 = field(i, 24, 20);  // part of a CSR's address, but the RTL checks it for hazards as a register
  d.rd = field(i, 11, 7);
  d.csr = static_cast<std::uint16_t>(field(i, 31, 20));
  const u32 funct3 = field(i, 14, 12);
  if (funct3 == 0) {
    if (i == 0x00000073)
      d.op = Op::ecall;
    else if (i == 0x00100073)
      d.op = Op::ebreak;
    else if (i == 0x30200073)
      d.op = Op::mret;
    else if (i == 0x10200073)
      d.op = Op::sret;
    else if (i == 0x10500073)
      d.op = Op::wfi;
    else if (field(i, 31, 25) == 9 && d.rd == 0)
      d.op = Op::sfence_vma;
    else
      d.op = Op::illegal;
    return;
  }
  if (funct3 == 4) {
    d.op = Op::illegal;
    return;
  }
  d.use_zimm = funct3 >= 5;
  const bool write = (funct3 & 3) == 1 || d.rs1 != 0;
  d.op = write ? Op::csr_write : Op::csr_read;
}

void decode_fp(u32 i, Decoded& d) {
  d.fu = Fu::fpu;
  d.rd = field(i, 11, 7);
  d.rs1 = field(i, 19, 15);
  d.rs2 = field(i, 24, 20);
  const u32 fmt = field(i, 26, 25);
  d.fp_double = fmt == 1;
  if (fmt > 1) {
    d.op = Op::illegal;
    return;
  }
  if (field(i, 6, 0) != 0x53) {  // fused
    d.op = Op::fp_addmul;
    d.has_rs3 = true;
    d.rs3 = field(i, 31, 27);
    d.rd_fpr = d.rs1_fpr = d.rs2_fpr = d.rs3_fpr = true;
    return;
  }
  switch (field(i, 31, 27)) {
    case 0x00:
    case 0x01:  // fadd, fsub: operands go to B and C
      d.op = Op::fp_addmul;
      d.has_rs3 = true;
      d.rs3 = d.rs2;
      d.rs2 = d.rs1;
      d.rs1 = 0;
      d.rd_fpr = d.rs2_fpr = d.rs3_fpr = true;
      break;
    case 0x02:
      d.op = Op::fp_addmul;
      d.rd_fpr = d.rs1_fpr = d.rs2_fpr = true;
      break;
    case 0x03:
      d.op = Op::fp_div;
      d.rd_fpr = d.rs1_fpr = d.rs2_fpr = true;
      break;
    // is_rs2_fpr covers [FADD : FMIN_MAX], and FSQRT comes after FMIN_MAX: its rs2 (x0) is an integer
    // register
    case 0x0B:
      d.op = Op::fp_sqrt;
      d.rd_fpr = d.rs1_fpr = true;
      break;
    case 0x04:
      d.op = Op::fp_noncomp;
      d.rd_fpr = d.rs1_fpr = d.rs2_fpr = true;
      break;
    case 0x05:
      d.op = Op::fp_noncomp;
      d.rd_fpr = d.rs1_fpr = d.rs2_fpr = true;
      break;
    case 0x08:
      d.op = Op::fp_conv;
      d.rs2 = d.rs1;
      d.rd_fpr = d.rs1_fpr = d.rs2_fpr = true;
      break;
    case 0x14:
      d.op = Op::fp_noncomp;
      d.rs1_fpr = d.rs2_fpr = true;
      break;
    case 0x18:
      d.op = Op::fp_conv;
      d.rs1_fpr = true;
      break;  // rs2 is a selector, checked as an integer register
    case 0x1A:
      d.op = Op::fp_conv;
      d.rd_fpr = true;
      break;
    case 0x1C:
      d.op = Op::fp_noncomp;
      d.rs2 = d.rs1;
      d.rs1_fpr = true;
      d.rs2_fpr = field(i, 14, 12) == 0;  // FMV_F2X is in [FSGNJ : FMV_F2X], FCLASS is not
      break;
    case 0x1E:
      d.op = Op::fp_noncomp;
      d.rs2 = d.rs1;
      d.rd_fpr = true;
      break;
    default: d.op = Op::illegal; break;
  }
}

void decode_amo(u32 i, Decoded& d) {
  d.fu = Fu::store;
  d.rs1 = field(i, 19, 15);
  d.rs2 = field(i, 24, 20);
  d.rd = field(i, 11, 7);
  d.size_log2 = static_cast<std::uint8_t>(field(i, 14, 12));
  switch (field(i, 31, 27)) {
    case 2: d.op = Op::amo_lr; break;
    case 3: d.op = Op::amo_sc; break;
    default: d.op = Op::amo_rmw; break;
  }
}

// Zknd, Zkne and Zknh.
bool is_aes(u32 i) {
  const u32 funct3 = field(i, 14, 12), funct7 = field(i, 31, 25);
  if (field(i, 6, 0) == 0x33) return funct3 == 0 && ((funct7 & 0x79) == 0x19 || funct7 == 0x3F);
  return field(i, 6, 0) == 0x13 && funct3 == 1 && (funct7 == 0x08 || funct7 == 0x18);
}

void decode_unit(u32 i, Decoded& d) {
  switch (field(i, 6, 0)) {
    case 0x73: decode_system(i, d); break;
    case 0x0F:
      d.fu = Fu::csr;
      d.op = field(i, 14, 12) == 0 ? Op::fence : field(i, 14, 12) == 1 ? Op::fence_i : Op::illegal;
      break;
    case 0x33: {
      const u32 funct7 = field(i, 31, 25), funct3 = field(i, 14, 12);
      const bool multiplier = funct7 == 1 || (funct7 == 5 && funct3 < 4);  // clmul is there, min/max is not
      d.fu = multiplier ? Fu::mult : is_aes(i) ? Fu::aes : Fu::alu;
      if (multiplier) d.op = funct7 == 1 && funct3 >= 4 ? Op::div : Op::mul;
      d.rs1 = field(i, 19, 15), d.rs2 = field(i, 24, 20), d.rd = field(i, 11, 7);
      break;
    }
    case 0x3B:
      d.fu = field(i, 31, 25) == 1 ? Fu::mult : Fu::alu;
      if (d.fu == Fu::mult) d.op = field(i, 14, 12) >= 4 ? Op::div : Op::mul;
      d.rs1 = field(i, 19, 15), d.rs2 = field(i, 24, 20), d.rd = field(i, 11, 7);
      break;
    case 0x13:
    case 0x1B:
      d.fu = is_aes(i) ? Fu::aes : Fu::alu;
      d.rs1 = field(i, 19, 15);
      d.rd = field(i, 11, 7);
      break;
    case 0x17:
    case 0x37:
      d.fu = Fu::alu;
      d.rd = field(i, 11, 7);
      break;
    case 0x03:
      d.fu = Fu::load, d.rs1 = field(i, 19, 15), d.rd = field(i, 11, 7);
      d.size_log2 = field(i, 13, 12), d.immediate = static_cast<std::int32_t>(i) >> 20;
      break;
    case 0x07:
      d.fu = Fu::load, d.rs1 = field(i, 19, 15), d.rd = field(i, 11, 7), d.rd_fpr = true;
      d.size_log2 = field(i, 13, 12), d.immediate = static_cast<std::int32_t>(i) >> 20;
      break;
    case 0x23:
    case 0x27:
      d.fu = Fu::store, d.rs1 = field(i, 19, 15), d.rs2 = field(i, 24, 20),
      d.rs2_fpr = field(i, 6, 0) == 0x27;
      d.size_log2 = field(i, 13, 12), d.immediate = store_immediate(i);
      break;
    case 0x2F: decode_amo(i, d); break;
    case 0x63:
      d.fu = Fu::ctrl_flow, d.op = Op::branch, d.rs1 = field(i, 19, 15), d.rs2 = field(i, 24, 20);
      d.immediate = branch_immediate(i);
      break;
    case 0x67:
      d.fu = Fu::ctrl_flow, d.op = Op::jalr, d.rs1 = field(i, 19, 15), d.rd = field(i, 11, 7);
      d.immediate = static_cast<std::int32_t>(i) >> 20;
      break;
    case 0x6F:
      d.fu = Fu::ctrl_flow, d.op = Op::jal, d.rd = field(i, 11, 7), d.immediate = jump_immediate(i);
      break;
    case 0x43:
    case 0x47:
    case 0x4B:
    case 0x4F:
    case 0x53: decode_fp(i, d); break;
    default: d.op = Op::illegal; break;
  }
}

// Module instr_scan. xRET counts as a jump to itself.
void scan(Decoded& d) {
  const u32 i = d.bits;
  if (d.length == 2) {
    const u32 quadrant = i & 3, funct3 = field(i, 15, 13);
    d.scan_jump = quadrant == 1 && funct3 == 5;
    d.scan_branch = quadrant == 1 && funct3 >= 6;
    const bool jalr = quadrant == 2 && funct3 == 4 && field(i, 11, 7) != 0 && field(i, 6, 2) == 0;
    d.scan_return = jalr && !field(i, 12, 12) && (field(i, 11, 7) == 1 || field(i, 11, 7) == 5);
    d.scan_call = jalr && field(i, 12, 12);
    d.scan_jalr = jalr && !d.scan_return;
    return;
  }
  const u32 opcode = field(i, 6, 0), rs1 = field(i, 19, 15), rd = field(i, 11, 7);
  const bool jalr = opcode == 0x67, is_xret = (i & 0xDFFFFFFF) == 0x10200073;
  d.scan_branch = opcode == 0x63;
  d.scan_jump = opcode == 0x6F || is_xret;
  d.scan_return = jalr && (rs1 == 1 || rs1 == 5) && rs1 != rd;
  d.scan_call = (jalr || d.scan_jump) && (rd == 1 || rd == 5);
  d.scan_jalr = jalr && !d.scan_return;
}

bool flushes(const Decoded& d) {
  switch (d.op) {
    case Op::csr_write: return csr_write_flushes(d.csr);
    case Op::mret:
    case Op::sret:
    case Op::sfence_vma:
    case Op::fence:
    case Op::fence_i: return true;
    default: return d.is_amo();
  }
}

// Of operations that round, or could (check_fprm).
u32 rounding_mode(const Decoded& d) {
  return d.fu == Fu::fpu && d.op != Op::fp_noncomp ? field(d.expanded, 14, 12) : 0;
}
bool reserved_rounding(const Decoded& d) { return rounding_mode(d) == 5 || rounding_mode(d) == 6; }

// No memory, CSR, trap or flush, and nothing that somebody outside could hear of.
bool is_plain(const Decoded& d) {
  if (d.op == Op::branch && d.immediate == d.length) return false;
  const bool unit = d.fu == Fu::alu || d.fu == Fu::aes || d.fu == Fu::mult || d.fu == Fu::ctrl_flow;
  return unit && !d.raises && !d.flushes && !is_tracepoint(d);
}

bool is_in_nodes(const Decoded& d) {
  if (d.fu == Fu::csr) return d.op == Op::csr_read || d.op == Op::csr_write || d.flushes || d.raises;
  return d.fu != Fu::fpu && d.fu != Fu::cvxif && d.fu != Fu::none;
}

// What follows from the fields.
void note(Decoded& d) {
  const auto reg = [](unsigned number, bool fpr) {
    return static_cast<std::uint8_t>(fpr ? 32 + number : number);
  };
  if (!d.use_zimm) d.sources[0] = reg(d.rs1, d.rs1_fpr);
  d.sources[1] = reg(d.rs2, d.rs2_fpr);
  if (d.has_rs3) d.sources[2] = reg(d.rs3, true);
  d.destination = reg(d.rd, d.rd_fpr);
  d.accesses_memory = d.fu == Fu::load || d.fu == Fu::store;
  d.uses_fpu = d.fu == Fu::fpu || (d.accesses_memory && (d.rd_fpr || d.rs2_fpr));
  d.rounds_by_frm = rounding_mode(d) == 7;
  d.raises = d.op == Op::ecall || d.op == Op::ebreak;
  d.flushes = flushes(d);
  d.plain = is_plain(d);
  d.in_nodes = is_in_nodes(d);
  d.plain_access = d.accesses_memory && !d.is_amo() && !d.rd_fpr && !d.rs2_fpr;
  d.commits_second =
      d.fu == Fu::alu || d.fu == Fu::load || d.fu == Fu::ctrl_flow || d.fu == Fu::mult || d.fu == Fu::fpu;
}

// Offered to the coprocessor port, which rejects it (decoder.sv, OFFLOAD): no operand is waited for.
// Its destination is an integer register, whatever the instruction would have been.
void reject(Decoded& d) {
  const u32 i = d.expanded != 0 ? d.expanded : d.bits;
  d.op = Op::illegal;
  d.fu = Fu::cvxif;
  d.rd = field(i, 11, 7);
  d.rd_fpr = false;
}

}  // namespace

bool branch_taken(std::uint32_t i, std::uint64_t a, std::uint64_t b) {
  switch (field(i, 14, 12)) {
    case 0: return a == b;
    case 1: return a != b;
    case 4: return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
    case 5: return static_cast<std::int64_t>(a) >= static_cast<std::int64_t>(b);
    case 6: return a < b;
    default: return a >= b;
  }
}

Decoded decode(std::uint32_t bits, isa::ExtensionSet extensions) {
  Decoded d;
  d.bits = bits;
  d.length = (bits & 3) == 3 ? 4 : 2;
  d.expanded = d.length == 4 ? bits : expand_compressed(static_cast<std::uint16_t>(bits));
  decode_unit(d.expanded, d);
  if (d.op == Op::illegal || reserved_rounding(d) || !isa::decode(bits, extensions).legal) reject(d);
  scan(d);
  note(d);
  d.scan_any = d.scan_branch || d.scan_jump || d.scan_jalr || d.scan_return;
  return d;
}

DecodeCache::DecodeCache(isa::ExtensionSet extensions) : extensions_(extensions), slots_(entries, &find(0)) {}

const Decoded& DecodeCache::find(std::uint32_t bits) {
  const auto known = known_.find(bits);
  return known != known_.end() ? known->second
                               : known_.emplace(bits, cva6::decode(bits, extensions_)).first->second;
}

const Decoded& DecodeCache::illegal(const Decoded& d) {
  const auto [place, fresh] = illegal_.try_emplace(d.bits, d);
  Decoded& rejected = place->second;
  if (fresh) {
    reject(rejected);
    note(rejected);
  }
  return rejected;
}

}  // namespace hartbeat::timing::cva6

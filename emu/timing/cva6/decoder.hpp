// What the pipeline needs to know of an instruction's bits: unit, registers as the RTL's decoder names them
// (the spurious ones included, they stall too), control flow as instr_scan sees it.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "emu/isa/row.hpp"

namespace hartbeat::timing::cva6 {

// fu_t of ariane_pkg, as far as this configuration has them.
enum class Fu : std::uint8_t { none, load, store, alu, ctrl_flow, mult, csr, fpu, cvxif, aes };

enum class Op : std::uint8_t {
  plain,
  branch,
  jal,
  jalr,
  mul,
  div,
  csr_read,
  csr_write,  // csr_write: also set and clear
  mret,
  sret,
  wfi,
  sfence_vma,
  fence,
  fence_i,
  ecall,
  ebreak,
  amo_lr,
  amo_sc,
  amo_rmw,
  fp_addmul,
  fp_noncomp,
  fp_conv,
  fp_div,
  fp_sqrt,
  illegal,
};

struct Decoded {
  std::uint32_t bits = 0;      // as fetched, 16 bits when compressed
  std::uint32_t expanded = 0;  // the 32-bit instruction that it stands for
  std::int32_t immediate = 0;  // of control flow (from the pc) and of loads and stores
  std::uint16_t csr = 0;
  Fu fu = Fu::none;
  Op op = Op::plain;
  std::uint8_t rd = 0, rs1 = 0, rs2 = 0, rs3 = 0;
  bool rd_fpr = false, rs1_fpr = false, rs2_fpr = false, rs3_fpr = false;
  bool has_rs3 = false;
  bool use_zimm = false;
  bool fp_double = false;
  std::uint8_t size_log2 = 0;  // of memory accesses
  std::uint8_t length = 4;
  // instr_scan
  bool scan_branch = false, scan_jump = false, scan_jalr = false, scan_return = false, scan_call = false;
  bool scan_any = false;  // one of the first four

  // Asked in every cycle, so kept (decode() fills them in).
  std::array<std::uint8_t, 3>
      sources{};                 // rs1, rs2, rs3: 0 … 63, floating-point registers from 32 up; x0: none
  std::uint8_t destination = 0;  // the same of rd
  bool accesses_memory = false;
  bool plain = false;           // only computes, branches or jumps; a branch's two ways differ
  bool plain_access = false;    // a load or store of an integer register
  bool in_nodes = false;        // pipeline_memo.hpp knows what becomes of it in the pipeline
  bool raises = false;          // ECALL and EBREAK
  bool uses_fpu = false;        // illegal while mstatus.FS is off
  bool rounds_by_frm = false;   // illegal while frm is reserved
  bool flushes = false;         // the pipeline, when it commits
  bool commits_second = false;  // the second commit port takes it

  // Where it goes on may be another place than the front end foretold.
  bool may_mispredict() const { return op == Op::branch || op == Op::jalr; }
  bool is_amo() const { return op == Op::amo_lr || op == Op::amo_sc || op == Op::amo_rmw; }
};

inline constexpr Decoded no_instruction;

// The hint that a guest kernel tells its story with (guestos/abi/tracepoints.hpp): slti x0, rs1, imm.
inline bool is_tracepoint(const Decoded& d) { return (d.bits & 0x7FFF) == 0x2013; }

// 32-bit form of a compressed instruction (RV64C and Zcb); 0 when it is illegal. Module compressed_decoder.
std::uint32_t expand_compressed(std::uint16_t bits);

// What is illegal without those extensions has Op::illegal, as an unknown pattern has.
[[gnu::noinline]] Decoded decode(std::uint32_t bits, isa::ExtensionSet extensions);

// Does the conditional branch (32-bit form) go to its target with these operands?
bool branch_taken(std::uint32_t bits, std::uint64_t a, std::uint64_t b);

// Decodings by bits, kept for good, so that the pipeline passes pointers; a direct-mapped memo in front.
class DecodeCache {
 public:
  explicit DecodeCache(isa::ExtensionSet extensions);
  const Decoded& operator[](std::uint32_t bits) {
    if ((bits & 3) != 3) bits &= 0xFFFF;
    const Decoded*& slot = slots_[(bits * 0x9E3779B1u) >> 19];
    if (slot->bits != bits) slot = &find(bits);
    return *slot;
  }
  // The same bits while the CSRs forbid the instruction (CsrState::forbids).
  const Decoded& illegal(const Decoded& d);
  isa::ExtensionSet extensions() const { return extensions_; }

 private:
  [[gnu::noinline]] const Decoded& find(std::uint32_t bits);

  static constexpr unsigned entries = 1u << 13;
  isa::ExtensionSet extensions_;
  std::unordered_map<std::uint32_t, Decoded> known_,
      illegal_;  // references stay valid; their order is never looked at
  std::vector<const Decoded*> slots_;
};

}  // namespace hartbeat::timing::cva6

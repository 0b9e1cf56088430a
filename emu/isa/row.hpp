// The format of an instruction's one row: name, encoding, extension, unit, meaning.
//
// A row's meaning is a generic lambda over a *view* of the hart. The same lambda serves the fast engine, the
// observed engine and the tests, each with a view of its own, so they cannot drift apart. The vocabulary of a view:
//
//   h.x(n), h.set_x(n, value)        integer register (reading x0 gives 0, writing it is allowed and lost)
//   h.f(n), h.set_f(n, value)        raw 64-bit floating-point register (NaN-boxing is the row's business)
//   h.pc(), h.next_pc()              address of this instruction, and of the one behind it
//   h.load_x<T>(o, address)          rd = extended T at address; false when it trapped
//   h.load_f<T>(o, address)          the same into f[rd], NaN-boxed
//   h.store<T>(address, value)       false when it trapped
//   h.amo<T>(o, address, fn)         rd = old, memory = fn(old, rs2 as T), atomically; false when it trapped
//   h.compare_and_swap_pair(o, address)   the same for 16 bytes in the register pairs rd and rs2
//   h.cache_block(operation, address)     a cache-block instruction; false when it trapped
//   h.load_reserved<T>(o, address), h.store_conditional<T>(o, address)   false when it trapped
//   h.fp_enabled()                   false, with an illegal-instruction trap pending, when mstatus.FS is Off
//   h.rounding(o, mode)              the effective rounding mode into `mode`; false (trap) when it is reserved
//   h.fflags()                       reference to the accrued exception flags, a uint32_t with the bits of fcsr
//   h.fs_dirty()                     the f registers or fcsr have changed
//   h.illegal()                      raises an illegal-instruction trap; returns false
// and for Kind::system rows, which return Flow: h.csr(o, op), h.ecall(), h.ebreak(), h.mret(), h.sret(), h.wfi(),
//   h.sfence_vma(o), h.fence_i(), h.fence(o), h.pause(), h.wait_on_reservation(shortly), h.tracepoint(o), …
#pragma once

#include <cstdint>
#include <string_view>

#include "emu/isa/encoding.hpp"
#include "emu/isa/operands.hpp"

namespace hartbeat::isa {

// What a body returns and what may happen after it.
enum class Kind : std::uint8_t {
  compute,  // void: cannot trap, falls through
  memory,   // bool: false when it trapped; falls through otherwise
  fp,       // bool: false when it trapped (FS off, reserved rounding mode); falls through otherwise
  branch,   // bool: taken; the target is pc + imm
  jump,     // uint64_t: the target address
  system,   // Flow: ends a basic block, may change anything
};

// What the engine does after a system instruction.
enum class Flow : std::uint8_t {
  next,      // go on with the next instruction; privilege, translation or counters may have changed
  redirect,  // hart.pc has been set (mret, sret)
  trapped,   // a trap is pending in the hart
  wait,      // wfi, wrs.nto, wrs.sto: the hart sleeps
};

// The functional unit that executes the instruction, for the cycle models and the instruction mix.
enum class Unit : std::uint8_t {
  alu,
  branch,
  jump,
  jump_register,
  mul,
  div,
  load,
  store,
  amo,
  load_reserved,
  store_conditional,
  csr,
  fence,
  fence_i,
  sfence,
  trap_call,
  xret,
  wfi,
  fp_add,
  fp_mul,
  fp_fma,
  fp_div,
  fp_sqrt,
  fp_compare,
  fp_convert,
  fp_move,
  fp_load,
  fp_store,
  cache_block,
  hint,
  aes,  // AES and SHA-2
};

// Extensions that can be switched; a row belongs to one (a row of two names the rarer, as Zcb does).
enum class Extension : std::uint8_t {
  i,
  m,
  a,
  f,
  d,
  c,
  zicsr,
  zifencei,
  zicntr,
  zihpm,
  zba,
  zbb,
  zbc,
  zbs,
  zicond,
  zcb,
  svinval,
  zfhmin,
  zfh,
  zicbom,
  zicbop,
  zicboz,
  zawrs,
  zacas,
  zimop,
  zcmop,
  zbkb,
  zbkx,
  zknd,
  zkne,
  zknh,
  zkn_keys,  // the key schedule of Zknd and Zkne: with either
  supervisor,
  zfhmin_d,  // conversions between half and double: with Zfhmin and D
  // Without instructions of their own: CSRs …
  sscofpmf,
  smstateen,
  // … and statements about what every hart here does anyway.
  zic64b,
  ziccamoa,
  ziccif,
  zicclsm,
  ziccrse,
  za64rs,
  zkt,
  ssccptr,
  sscounterenw,
  ssstateen,
  sstvala,
  sstvecd,
  ssu64xl,
  svbare,
  svvptc,
  count_,
};

class ExtensionSet {
 public:
  constexpr ExtensionSet() = default;
  constexpr bool has(Extension e) const { return (bits_ >> static_cast<unsigned>(e)) & 1; }
  constexpr ExtensionSet& set(Extension e, bool on = true) {
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(e);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
    return *this;
  }
  friend constexpr bool operator==(ExtensionSet, ExtensionSet) = default;

 private:
  std::uint64_t bits_ = 0;
};

// A row as data: what decoding, disassembly and timing need to know.
struct RowInfo {
  std::string_view name;
  Encoding encoding;
  Extension extension = Extension::i;
  Unit unit = Unit::alu;
  Kind kind = Kind::compute;
};

template <Kind K, class Body>
struct Meaning {
  static constexpr Kind kind = K;
  Body body;
};

template <class Body>
constexpr auto compute(Body body) {
  return Meaning<Kind::compute, Body>{body};
}
template <class Body>
constexpr auto memory(Body body) {
  return Meaning<Kind::memory, Body>{body};
}
template <class Body>
constexpr auto fp(Body body) {
  return Meaning<Kind::fp, Body>{body};
}
template <class Body>
constexpr auto branch(Body body) {
  return Meaning<Kind::branch, Body>{body};
}
template <class Body>
constexpr auto jump(Body body) {
  return Meaning<Kind::jump, Body>{body};
}
template <class Body>
constexpr auto system(Body body) {
  return Meaning<Kind::system, Body>{body};
}

template <Kind K, class Body_>
struct Row {
  using Body = Body_;
  static constexpr Kind kind = K;
  RowInfo info;
  Body body;
};

// row("addi", "imm12 rs1 000 rd 0010011", Extension::i, Unit::alu, compute([](auto& h, auto& o) { … }))
// The encoding is written as in the manual's tables, most significant field first; see encoding.hpp.
template <Kind K, class Body>
constexpr Row<K, Body> row(std::string_view name, std::string_view encoding, Extension extension, Unit unit,
                           Meaning<K, Body> meaning) {
  return {{name, parse_encoding(encoding), extension, unit, K}, meaning.body};
}

}  // namespace hartbeat::isa

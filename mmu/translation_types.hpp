// The vocabulary of a translation: who accesses, in which mode, under which CSR state, on which
// implementation. Privileged specification, "Supervisor-Level ISA", chapters Sv39, Sv48, Sv57, Svnapot,
// Svpbmt, Svade, Svadu.
#pragma once

#include <cstdint>

namespace hartbeat::mmu {

// What the access is for. `store` covers SC and AMOs: every failure of an AMO, its load phase included, is
// reported as a store fault (privileged spec, table of exception codes). LR is a `load`.
enum class Access : std::uint8_t { fetch, load, store };

// Encoded as in mstatus.MPP.
enum class Privilege : std::uint8_t { user = 0, supervisor = 1, machine = 3 };

// Encoded as in satp.MODE (RV64).
enum class Mode : std::uint8_t { bare = 0, sv39 = 8, sv48 = 9, sv57 = 10 };

// Number of page-table levels of a mode; 0 for bare.
constexpr unsigned levels_of(Mode mode) { return mode == Mode::bare ? 0 : static_cast<unsigned>(mode) - 5; }

// Width of a mode's virtual addresses in bits: 39, 48 or 57.
constexpr unsigned va_bits_of(Mode mode) { return 12 + 9 * levels_of(mode); }

// The CSR state that a translation depends on.
struct Context {
  Mode mode = Mode::bare;
  std::uint16_t asid = 0;
  std::uint64_t root_ppn = 0;                // satp.PPN
  Privilege privilege = Privilege::machine;  // effective: MPRV and MPP already applied to loads and stores
  bool sum = false;                          // mstatus.SUM
  bool mxr = false;                          // mstatus.MXR
  bool hardware_ad = false;                  // menvcfg.ADUE with Svadu: the walker sets A and D; else Svade
  bool pbmt_enabled = false;                 // menvcfg.PBMTE with Svpbmt
};

// Whether addresses are translated at all: privileged spec, step 1 ("satp must be active, i.e. the effective
// privilege mode must be S-mode or U-mode").
constexpr bool translates(const Context& context) {
  return context.mode != Mode::bare && context.privilege != Privilege::machine;
}

// What the implementation has, fixed for a run.
struct Features {
  bool svnapot = true;
  bool svpbmt = true;
  unsigned asid_bits = 16;  // ASIDLEN, 0 to 16: higher bits of an ASID are ignored
  unsigned pa_bits = 56;    // physical addresses at and above 2^pa_bits do not exist
};

}  // namespace hartbeat::mmu

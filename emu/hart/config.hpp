// What a hart is made of: the choices that the architecture leaves to the implementation.
#pragma once

#include <cstdint>

#include "emu/isa/row.hpp"
#include "mmu/mmu.hpp"

namespace hartbeat {

struct HartConfig {
  isa::ExtensionSet extensions;  // what decodes; everything else is illegal
  bool sv48 = true;              // Sv39 is always there; satp ignores a write of an unsupported MODE
  bool sv57 = true;
  bool svadu = true;       // hardware updates A and D (with menvcfg.ADUE as its reset value says)
  bool adue_reset = true;  // menvcfg.ADUE out of reset: QEMU's and our virt machine start with Svadu active
  mmu::UnitConfig mmu;     // TLBs and walker; Svnapot, Svpbmt, ASID and physical address width
  unsigned pmp_entries = 16;      // 0, 8 or 16 are usual; at most 64
  bool time_csr = true;           // false: reading `time` is illegal (CVA6), firmware emulates it
  bool misaligned_traps = false;  // true: misaligned loads and stores trap (CVA6)
  bool sstc = false;              // stimecmp: the supervisor's own timer (Sstc)
  bool lr_sc_as_stores =
      false;  // LR and a failing SC are checked as stores (CVA6: the store unit executes them)
  std::uint64_t reset_pc = 0x1000;  // set by the loader for ELF-only machines
  std::uint64_t mvendorid = 0, marchid = 0, mimpid = 0;
  std::uint64_t mconfigptr = 0;  // physical address; 0: there is no configuration structure
};

}  // namespace hartbeat

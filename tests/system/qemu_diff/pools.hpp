// The instructions to draw from: the rows of the table, and every compressed pattern, by what they may do.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/isa/decode.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat::qemu_diff {

struct Compressed {
  std::uint16_t bits;
  isa::Operands operands;
};

struct Pools {
  Pools();

  std::vector<const isa::RowInfo*> compute, fp, branch, load_store, fp_load_store, atomic;
  std::vector<Compressed> compressed_compute, compressed_memory,
      compressed_forward;  // forward: branches and jumps
};

// RV64GC with Zfh, the B extensions and scalar cryptography but for SM3 and SM4: what both emulators have.
isa::ExtensionSet common_extensions();

}  // namespace hartbeat::qemu_diff

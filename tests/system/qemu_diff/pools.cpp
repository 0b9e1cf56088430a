#include "tests/system/qemu_diff/pools.hpp"

#include "emu/isa/table.hpp"

namespace hartbeat::qemu_diff {

using isa::Extension;
using isa::Kind;
using isa::Unit;

isa::ExtensionSet common_extensions() {
  isa::ExtensionSet set;
  for (const Extension e :
       {Extension::i,        Extension::m,     Extension::a,          Extension::f,    Extension::d,
        Extension::c,        Extension::zicsr, Extension::zifencei,   Extension::zba,  Extension::zbb,
        Extension::zbc,      Extension::zbs,   Extension::supervisor, Extension::zfh,  Extension::zfhmin,
        Extension::zfhmin_d, Extension::zbkb,  Extension::zbkx,       Extension::zknd, Extension::zkne,
        Extension::zkn_keys, Extension::zknh}) {
    set.set(e);
  }
  return set;
}

Pools::Pools() {
  const isa::ExtensionSet extensions = common_extensions();
  for (const isa::RowInfo& row : isa::row_infos) {
    if (!extensions.has(row.extension)) continue;
    if (row.kind == Kind::compute) compute.push_back(&row);
    if (row.kind == Kind::fp) fp.push_back(&row);
    if (row.kind == Kind::branch) branch.push_back(&row);
    if (row.unit == Unit::load || row.unit == Unit::store) load_store.push_back(&row);
    if (row.unit == Unit::fp_load || row.unit == Unit::fp_store) fp_load_store.push_back(&row);
    if (row.unit == Unit::amo) atomic.push_back(&row);
  }
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) == 3) continue;
    const isa::Decoded decoded = isa::decode(bits, extensions);
    if (!decoded.legal) continue;
    const isa::RowInfo& row = isa::row_infos[decoded.operands.row];
    const Compressed entry{static_cast<std::uint16_t>(bits), decoded.operands};
    const bool near = decoded.operands.imm >= 4 && decoded.operands.imm <= 20;
    const bool relative = row.kind == Kind::branch || row.unit == Unit::jump;
    if (row.kind == Kind::compute) compressed_compute.push_back(entry);
    if (row.kind == Kind::memory) compressed_memory.push_back(entry);
    if (relative && near) compressed_forward.push_back(entry);
  }
}

}  // namespace hartbeat::qemu_diff

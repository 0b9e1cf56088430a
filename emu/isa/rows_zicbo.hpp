// Zicbom, Zicbop and Zicboz: cache blocks (unprivileged spec, "CMO"). Whether menvcfg and senvcfg let them run, and what
// of the block may be accessed, is the view's business.
#pragma once

#include "emu/isa/cache_block.hpp"
#include "emu/isa/row_list.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zicbo = rows(
    row("cbo.inval", "000000000000 rs1 010 00000 0001111", Extension::zicbom, Unit::cache_block,
        memory([](auto& h, const Operands& o) { return h.cache_block(CacheBlock::inval, h.x(o.rs1)); })),
    row("cbo.clean", "000000000001 rs1 010 00000 0001111", Extension::zicbom, Unit::cache_block,
        memory([](auto& h, const Operands& o) { return h.cache_block(CacheBlock::clean, h.x(o.rs1)); })),
    row("cbo.flush", "000000000010 rs1 010 00000 0001111", Extension::zicbom, Unit::cache_block,
        memory([](auto& h, const Operands& o) { return h.cache_block(CacheBlock::flush, h.x(o.rs1)); })),
    row("cbo.zero", "000000000100 rs1 010 00000 0001111", Extension::zicboz, Unit::cache_block,
        memory([](auto& h, const Operands& o) { return h.cache_block(CacheBlock::zero, h.x(o.rs1)); })),
    // HINTs in the encodings of ori x0. There is nothing to prefetch into without a cache model, and they never trap.
    row("prefetch.i", "simm7 00000 rs1 110 00000 0010011", Extension::zicbop, Unit::hint,
        compute([](auto&, const Operands&) {})),
    row("prefetch.r", "simm7 00001 rs1 110 00000 0010011", Extension::zicbop, Unit::hint,
        compute([](auto&, const Operands&) {})),
    row("prefetch.w", "simm7 00011 rs1 110 00000 0010011", Extension::zicbop, Unit::hint,
        compute([](auto&, const Operands&) {}))
);
// clang-format on

}  // namespace hartbeat::isa

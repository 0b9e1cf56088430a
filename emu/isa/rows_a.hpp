// A: load-reserved, store-conditional and atomic memory operations (unprivileged spec, chapter 13).
#pragma once

#include "emu/isa/atomic_functions.hpp"
#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_a = rows(
    row("lr.w", "00010 aq rl 00000 rs1 010 rd 0101111", Extension::a, Unit::load_reserved,
        memory([](auto& h, const Operands& o) {
          return h.template load_reserved<std::int32_t>(o, h.x(o.rs1));
        })),
    row("sc.w", "00011 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::store_conditional,
        memory([](auto& h, const Operands& o) {
          return h.template store_conditional<std::int32_t>(o, h.x(o.rs1));
        })),
    row("amoswap.w", "00001 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::exchanged);
        })),
    row("amoadd.w", "00000 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::sum);
        })),
    row("amoxor.w", "00100 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::exclusive_or);
        })),
    row("amoand.w", "01100 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::conjunction);
        })),
    row("amoor.w", "01000 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::disjunction);
        })),
    row("amomin.w", "10000 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::minimum);
        })),
    row("amomax.w", "10100 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::maximum);
        })),
    row("amominu.w", "11000 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::minimum_unsigned);
        })),
    row("amomaxu.w", "11100 aq rl rs2 rs1 010 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int32_t>(o, h.x(o.rs1), atomic::maximum_unsigned);
        })),
    row("lr.d", "00010 aq rl 00000 rs1 011 rd 0101111", Extension::a, Unit::load_reserved,
        memory([](auto& h, const Operands& o) {
          return h.template load_reserved<std::int64_t>(o, h.x(o.rs1));
        })),
    row("sc.d", "00011 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::store_conditional,
        memory([](auto& h, const Operands& o) {
          return h.template store_conditional<std::int64_t>(o, h.x(o.rs1));
        })),
    row("amoswap.d", "00001 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::exchanged);
        })),
    row("amoadd.d", "00000 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::sum);
        })),
    row("amoxor.d", "00100 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::exclusive_or);
        })),
    row("amoand.d", "01100 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::conjunction);
        })),
    row("amoor.d", "01000 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::disjunction);
        })),
    row("amomin.d", "10000 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::minimum);
        })),
    row("amomax.d", "10100 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::maximum);
        })),
    row("amominu.d", "11000 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::minimum_unsigned);
        })),
    row("amomaxu.d", "11100 aq rl rs2 rs1 011 rd 0101111", Extension::a, Unit::amo,
        memory([](auto& h, const Operands& o) {
          return h.template amo<std::int64_t>(o, h.x(o.rs1), atomic::maximum_unsigned);
        }))
);
// clang-format on

}  // namespace hartbeat::isa

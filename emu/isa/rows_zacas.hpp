// Zacas: compare and swap; Zawrs: wait on a reservation set (unprivileged spec, "Zacas", "Zawrs").
#pragma once

#include "emu/isa/row_list.hpp"
#include "emu/isa/words.hpp"

namespace hartbeat::isa {

// The AMO's function: the operand where memory holds what rd does, else what is there. Storing the old value when they
// differ is one of the two behaviours that the specification permits; either way the access is checked as a store.
template <class T, class H>
bool compare_and_swap(H& h, const Operands& o) {
  const T expected = static_cast<T>(rd_is_x0(o) ? 0 : h.x(o.rd));
  return h.template amo<T>(o, h.x(o.rs1),
                           [expected](T old, T source) { return old == expected ? source : old; });
}

// Registers of a pair have an even number; the odd ones are reserved.
template <class H>
bool compare_and_swap_pair(H& h, const Operands& o) {
  if (((o.rd | o.rs2) & 1) != 0) return h.illegal();
  return h.compare_and_swap_pair(o, h.x(o.rs1));
}

// clang-format off
inline constexpr auto rows_zacas = rows(
    row("amocas.w", "00101 aq rl rs2 rs1 010 rd 0101111", Extension::zacas, Unit::amo,
        memory([](auto& h, const Operands& o) { return compare_and_swap<std::int32_t>(h, o); })),
    row("amocas.d", "00101 aq rl rs2 rs1 011 rd 0101111", Extension::zacas, Unit::amo,
        memory([](auto& h, const Operands& o) { return compare_and_swap<std::int64_t>(h, o); })),
    row("amocas.q", "00101 aq rl rs2 rs1 100 rd 0101111", Extension::zacas, Unit::amo,
        memory([](auto& h, const Operands& o) { return compare_and_swap_pair(h, o); })),
    row("wrs.nto", "000000001101 00000 000 00000 1110011", Extension::zawrs, Unit::hint,
        system([](auto& h, const Operands&) { return h.wait_on_reservation(false); })),
    row("wrs.sto", "000000011101 00000 000 00000 1110011", Extension::zawrs, Unit::hint,
        system([](auto& h, const Operands&) { return h.wait_on_reservation(true); }))
);
// clang-format on

}  // namespace hartbeat::isa

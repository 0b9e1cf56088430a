// The small vocabulary in which the bodies of floating-point rows are written. Each function carries out one
// shape of instruction: check that the unit is on and the rounding mode valid, unbox, compute, box, mark
// dirty. They return false when the instruction trapped.
#pragma once

#include <cstdint>
#include <type_traits>

#include "emu/isa/fp/arithmetic.hpp"
#include "emu/isa/operands.hpp"

namespace hartbeat::isa {

using fp::Double;
using fp::Half;
using fp::Single;

template <class F, class H>
typename F::Bits read_f(H& h, unsigned n) {
  return fp::unbox<F>(h.f(n));
}

template <class F, class H>
void write_f(H& h, unsigned n, typename F::Bits value) {
  h.set_f(n, fp::box<F>(value));
  h.fs_dirty();
}

template <class H>
bool resolve_rounding(H& h, const Operands& o, fp::Rounding& mode) {
  return h.fp_enabled() && h.rounding(o, mode);
}

// f[rd] = function(f[rs1], f[rs2]), rounded.
template <class F, auto function, class H>
bool rounded_binary(H& h, const Operands& o) {
  fp::Rounding mode{};
  if (!resolve_rounding(h, o, mode)) return false;
  write_f<F>(h, o.rd, function(read_f<F>(h, o.rs1), read_f<F>(h, o.rs2), mode, h.fflags()));
  return true;
}

// f[rd] = function(f[rs1], f[rs2], f[rs3]), rounded.
template <class F, auto function, class H>
bool rounded_ternary(H& h, const Operands& o) {
  fp::Rounding mode{};
  if (!resolve_rounding(h, o, mode)) return false;
  const auto a = read_f<F>(h, o.rs1);
  const auto b = read_f<F>(h, o.rs2);
  const auto c = read_f<F>(h, o.rs3);
  write_f<F>(h, o.rd, function(a, b, c, mode, h.fflags()));
  return true;
}

// f[rd] in format To = function(f[rs1] in format From), rounded.
template <class To, class From, auto function, class H>
bool rounded_unary(H& h, const Operands& o) {
  fp::Rounding mode{};
  if (!resolve_rounding(h, o, mode)) return false;
  write_f<To>(h, o.rd, function(read_f<From>(h, o.rs1), mode, h.fflags()));
  return true;
}

// f[rd] = function(f[rs1], f[rs2]) without rounding or flags: sign injection.
template <class F, auto function, class H>
bool exact_binary(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  write_f<F>(h, o.rd, function(read_f<F>(h, o.rs1), read_f<F>(h, o.rs2)));
  return true;
}

// f[rd] = function(f[rs1], f[rs2]) with flags: minimum and maximum.
template <class F, auto function, class H>
bool select_binary(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  write_f<F>(h, o.rd, function(read_f<F>(h, o.rs1), read_f<F>(h, o.rs2), h.fflags()));
  return true;
}

// Runs `compute(fflags)` for a result that goes to an x register; the unit is dirty only if a flag was
// raised, whether or not it was set before.
template <class H, class Compute>
void with_flags(H& h, Compute compute) {
  std::uint32_t raised = 0;
  compute(raised);
  if (raised == 0) return;
  h.fflags() |= raised;
  h.fs_dirty();
}

// x[rd] = function(f[rs1], f[rs2]): comparisons.
template <class F, auto function, class H>
bool compare_f(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  with_flags(h, [&](std::uint32_t& fflags) {
    h.set_x(o.rd, function(read_f<F>(h, o.rs1), read_f<F>(h, o.rs2), fflags));
  });
  return true;
}

// x[rd] = f[rs1] as Integer; a 32-bit result is sign-extended even when it is unsigned.
template <class F, class Integer, class H>
bool convert_to_x(H& h, const Operands& o) {
  fp::Rounding mode{};
  if (!resolve_rounding(h, o, mode)) return false;
  with_flags(h, [&](std::uint32_t& fflags) {
    using Signed = std::make_signed_t<Integer>;
    const auto value = static_cast<Signed>(fp::to_integer<F, Integer>(read_f<F>(h, o.rs1), mode, fflags));
    h.set_x(o.rd, static_cast<std::uint64_t>(std::int64_t{value}));
  });
  return true;
}

// f[rd] = x[rs1] as Integer.
template <class F, class Integer, class H>
bool convert_from_x(H& h, const Operands& o) {
  fp::Rounding mode{};
  if (!resolve_rounding(h, o, mode)) return false;
  write_f<F>(h, o.rd, fp::from_integer<F, Integer>(static_cast<Integer>(h.x(o.rs1)), mode, h.fflags()));
  return true;
}

// x[rd] = the raw bits of f[rs1], sign-extended; NaN-boxing is not looked at.
template <class F, class H>
bool move_to_x(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  using Signed = std::make_signed_t<typename F::Bits>;
  h.set_x(o.rd, static_cast<std::uint64_t>(std::int64_t{static_cast<Signed>(h.f(o.rs1))}));
  return true;
}

// f[rd] = the low bits of x[rs1].
template <class F, class H>
bool move_from_x(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  write_f<F>(h, o.rd, static_cast<typename F::Bits>(h.x(o.rs1)));
  return true;
}

template <class F, class H>
bool classify_f(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  h.set_x(o.rd, fp::classify<F>(read_f<F>(h, o.rs1)));
  return true;
}

template <class F, class H>
bool load_fp(H& h, const Operands& o) {
  if (!h.fp_enabled() || !h.template load_f<typename F::Bits>(o, h.x(o.rs1) + o.imm)) return false;
  h.fs_dirty();
  return true;
}

// Stores the raw low bits of f[rs2]; NaN-boxing is not looked at.
template <class F, class H>
bool store_fp(H& h, const Operands& o) {
  if (!h.fp_enabled()) return false;
  using Bits = typename F::Bits;
  return h.template store<Bits>(h.x(o.rs1) + o.imm, static_cast<Bits>(h.f(o.rs2)));
}

}  // namespace hartbeat::isa

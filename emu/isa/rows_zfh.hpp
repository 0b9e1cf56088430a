// Zfhmin and Zfh: half-precision floating point (unprivileged spec, "Zfh" and "Zfhmin").
#pragma once

#include "emu/isa/fp_words.hpp"
#include "emu/isa/row_list.hpp"

namespace hartbeat::isa {

// clang-format off
inline constexpr auto rows_zfh = rows(
    // Zfhmin: moves and conversions between formats
    row("flh", "imm12 rs1 001 fd 0000111", Extension::zfhmin, Unit::fp_load,
        memory([](auto& h, const Operands& o) { return load_fp<Half>(h, o); })),
    row("fsh", "simm7 fs2 rs1 001 simm5 0100111", Extension::zfhmin, Unit::fp_store,
        memory([](auto& h, const Operands& o) { return store_fp<Half>(h, o); })),
    row("fmv.x.h", "1110010 00000 fs1 000 rd 1010011", Extension::zfhmin, Unit::fp_move,
        fp([](auto& h, const Operands& o) { return move_to_x<Half>(h, o); })),
    row("fmv.h.x", "1111010 00000 rs1 000 fd 1010011", Extension::zfhmin, Unit::fp_move,
        fp([](auto& h, const Operands& o) { return move_from_x<Half>(h, o); })),
    row("fcvt.s.h", "0100000 00010 fs1 rm fd 1010011", Extension::zfhmin, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return rounded_unary<Single, Half, fp::convert<Single, Half>>(h, o); })),
    row("fcvt.h.s", "0100010 00000 fs1 rm fd 1010011", Extension::zfhmin, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return rounded_unary<Half, Single, fp::convert<Half, Single>>(h, o); })),
    row("fcvt.d.h", "0100001 00010 fs1 rm fd 1010011", Extension::zfhmin_d, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return rounded_unary<Double, Half, fp::convert<Double, Half>>(h, o); })),
    row("fcvt.h.d", "0100010 00001 fs1 rm fd 1010011", Extension::zfhmin_d, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return rounded_unary<Half, Double, fp::convert<Half, Double>>(h, o); })),
    // Zfh: arithmetic
    row("fmadd.h", "fs3 10 fs2 fs1 rm fd 1000011", Extension::zfh, Unit::fp_fma,
        fp([](auto& h, const Operands& o) { return rounded_ternary<Half, fp::multiply_add<Half>>(h, o); })),
    row("fmsub.h", "fs3 10 fs2 fs1 rm fd 1000111", Extension::zfh, Unit::fp_fma,
        fp([](auto& h, const Operands& o) { return rounded_ternary<Half, fp::multiply_subtract<Half>>(h, o); })),
    row("fnmsub.h", "fs3 10 fs2 fs1 rm fd 1001011", Extension::zfh, Unit::fp_fma,
        fp([](auto& h, const Operands& o) { return rounded_ternary<Half, fp::negated_multiply_subtract<Half>>(h, o); })),
    row("fnmadd.h", "fs3 10 fs2 fs1 rm fd 1001111", Extension::zfh, Unit::fp_fma,
        fp([](auto& h, const Operands& o) { return rounded_ternary<Half, fp::negated_multiply_add<Half>>(h, o); })),
    row("fadd.h", "0000010 fs2 fs1 rm fd 1010011", Extension::zfh, Unit::fp_add,
        fp([](auto& h, const Operands& o) { return rounded_binary<Half, fp::add<Half>>(h, o); })),
    row("fsub.h", "0000110 fs2 fs1 rm fd 1010011", Extension::zfh, Unit::fp_add,
        fp([](auto& h, const Operands& o) { return rounded_binary<Half, fp::subtract<Half>>(h, o); })),
    row("fmul.h", "0001010 fs2 fs1 rm fd 1010011", Extension::zfh, Unit::fp_mul,
        fp([](auto& h, const Operands& o) { return rounded_binary<Half, fp::multiply<Half>>(h, o); })),
    row("fdiv.h", "0001110 fs2 fs1 rm fd 1010011", Extension::zfh, Unit::fp_div,
        fp([](auto& h, const Operands& o) { return rounded_binary<Half, fp::divide<Half>>(h, o); })),
    row("fsqrt.h", "0101110 00000 fs1 rm fd 1010011", Extension::zfh, Unit::fp_sqrt,
        fp([](auto& h, const Operands& o) { return rounded_unary<Half, Half, fp::square_root<Half>>(h, o); })),
    row("fsgnj.h", "0010010 fs2 fs1 000 fd 1010011", Extension::zfh, Unit::fp_move,
        fp([](auto& h, const Operands& o) { return exact_binary<Half, fp::inject_sign<Half>>(h, o); })),
    row("fsgnjn.h", "0010010 fs2 fs1 001 fd 1010011", Extension::zfh, Unit::fp_move,
        fp([](auto& h, const Operands& o) { return exact_binary<Half, fp::inject_negated_sign<Half>>(h, o); })),
    row("fsgnjx.h", "0010010 fs2 fs1 010 fd 1010011", Extension::zfh, Unit::fp_move,
        fp([](auto& h, const Operands& o) { return exact_binary<Half, fp::inject_xored_sign<Half>>(h, o); })),
    row("fmin.h", "0010110 fs2 fs1 000 fd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return select_binary<Half, fp::minimum_number<Half>>(h, o); })),
    row("fmax.h", "0010110 fs2 fs1 001 fd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return select_binary<Half, fp::maximum_number<Half>>(h, o); })),
    row("feq.h", "1010010 fs2 fs1 010 rd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return compare_f<Half, fp::equal<Half>>(h, o); })),
    row("flt.h", "1010010 fs2 fs1 001 rd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return compare_f<Half, fp::less<Half>>(h, o); })),
    row("fle.h", "1010010 fs2 fs1 000 rd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return compare_f<Half, fp::less_or_equal<Half>>(h, o); })),
    row("fclass.h", "1110010 00000 fs1 001 rd 1010011", Extension::zfh, Unit::fp_compare,
        fp([](auto& h, const Operands& o) { return classify_f<Half>(h, o); })),
    row("fcvt.w.h", "1100010 00000 fs1 rm rd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_to_x<Half, std::int32_t>(h, o); })),
    row("fcvt.h.w", "1101010 00000 rs1 rm fd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_from_x<Half, std::int32_t>(h, o); })),
    row("fcvt.wu.h", "1100010 00001 fs1 rm rd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_to_x<Half, std::uint32_t>(h, o); })),
    row("fcvt.h.wu", "1101010 00001 rs1 rm fd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_from_x<Half, std::uint32_t>(h, o); })),
    row("fcvt.l.h", "1100010 00010 fs1 rm rd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_to_x<Half, std::int64_t>(h, o); })),
    row("fcvt.h.l", "1101010 00010 rs1 rm fd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_from_x<Half, std::int64_t>(h, o); })),
    row("fcvt.lu.h", "1100010 00011 fs1 rm rd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_to_x<Half, std::uint64_t>(h, o); })),
    row("fcvt.h.lu", "1101010 00011 rs1 rm fd 1010011", Extension::zfh, Unit::fp_convert,
        fp([](auto& h, const Operands& o) { return convert_from_x<Half, std::uint64_t>(h, o); }))
);
// clang-format on

}  // namespace hartbeat::isa

// The F and D rows: encodings as GNU binutils assembles them, and what the bodies do beyond arithmetic.
#include <bit>
#include <catch2/catch.hpp>
#include <string>

#include "emu/isa/decode.hpp"
#include "emu/isa/table.hpp"

namespace hartbeat::isa {

namespace {

struct Assembled {
  std::string_view name;
  uint32_t word;
};

// riscv64-unknown-elf-as 2.40: rd or fd = 5, rs1 or fs1 = 7, fs2 = 9, fs3 = 11, rm = rup where it is written.
constexpr Assembled assembled[] = {
    {"flw", 0x1233a287},       {"fsw", 0xfe93ada7},       {"fmadd.s", 0x5893b2c3},
    {"fmsub.s", 0x5893b2c7},   {"fnmsub.s", 0x5893b2cb},  {"fnmadd.s", 0x5893b2cf},
    {"fadd.s", 0x0093b2d3},    {"fsub.s", 0x0893b2d3},    {"fmul.s", 0x1093b2d3},
    {"fdiv.s", 0x1893b2d3},    {"fsqrt.s", 0x5803b2d3},   {"fsgnj.s", 0x209382d3},
    {"fsgnjn.s", 0x209392d3},  {"fsgnjx.s", 0x2093a2d3},  {"fmin.s", 0x289382d3},
    {"fmax.s", 0x289392d3},    {"feq.s", 0xa093a2d3},     {"flt.s", 0xa09392d3},
    {"fle.s", 0xa09382d3},     {"fclass.s", 0xe00392d3},  {"fcvt.w.s", 0xc003b2d3},
    {"fcvt.s.w", 0xd003b2d3},  {"fcvt.wu.s", 0xc013b2d3}, {"fcvt.s.wu", 0xd013b2d3},
    {"fcvt.l.s", 0xc023b2d3},  {"fcvt.s.l", 0xd023b2d3},  {"fcvt.lu.s", 0xc033b2d3},
    {"fcvt.s.lu", 0xd033b2d3}, {"fmv.x.w", 0xe00382d3},   {"fmv.w.x", 0xf00382d3},
    {"fld", 0x1233b287},       {"fsd", 0xfe93bda7},       {"fmadd.d", 0x5a93b2c3},
    {"fmsub.d", 0x5a93b2c7},   {"fnmsub.d", 0x5a93b2cb},  {"fnmadd.d", 0x5a93b2cf},
    {"fadd.d", 0x0293b2d3},    {"fsub.d", 0x0a93b2d3},    {"fmul.d", 0x1293b2d3},
    {"fdiv.d", 0x1a93b2d3},    {"fsqrt.d", 0x5a03b2d3},   {"fsgnj.d", 0x229382d3},
    {"fsgnjn.d", 0x229392d3},  {"fsgnjx.d", 0x2293a2d3},  {"fmin.d", 0x2a9382d3},
    {"fmax.d", 0x2a9392d3},    {"feq.d", 0xa293a2d3},     {"flt.d", 0xa29392d3},
    {"fle.d", 0xa29382d3},     {"fclass.d", 0xe20392d3},  {"fcvt.w.d", 0xc203b2d3},
    {"fcvt.d.w", 0xd20382d3},  {"fcvt.wu.d", 0xc213b2d3}, {"fcvt.d.wu", 0xd21382d3},
    {"fcvt.l.d", 0xc223b2d3},  {"fcvt.d.l", 0xd223b2d3},  {"fcvt.lu.d", 0xc233b2d3},
    {"fcvt.d.lu", 0xd233b2d3}, {"fmv.x.d", 0xe20382d3},   {"fmv.d.x", 0xf20382d3},
    {"fcvt.s.d", 0x4013b2d3},  {"fcvt.d.s", 0x420382d3},
};

// A hart of registers only.
struct View {
  uint64_t x_[32] = {};
  uint64_t f_[32] = {};
  uint32_t fflags_ = 0;
  bool on = true;
  bool dirty = false;
  uint64_t address = 0;
  uint64_t stored = 0;

  uint64_t x(unsigned n) const { return x_[n]; }
  void set_x(unsigned n, uint64_t value) { x_[n] = value; }
  uint64_t f(unsigned n) const { return f_[n]; }
  void set_f(unsigned n, uint64_t value) { f_[n] = value; }
  bool fp_enabled() const { return on; }
  bool rounding(const Operands& o, fp::Rounding& mode) const {
    mode = static_cast<fp::Rounding>(o.rm);
    return o.rm <= 4;
  }
  uint32_t& fflags() { return fflags_; }
  void fs_dirty() { dirty = true; }
  template <class T>
  bool load_f(const Operands& o, uint64_t from) {
    address = from;
    f_[o.rd] = sizeof(T) == 8 ? 0x1122'3344'5566'7788 : 0xffff'ffff'5566'7788;
    return true;
  }
  template <class T>
  bool store(uint64_t to, T value) {
    address = to;
    stored = value;
    return true;
  }
};

template <size_t... I>
bool run_row(View& view, std::string_view name, const Operands& o, std::index_sequence<I...>) {
  bool result = false;
  const auto try_row = [&](const auto& row) {
    if (row.info.name == name) result = row.body(view, o);
  };
  (try_row(leaf_row<I>(rows_fp)), ...);
  return result;
}

bool run(View& view, std::string_view name, const Operands& o) {
  return run_row(view, name, o, std::make_index_sequence<rows_fp.size>());
}

constexpr Operands operands{.imm = 16, .rd = 5, .rs1 = 7, .rs2 = 9, .rs3 = 11, .rm = 0};

ExtensionSet f_and_d() { return ExtensionSet{}.set(Extension::i).set(Extension::f).set(Extension::d); }

uint64_t boxed(float value) { return fp::box<fp::Single>(std::bit_cast<uint32_t>(value)); }

}  // namespace

TEST_CASE("an F or D instruction is decoded otherwise than GNU binutils assembles it", "[fp][isa]") {
  REQUIRE(std::size(assembled) == rows_fp.size);
  for (const auto& [name, word] : assembled) {
    INFO(name);
    const Decoded decoded = decode(word, f_and_d());
    REQUIRE(decoded.legal);
    const RowInfo& row = row_infos[decoded.operands.row];
    REQUIRE(row.name == name);
    const Operands& o = decoded.operands;
    const Encoding& e = row.encoding;
    if (e.has(Field::rd) || e.has(Field::fd)) REQUIRE(o.rd == 5);
    if (e.has(Field::rs1) || e.has(Field::fs1)) REQUIRE(o.rs1 == 7);
    if (e.has(Field::fs2)) REQUIRE(o.rs2 == 9);
    if (e.has(Field::fs3)) REQUIRE(o.rs3 == 11);
    if (e.has(Field::rm)) REQUIRE(o.rm == (word >> 12 & 7));
    if (e.has(Field::imm12)) REQUIRE(o.imm == 0x123);
    if (e.has(Field::simm7)) REQUIRE(o.imm == -5);
  }
}

TEST_CASE("a D instruction is legal without D", "[fp][isa]") {
  const ExtensionSet only_f = ExtensionSet{}.set(Extension::i).set(Extension::f);
  for (const auto& [name, word] : assembled) {
    INFO(name);
    const bool needs_d = name.find(".d") != std::string_view::npos || name == "fld" || name == "fsd";
    REQUIRE(decode(word, only_f).legal == !needs_d);
  }
}

TEST_CASE("an F or D instruction runs while mstatus.FS is Off", "[fp][isa]") {
  for (const auto& entry : assembled) {
    INFO(entry.name);
    View view;
    view.on = false;
    REQUIRE_FALSE(run(view, entry.name, operands));
    REQUIRE(view.x_[5] == 0);
    REQUIRE(view.f_[5] == 0);
    REQUIRE(view.address == 0);
    REQUIRE_FALSE(view.dirty);
  }
}

TEST_CASE("an instruction with a reserved rounding mode runs", "[fp][isa]") {
  for (const auto& entry : assembled) {
    INFO(entry.name);
    View view;
    Operands o = operands;
    o.rm = 5;
    const bool rounds = row_infos[decode(entry.word, f_and_d()).operands.row].encoding.has(Field::rm);
    REQUIRE(run(view, entry.name, o) == !rounds);
  }
}

TEST_CASE("a single-precision instruction reads past a broken NaN box or writes an unboxed result",
          "[fp][isa]") {
  View view;
  view.f_[7] = boxed(1.5f);
  view.f_[9] = boxed(2.0f);
  view.f_[11] = boxed(0.25f);
  REQUIRE(run(view, "fmadd.s", operands));
  REQUIRE(view.f_[5] == boxed(3.25f));
  REQUIRE(view.dirty);
  view.f_[9] &= 0x7fff'ffff'ffff'ffff;
  REQUIRE(run(view, "fadd.s", operands));
  REQUIRE(view.f_[5] == 0xffff'ffff'7fc0'0000);
  REQUIRE(run(view, "fsgnj.s", operands));
  REQUIRE(view.f_[5] == boxed(1.5f));
  REQUIRE(run(view, "fmv.x.w", operands));
  REQUIRE(view.x_[5] == 0x3fc0'0000);
}

TEST_CASE("the four fused operations differ in other ways than their signs", "[fp][isa]") {
  const std::pair<const char*, double> expected[] = {
      {"fmadd.d", 7.0}, {"fmsub.d", 5.0}, {"fnmsub.d", -5.0}, {"fnmadd.d", -7.0}};
  for (const auto& [name, value] : expected) {
    View view;
    view.f_[7] = std::bit_cast<uint64_t>(2.0);
    view.f_[9] = std::bit_cast<uint64_t>(3.0);
    view.f_[11] = std::bit_cast<uint64_t>(1.0);
    REQUIRE(run(view, name, operands));
    REQUIRE(std::bit_cast<double>(view.f_[5]) == value);
  }
}

TEST_CASE("an unsigned 32-bit conversion is not sign-extended into its register", "[fp][isa]") {
  View view;
  view.f_[7] = std::bit_cast<uint64_t>(4294967295.0);
  REQUIRE(run(view, "fcvt.wu.d", operands));
  REQUIRE(view.x_[5] == ~uint64_t{0});
  view.x_[7] = 0xffff'ffff'ffff'ffff;
  REQUIRE(run(view, "fcvt.d.wu", operands));
  REQUIRE(std::bit_cast<double>(view.f_[5]) == 4294967295.0);
  REQUIRE(run(view, "fcvt.d.w", operands));
  REQUIRE(std::bit_cast<double>(view.f_[5]) == -1.0);
  REQUIRE(run(view, "fcvt.d.lu", operands));
  REQUIRE(std::bit_cast<double>(view.f_[5]) == 18446744073709551616.0);
}

TEST_CASE("a comparison that raises no flag makes the unit dirty", "[fp][isa]") {
  View view;
  view.f_[7] = std::bit_cast<uint64_t>(1.0);
  view.f_[9] = std::bit_cast<uint64_t>(2.0);
  REQUIRE(run(view, "flt.d", operands));
  REQUIRE(view.x_[5] == 1);
  REQUIRE_FALSE(view.dirty);
  view.f_[9] = fp::Double::canonical_nan;
  REQUIRE(run(view, "flt.d", operands));
  REQUIRE(view.x_[5] == 0);
  REQUIRE(view.fflags_ == fp::invalid);
  REQUIRE(view.dirty);
}

TEST_CASE("a floating-point load or store uses the wrong address or width", "[fp][isa]") {
  View view;
  view.x_[7] = 0x1000;
  view.f_[9] = 0x1122'3344'8899'aabb;
  REQUIRE(run(view, "fsw", operands));
  REQUIRE(view.address == 0x1010);
  REQUIRE(view.stored == 0x8899'aabb);
  REQUIRE_FALSE(view.dirty);
  REQUIRE(run(view, "fsd", operands));
  REQUIRE(view.stored == 0x1122'3344'8899'aabb);
  REQUIRE(run(view, "flw", operands));
  REQUIRE(view.f_[5] == 0xffff'ffff'5566'7788);
  REQUIRE(view.dirty);
}

}  // namespace hartbeat::isa

// Control transfer, memory and system rows: what the bodies ask of the hart.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "tests/isa/test_view.hpp"
#include "tests/isa/textbook.hpp"

namespace hartbeat::isa {
namespace {

using U = std::uint64_t;

TEST_CASE("a branch is taken on the wrong condition") {
  const U values[] = {0, 1, 2, ~U{0}, ~U{0} - 1, U{1} << 63, (U{1} << 63) - 1, U{1} << 31, 0xFFFFFFFF};
  for (const U a : values) {
    for (const U b : values) {
      TestView view;
      view.registers[1] = a;
      view.registers[2] = b;
      const auto taken = [&](std::string_view name) {
        return run_row(name, view, {.imm = 8, .rs1 = 1, .rs2 = 2}).flag;
      };
      CHECK(taken("beq") == (textbook::subtract(a, b) == 0));
      CHECK(taken("bne") == (textbook::subtract(a, b) != 0));
      CHECK(taken("blt") == textbook::less_signed(a, b));
      CHECK(taken("bge") == !textbook::less_signed(a, b));
      CHECK(taken("bltu") == textbook::less_unsigned(a, b));
      CHECK(taken("bgeu") == !textbook::less_unsigned(a, b));
    }
  }
}

TEST_CASE("a jump goes elsewhere or links the wrong address") {
  TestView view;
  CHECK(run_row("jal", view, {.imm = -16, .rd = 1}).target == 0x80000FF0);
  CHECK(view.x(1) == 0x80001004);
  view.length = 2;
  CHECK(run_row("jal", view, {.imm = 0x100, .rd = 0}).target == 0x80001100);
  view.registers[5] = 0x2001;
  CHECK(run_row("jalr", view, {.imm = 2, .rd = 5, .rs1 = 5}).target ==
        0x2002);  // link register is the source
  CHECK(view.x(5) == 0x80001002);
  CHECK(run_row("jalr", view, {.imm = -1, .rd = 1, .rs1 = 0}).target == 0xFFFFFFFFFFFFFFFE);
}

TEST_CASE("a load extends wrongly or reads the wrong bytes") {
  struct Load {
    const char* name;
    unsigned bytes;
    bool is_signed;
  };
  const Load loads[] = {{"lb", 1, true},   {"lh", 2, true},   {"lw", 4, true},  {"ld", 8, true},
                        {"lbu", 1, false}, {"lhu", 2, false}, {"lwu", 4, false}};
  for (const U pattern : {U{0x8081828384858687}, U{0x0102030405060708}, ~U{0}}) {
    for (const Load& load : loads) {
      TestView view;
      view.write<U>(0x1FF8, pattern);
      view.registers[1] = 0x2000;
      INFO(load.name);
      CHECK(run_row(load.name, view, {.imm = -8, .rd = 1, .rs1 = 1}).flag);
      const U low = textbook::from_bits(
          [&](int i) { return i < 8 * static_cast<int>(load.bytes) && textbook::bit(pattern, i); });
      CHECK(view.x(1) ==
            (load.is_signed ? textbook::sign_from(pattern, 8 * static_cast<int>(load.bytes) - 1) : low));
    }
  }
}

TEST_CASE("a store writes other bytes than its own") {
  const std::map<std::string, unsigned> stores = {{"sb", 1}, {"sh", 2}, {"sw", 4}, {"sd", 8}};
  for (const auto& [name, bytes] : stores) {
    TestView view;
    view.registers[1] = 0xFFFFFFFFFFFFFFF0;  // wraps around
    view.registers[2] = 0x1122334455667788;
    INFO(name);
    CHECK(run_row(name, view, {.imm = 0x20, .rs1 = 1, .rs2 = 2}).flag);
    CHECK(view.memory.size() == bytes);
    for (unsigned i = 0; i < bytes; ++i) CHECK(view.memory.at(0x10 + i) == 0x88 - 0x11 * i);
  }
}

TEST_CASE("an access that trapped looks done") {
  for (const RowInfo& row : row_infos) {
    if (row.kind != Kind::memory || row.unit == Unit::aes || !is_integer(row.extension)) continue;
    INFO(row.name);
    TestView view;
    view.faults = true;
    view.registers[3] = 77;
    CHECK_FALSE(run_row(row.name, view, {.rd = 3, .rs1 = 1, .rs2 = 2}).flag);
    CHECK(view.x(3) == 77);
    CHECK(view.memory.empty());
  }
}

TEST_CASE("an AMO's result is not the textbook's, or rd is not the old value, sign-extended") {
  namespace t = textbook;
  const std::map<std::string, t::Function> functions = {
      {"amoswap", [](U, U s) { return s; }},  {"amoadd", t::add},
      {"amoxor", t::functions().at("xor")},   {"amoand", t::functions().at("and")},
      {"amoor", t::functions().at("or")},     {"amomin", t::functions().at("min")},
      {"amomax", t::functions().at("max")},   {"amominu", t::functions().at("minu")},
      {"amomaxu", t::functions().at("maxu")},
  };
  const U values[] = {0,          1,     0x7FFFFFFF,        0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF,
                      U{1} << 63, ~U{0}, 0xFFFFFFFF00000001};
  for (const auto& [name, function] : functions) {
    for (const U old : values) {
      for (const U source : values) {
        INFO(name << std::hex << " " << old << " " << source);
        TestView view;
        view.registers[1] = 0x1000;
        view.registers[2] = source;
        view.write<U>(0x1000, old);
        CHECK(run_row(name + ".d", view, {.rd = 3, .rs1 = 1, .rs2 = 2}).flag);
        CHECK(view.read<U>(0x1000) == function(old, source));
        CHECK(view.x(3) == old);
        // Words: operands sign-extended compare as the words do, signed and unsigned alike.
        view.write<U>(0x1000, old);
        CHECK(run_row(name + ".w", view, {.rd = 2, .rs1 = 1, .rs2 = 2}).flag);
        CHECK(t::word(view.read<std::uint32_t>(0x1000)) == t::word(function(t::word(old), t::word(source))));
        CHECK(view.read<std::uint32_t>(0x1004) == old >> 32);
        CHECK(view.x(2) == t::word(old));
      }
    }
  }
}

TEST_CASE("a compare-and-swap stores when memory differs from rd, or does not when it equals") {
  for (const bool equal : {true, false}) {
    INFO(equal);
    TestView view;
    view.registers[1] = 0x1000;
    view.registers[2] = 0x1122334455667788;
    view.registers[4] = equal ? 0xAAAAAAAA80000000 : 5;  // the word compares without its upper half
    view.write<U>(0x1000, 0x9999999980000000);
    CHECK(run_row("amocas.w", view, {.rd = 4, .rs1 = 1, .rs2 = 2}).flag);
    CHECK(view.read<U>(0x1000) == (equal ? 0x9999999955667788 : 0x9999999980000000));
    CHECK(view.x(4) == 0xFFFFFFFF80000000);
    view.write<U>(0x1000, 7);
    view.registers[4] = equal ? 7 : 8;
    CHECK(run_row("amocas.d", view, {.rd = 4, .rs1 = 1, .rs2 = 2}).flag);
    CHECK(view.read<U>(0x1000) == (equal ? 0x1122334455667788 : 7));
    CHECK(view.x(4) == 7);
  }
  TestView view;  // x0 as rd compares with zero, also when the engine sends it to its sink
  view.registers[1] = 0x1000;
  view.registers[2] = 3;
  CHECK(run_row("amocas.d", view, {.rd = 0, .rs1 = 1, .rs2 = 2}).flag);
  CHECK(view.read<U>(0x1000) == 3);
}

TEST_CASE("a pair of registers that begins with an odd one is accepted") {
  for (const auto& [rd, rs2] : {std::pair<std::uint8_t, std::uint8_t>{3, 4}, {4, 3}}) {
    TestView view;
    CHECK_FALSE(run_row("amocas.q", view, {.rd = rd, .rs1 = 1, .rs2 = rs2}).flag);
    CHECK(view.call == "illegal");
  }
  TestView view;
  CHECK(run_row("amocas.q", view, {.rd = 4, .rs1 = 1, .rs2 = 6}).flag);
}

TEST_CASE("a may-be-operation does not write zero") {
  for (const char* name : {"mop.r", "mop.rr"}) {
    TestView view;
    view.registers[3] = 5;
    run_row(name, view, {.imm = 4, .rd = 3, .rs1 = 3, .rs2 = 3});
    CHECK(view.x(3) == 0);
  }
}

TEST_CASE("a cache-block instruction asks for another operation or block") {
  const std::map<std::string, std::string> all = {{"cbo.inval", "cache_block 0 4096"},
                                                  {"cbo.clean", "cache_block 1 4096"},
                                                  {"cbo.flush", "cache_block 2 4096"},
                                                  {"cbo.zero", "cache_block 3 4096"}};
  for (const auto& [name, call] : all) {
    TestView view;
    view.registers[5] = 4096;
    CHECK(run_row(name, view, {.rs1 = 5}).flag);
    CHECK(view.call == call);
  }
}

TEST_CASE("LR and SC do not reserve, store and report") {
  TestView view;
  view.registers[1] = 0x1000;
  view.registers[2] = 0x1122334455667788;
  view.write<U>(0x1000, 0x80000000);
  CHECK(run_row("lr.w", view, {.rd = 3, .rs1 = 1}).flag);
  CHECK(view.x(3) == 0xFFFFFFFF80000000);
  CHECK(run_row("sc.w", view, {.rd = 3, .rs1 = 1, .rs2 = 2}).flag);
  CHECK(view.x(3) == 0);
  CHECK(view.read<U>(0x1000) == 0x55667788);
  CHECK(run_row("sc.d", view, {.rd = 3, .rs1 = 1, .rs2 = 2}).flag);
  CHECK(view.x(3) == 1);
  CHECK(run_row("lr.d", view, {.rd = 3, .rs1 = 1}).flag);
  CHECK(run_row("sc.d", view, {.rd = 1, .rs1 = 1, .rs2 = 2}).flag);
  CHECK(view.read<U>(0x1000) == 0x1122334455667788);
  CHECK(view.x(1) == 0);
}

TEST_CASE("a CSR instruction reads or writes when it must not, or with the wrong operand") {
  TestView view;
  view.registers[7] = 42;
  const auto call = [&](std::string_view name, Operands o) {
    CHECK(run_row(name, view, o).flow == Flow::next);
    return view.call;
  };
  CHECK(call("csrrw", {.imm = 0x300, .rd = 1, .rs1 = 7}) == "write 768 42 w r");
  CHECK(call("csrrw", {.imm = 0x300, .rd = 0, .rs1 = 0}) == "write 768 0 w -");
  CHECK(call("csrrs", {.imm = 0x300, .rd = 1, .rs1 = 7}) == "set 768 42 w r");
  CHECK(call("csrrs", {.imm = 0x300, .rd = 0, .rs1 = 0}) == "set 768 0 - -");
  CHECK(call("csrrs", {.imm = 0x300, .rd = 1, .rs1 = 6}) == "set 768 0 w r");  // x6 holds 0: still a write
  CHECK(call("csrrc", {.imm = 0xC00, .rd = 32, .rs1 = 7}) ==
        "clear 3072 42 w -");  // the engine's sink for x0
  CHECK(call("csrrc", {.imm = 0xC00, .rd = 2, .rs1 = 0}) == "clear 3072 0 - r");
  CHECK(call("csrrwi", {.imm = 1, .rd = 1, .rs1 = 31}) == "write 1 31 w r");
  CHECK(call("csrrwi", {.imm = 1, .rd = 1, .rs1 = 0}) == "write 1 0 w r");
  CHECK(call("csrrsi", {.imm = 1, .rd = 1, .rs1 = 0}) == "set 1 0 - r");
  CHECK(call("csrrsi", {.imm = 1, .rd = 1, .rs1 = 7}) == "set 1 7 w r");
  CHECK(call("csrrci", {.imm = 1, .rd = 0, .rs1 = 16}) == "clear 1 16 w -");
  CHECK(call("csrrci", {.imm = 1, .rd = 0, .rs1 = 0}) == "clear 1 0 - -");
}

TEST_CASE("a system instruction does something else than its name says") {
  struct Expected {
    std::string name, call;
    Flow flow;
  };
  const Operands o{.imm = 0x0FF, .rs1 = 4, .rs2 = 9};
  const Expected all[] = {{"ecall", "ecall", Flow::trapped},
                          {"ebreak", "ebreak", Flow::trapped},
                          {"mret", "mret", Flow::redirect},
                          {"sret", "sret", Flow::redirect},
                          {"wfi", "wfi", Flow::wait},
                          {"sfence.vma", "sfence_vma 4 9", Flow::next},
                          {"sinval.vma", "sfence_vma 4 9", Flow::next},
                          {"sfence.w.inval", "sfence_order", Flow::next},
                          {"sfence.inval.ir", "sfence_order", Flow::next},
                          {"fence", "fence 255", Flow::next},
                          {"fence.i", "fence_i", Flow::next},
                          {"pause", "pause", Flow::next},
                          {"wrs.nto", "wait", Flow::wait},
                          {"wrs.sto", "wait shortly", Flow::wait},
                          {"hint.trace", "tracepoint 255", Flow::next}};
  for (const Expected& e : all) {
    TestView view;
    CHECK(run_row(e.name, view, o).flow == e.flow);
    CHECK(view.call == e.call);
  }
}

}  // namespace
}  // namespace hartbeat::isa

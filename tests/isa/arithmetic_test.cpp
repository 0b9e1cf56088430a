// Every row that only computes, against the textbook.
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/isa/test_view.hpp"
#include "tests/isa/textbook.hpp"

namespace hartbeat::isa {
namespace {

using U = std::uint64_t;

std::vector<U> corners() {
  std::vector<U> values = {0,   1,      2,      3,      5,          7,          8,          31,
                           32,  33,     63,     64,     65,         127,        128,        255,
                           256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000};
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) values.push_back(~values[i] + 1);  // their negatives
  for (const U value :
       {U{0x7FFFFFFFFFFFFFFF}, U{0x8000000000000000}, U{0x8000000000000001}, U{0xFFFFFFFF7FFFFFFF},
        U{0x0123456789ABCDEF}, U{0xFEDCBA9876543210}, U{0x5555555555555555}, U{0xAA00AA00AA00AA00}})
    values.push_back(value);
  return values;
}

std::vector<std::array<U, 2>> pairs() {
  std::vector<std::array<U, 2>> result;
  for (const U a : corners())
    for (const U b : corners()) result.push_back({a, b});
  std::mt19937_64 random(5);
  for (int i = 0; i < 500; ++i) result.push_back({random() >> (random() % 64), random() >> (random() % 64)});
  return result;
}

// "addi" computes what "add" does, "slliw" what "sllw" does, "slli.uw" what "sll.uw" would.
std::string register_form(std::string name) {
  if (const auto at = name.find("i."); at != std::string::npos) return name.erase(at, 1);
  if (name == "sltiu") return "sltu";
  if (name.ends_with("iw")) return name.erase(name.size() - 2, 1);
  if (name.ends_with("i")) return name.erase(name.size() - 1);
  return name;
}

bool has_immediate(const Encoding& e) {
  return e.has(Field::imm12) || e.has(Field::shamt6) || e.has(Field::shamt5);
}

std::vector<std::int64_t> immediates(const Encoding& e) {
  if (e.has(Field::imm12)) return {0, 1, -1, 2, 31, 63, 255, 2047, -2048, -1024, 0x555, -0x556};
  std::vector<std::int64_t> amounts;
  for (int i = 0; i < (e.has(Field::shamt6) ? 64 : 32); ++i) amounts.push_back(i);
  return amounts;
}

U result_of(std::string_view row, const Operands& o, U a, U b) {
  TestView view;
  view.registers[o.rs1] = a;
  if (o.rs2 != 0) view.registers[o.rs2] = b;
  run_row(row, view, o);
  return view.x(o.rd);
}

bool is_tested_here(const RowInfo& row) {
  return row.kind == Kind::compute && is_integer(row.extension) && row.name != "lui" && row.name != "auipc" &&
         row.extension != Extension::zimop && row.extension != Extension::zicbop &&
         !row.name.starts_with("aes64");  // aes_test.cpp
}

TEST_CASE("an arithmetic instruction's result is not the textbook's") {
  const auto operands = pairs();
  for (const RowInfo& row : row_infos) {
    if (!is_tested_here(row)) continue;
    INFO(row.name);
    const bool immediate = has_immediate(row.encoding);
    const auto formula = textbook::functions().find(
        immediate ? std::string_view(register_form(std::string(row.name))) : row.name);
    REQUIRE(formula !=
            textbook::functions().end());  // a row without a second opinion is a row without a test
    std::size_t wrong = 0;
    for (const auto& [a, b] : operands) {
      if (!immediate) {
        wrong += result_of(row.name, {.rd = 3, .rs1 = 1, .rs2 = 2}, a, b) != formula->second(a, b);
        continue;
      }
      if (b != 0) continue;  // once for each a
      for (const std::int64_t imm : immediates(row.encoding))
        wrong += result_of(row.name, {.imm = imm, .rd = 3, .rs1 = 1}, a, 0) !=
                 formula->second(a, static_cast<U>(imm));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("an instruction whose destination is one of its sources computes something else") {
  const U a = 0x8123456789ABCDEF, b = 0xFEDCBA9876543212;
  for (const RowInfo& row : row_infos) {
    if (!is_tested_here(row)) continue;
    INFO(row.name);
    const std::int64_t imm = has_immediate(row.encoding) ? 5 : 0;
    const U apart = result_of(row.name, {.imm = imm, .rd = 3, .rs1 = 1, .rs2 = 2}, a, b);
    CHECK(result_of(row.name, {.imm = imm, .rd = 1, .rs1 = 1, .rs2 = 2}, a, b) == apart);
    if (row.encoding.has(Field::rs2))
      CHECK(result_of(row.name, {.imm = imm, .rd = 2, .rs1 = 1, .rs2 = 2}, a, b) == apart);
  }
}

TEST_CASE("writing x0 changes it") {
  for (const RowInfo& row : row_infos) {
    if (!is_tested_here(row)) continue;
    INFO(row.name);
    CHECK(result_of(row.name, {.imm = 1, .rd = 0, .rs1 = 1, .rs2 = 2}, ~U{0}, 3) == 0);
  }
}

TEST_CASE("lui or auipc loses the upper immediate's sign") {
  TestView view;
  run_row("lui", view, {.imm = -4096, .rd = 1});
  CHECK(view.x(1) == 0xFFFFFFFFFFFFF000);
  run_row("lui", view, {.imm = 0x7FFFF000, .rd = 1});
  CHECK(view.x(1) == 0x7FFFF000);
  run_row("auipc", view, {.imm = -4096, .rd = 1});
  CHECK(view.x(1) == 0x80000000);
}

}  // namespace
}  // namespace hartbeat::isa

// Zkt, which a machine may state also under the model: its instructions take as long whatever their operands are.
#include <catch2/catch.hpp>

#include "emu/isa/table.hpp"
#include "tests/unit/timing/cores.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t operands = ram + 0x10'0000;

struct Pair {
  std::uint64_t first, second;
};
constexpr Pair pairs[] = {{0, 0},
                          {~std::uint64_t{0}, ~std::uint64_t{0}},
                          {1, std::uint64_t{1} << 63},
                          {std::uint64_t{1} << 63, 1},
                          {0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210}};

// The ALU's and the multiplier's, of which Zkt's list is a part (that has no division).
std::vector<const isa::RowInfo*> constant_time_rows() {
  const isa::ExtensionSet extensions = load_machine("cva6", {}).hart.extensions;
  std::vector<const isa::RowInfo*> rows;
  for (const isa::RowInfo& row : isa::row_infos) {
    const bool unit = row.unit == isa::Unit::alu || row.unit == isa::Unit::mul;
    if (unit && row.kind == isa::Kind::compute && extensions.has(row.extension)) rows.push_back(&row);
  }
  return rows;
}

// Each instruction three times in a row on the same operands, and once on its own result; all of it twice, the second time
// from a warm instruction cache.
void each_row(Assembler& as) {
  const Label again = as.label();
  as.li(s0, operands);
  as.li(s1, 2);
  as.ld(a1, s0);
  as.ld(a2, s0, 8);
  as.bind(again);
  for (const isa::RowInfo* row : constant_time_rows()) {
    const auto place = [&](Reg rd, Reg rs1, Reg rs2) {
      const std::uint32_t registers = rd << 7 | rs1 << 15 | rs2 << 20;
      as.word(row->encoding.match | (registers & ~row->encoding.mask));
    };
    for (unsigned i = 0; i < 3; ++i) place(a0, a1, a2);
    place(a0, a0, a2);
  }
  as.addi(s1, s1, -1);
  as.bnez(s1, again);
  park(as);
}

std::vector<std::uint64_t> commit_cycles(const Pair& pair) {
  Assembler as(ram);
  each_row(as);
  Cores cores(1, as);
  std::memcpy(cores.host(operands), &pair.first, 8);
  std::memcpy(cores.host(operands + 8), &pair.second, 8);
  cores.run_to(20'000);
  std::vector<std::uint64_t> cycles;
  for (const timing::TraceRecord& record : cores.commits().all) cycles.push_back(record.commit_cycle);
  return cycles;
}

}  // namespace

TEST_CASE("an instruction of Zkt's list takes other cycles with other operands") {
  REQUIRE(constant_time_rows().size() > 80);
  const std::vector<std::uint64_t> cycles = commit_cycles(pairs[0]);
  REQUIRE(cycles.size() > 8 * constant_time_rows().size());
  for (const Pair& pair : pairs) CHECK(commit_cycles(pair) == cycles);
}

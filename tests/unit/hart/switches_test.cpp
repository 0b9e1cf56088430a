// Each extension switched off and on in the configuration: what decodes, what traps, which CSRs are there, and what misa and
// the device tree say. Driven by the list of names that an ISA string can have and by the instruction table.
#include <libfdt.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "emu/isa/compressed.hpp"
#include "emu/isa/decode.hpp"
#include "emu/isa/table.hpp"
#include "emu/machine/device_tree.hpp"
#include "emu/machine/isa_string.hpp"
#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

using isa::Extension;

MachineConfig machine_with(const std::vector<std::string>& names) {
  std::string isa = "rv64";
  for (const std::string& name : names) isa += (name.size() > 1 ? "_" : "") + name;
  return bench_config(1, {"hart.isa=" + isa});
}

// Everything but `name` and what makes no sense without it.
std::vector<std::string> all_without(std::string_view name) {
  std::vector<std::string> gone{std::string(name)};
  for (bool grows = true; grows;) {
    grows = false;
    for (const IsaName& other : isa_names()) {
      const bool is_gone = std::count(gone.begin(), gone.end(), other.name) != 0;
      if (is_gone || other.needs.empty() || std::count(gone.begin(), gone.end(), other.needs) == 0) continue;
      gone.emplace_back(other.name);
      grows = true;
    }
  }
  std::vector<std::string> rest;
  for (const IsaName& other : isa_names()) {
    if (std::count(gone.begin(), gone.end(), other.name) == 0) rest.emplace_back(other.name);
  }
  return rest;
}

std::vector<std::string> all() { return all_without(""); }

std::vector<std::string> switchable() {
  std::vector<std::string> names = all();
  // A hart without the base or CSRs is refused (config_test.cpp); a hint cannot be switched off.
  std::erase_if(names,
                [](const auto& name) { return name == "i" || name == "zicsr" || name == "zihintpause"; });
  return names;
}

bool is_listed(const MachineConfig& config, const std::string& name) {
  const std::vector<std::uint8_t> blob = device_tree(config, {});
  const int node = fdt_path_offset(blob.data(), "/cpus/cpu@0");
  REQUIRE(node >= 0);
  return fdt_stringlist_search(blob.data(), node, "riscv,isa-extensions", name.c_str()) >= 0;
}

bool is_legal(std::uint32_t bits, const MachineConfig& config, std::size_t row) {
  const isa::Decoded decoded = isa::decode(bits, config.hart.extensions);
  return decoded.legal && decoded.operands.row == row;
}

TrapRecord executed(const MachineConfig& config, std::uint32_t bits) {
  Bench bench(Engine::fast, config);
  return trapped_by(bench, [&](Assembler& as) {
    as.set_csr(Csr::mstatus, mstatus::FS);
    as.align(4);
    if ((bits & 3) == 3)
      as.word(bits);
    else
      as.half(bits);
  });
}

struct Switched {
  MachineConfig with, without;
  Extension extension;
};

// Returns how many encodings were tried.
unsigned check_rows(const Switched& machines) {
  unsigned tried = 0;
  for (std::size_t i = 0; i < isa::row_count; ++i) {
    if (isa::row_infos[i].extension != machines.extension) continue;
    const std::uint32_t bits = isa::row_infos[i].encoding.match | ~isa::row_infos[i].encoding.mask;
    INFO(isa::row_infos[i].name);
    ++tried;
    CHECK(is_legal(bits, machines.with, i));
    CHECK_FALSE(is_legal(bits, machines.without, i));
    const isa::Decoded other = isa::decode(bits, machines.without.hart.extensions);
    if (other.legal) {  // a prefetch is an ori when it is nothing else
      CHECK(isa::is_declared_specialisation(isa::row_infos[i].name, isa::row_infos[other.operands.row].name));
      continue;
    }
    const TrapRecord trap = executed(machines.without, bits);
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == bits);
  }
  return tried;
}

// A pattern of the row that is not reserved and that no more specific row takes.
std::optional<std::uint16_t> pattern_of(const isa::CompressedRow& row, isa::ExtensionSet extensions) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half & row.mask) == row.match && isa::find_compressed(half, extensions) == &row) return half;
  }
  return std::nullopt;
}

unsigned check_compressed_rows(const Switched& machines) {
  unsigned tried = 0;
  for (const isa::CompressedRow& row : isa::compressed_rows()) {
    const Extension target = isa::row_infos[row.target].extension;
    const bool is_its = row.extension == machines.extension || target == machines.extension ||
                        machines.extension == Extension::c;
    const auto bits = is_its ? pattern_of(row, machines.with.hart.extensions) : std::nullopt;
    if (!bits) continue;
    INFO(row.name);
    ++tried;
    CHECK(isa::decode(*bits, machines.with.hart.extensions).legal);
    if (row.name.starts_with("c.mop"))
      continue;  // reserved, and so a c.lui without an immediate: never anything else
    CHECK_FALSE(isa::decode(*bits, machines.without.hart.extensions).legal);
    const TrapRecord trap = executed(machines.without, *bits);
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == *bits);
  }
  return tried;
}

}  // namespace

TEST_CASE(
    "an extension that is off has an encoding that does not trap, or one that is on has one that does") {
  unsigned tried = 0;
  for (const std::string& name : switchable()) {
    INFO(name);
    const auto entry = std::find_if(isa_names().begin(), isa_names().end(),
                                    [&](const IsaName& n) { return n.name == name; });
    if (!entry->extension) continue;
    const Switched machines{machine_with(all()), machine_with(all_without(name)), *entry->extension};
    tried += check_rows(machines) + check_compressed_rows(machines);
  }
  CHECK(tried > 200);
}

TEST_CASE("misa or the device tree tells of an extension that is off, or not of one that is on") {
  const MachineConfig with = machine_with(all());
  for (const std::string& name : switchable()) {
    INFO(name);
    const MachineConfig without = machine_with(all_without(name));
    CHECK(is_listed(with, name));
    // Something must say how A and D are kept: without Svadu it is Svade (RVA23 profile).
    if (name != "svade") CHECK_FALSE(is_listed(without, name));
    if (name.size() > 1) continue;
    const std::uint64_t bit = std::uint64_t{1} << (name[0] - 'a');
    CHECK((Bench(Engine::fast, with).csr(Csr::misa) & bit) != 0);
    CHECK((Bench(Engine::fast, without).csr(Csr::misa) & bit) == 0);
  }
}

TEST_CASE("a hart identifies itself otherwise than its configuration says") {
  Bench plain(Engine::fast, bench_config());
  Bench named(Engine::fast, bench_config(1, {"hart.mvendorid=1538", "hart.marchid=3", "hart.mimpid=5",
                                             "hart.mconfigptr=4096"}));
  const std::pair<Csr, std::uint64_t> rows[] = {
      {Csr::mvendorid, 1538}, {Csr::marchid, 3}, {Csr::mimpid, 5}, {Csr::mconfigptr, 4096}};
  for (const auto& [csr, value] : rows) {
    CHECK(plain.csr(csr) == 0);
    CHECK(named.csr(csr) == value);
  }
}

TEST_CASE("a CSR of an extension that is off can be read") {
  struct Row {
    const char* name;
    Csr csr;
  };
  constexpr auto hpmcounter3 = static_cast<Csr>(0xc03);
  constexpr Row rows[] = {{"f", Csr::fflags},
                          {"f", Csr::fcsr},
                          {"zicntr", Csr::cycle},
                          {"zicntr", Csr::instret},
                          {"zihpm", hpmcounter3},
                          {"sscofpmf", Csr::scountovf},
                          {"smstateen", Csr::mstateen0},
                          {"sstc", Csr::stimecmp}};
  for (const Row& row : rows) {
    INFO(row.name);
    const auto read = [&](const MachineConfig& config) {
      Bench bench(Engine::fast, config);
      return trapped_by(bench, [&](Assembler& as) {
        as.set_csr(Csr::mstatus, mstatus::FS);
        as.csrr(s2, row.csr);
      });
    };
    CHECK(read(machine_with(all())).count == 0);
    CHECK(read(machine_with(all_without(row.name))).cause == cause::illegal_instruction);
  }
}

TEST_CASE("a field of menvcfg whose extension is off can be set") {
  struct Row {
    const char* name;
    std::uint64_t field;
  };
  constexpr Row rows[] = {{"zicboz", menvcfg::CBZE},  {"zicbom", menvcfg::CBCFE}, {"zicbom", menvcfg::CBIE},
                          {"svpbmt", menvcfg::PBMTE}, {"svadu", menvcfg::ADUE},   {"sstc", menvcfg::STCE}};
  for (const Row& row : rows) {
    INFO(row.name);
    const auto written = [&](const MachineConfig& config) {
      Bench bench(Engine::fast, config);
      trapped_by(bench, [&](Assembler& as) {
        as.set_csr(Csr::menvcfg, ~std::uint64_t{0});
        as.csrr(s2, Csr::menvcfg);
      });
      return bench.x(s2) & row.field;
    };
    CHECK(written(machine_with(all())) == row.field);
    CHECK(written(machine_with(all_without(row.name))) == 0);
  }
}

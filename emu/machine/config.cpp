#include "emu/machine/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "emu/machine/config_reader.hpp"
#include "emu/machine/elf.hpp"
#include "emu/machine/isa_string.hpp"
#include "emu/machine/timing_config.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t any = ~std::uint64_t{0} >> 1;  // TOML integers are signed

void read_tlb(ConfigReader& reader, const std::string& table, mmu::TlbConfig& tlb) {
  reader.read(table + ".entries", tlb.entries, 1, 1U << 20);
  tlb.ways = std::min(tlb.ways, tlb.entries);
  reader.read(table + ".ways", tlb.ways, 1, 1U << 20);
  tlb.replacement = static_cast<mmu::TlbConfig::Replacement>(
      reader.read_word(table + ".replacement", {"fifo", "lru", "tree_plru", "random"}, tlb.replacement));
  try {
    mmu::validate(tlb);
  } catch (const std::invalid_argument& error) {
    reader.fail(table, error.what());
  }
}

void read_mmu(ConfigReader& reader, HartConfig& hart) {
  const std::size_t deepest = reader.read_word("mmu.mode", {"sv39", "sv48", "sv57"}, 2);
  hart.sv48 = deepest >= 1;
  hart.sv57 = deepest >= 2;
  reader.read("mmu.asid_bits", hart.mmu.features.asid_bits, 0, 16);
  reader.read("mmu.physical_address_bits", hart.mmu.features.pa_bits, 33, 56);
  reader.read("mmu.cache_faults", hart.mmu.cache_faults);
  reader.read("mmu.rewalk_on_hit_fault", hart.mmu.rewalk_on_hit_fault);
  read_tlb(reader, "mmu.itlb", hart.mmu.itlb);
  read_tlb(reader, "mmu.dtlb", hart.mmu.dtlb);
  // Software may rely on what these two state.
  if (hart.mmu.cache_faults && hart.extensions.has(isa::Extension::svvptc)) {
    reader.fail("mmu.cache_faults",
                "contradicts svvptc in hart.isa: a PTE made valid must be seen without a fence");
  }
  if (hart.misaligned_traps && hart.extensions.has(isa::Extension::zicclsm)) {
    reader.fail("hart.misaligned", "\"trap\" contradicts zicclsm in hart.isa");
  }
  if (reader.has_table("mmu.l2tlb")) {
    mmu::TlbConfig second = hart.mmu.l2.value_or(mmu::TlbConfig{});
    read_tlb(reader, "mmu.l2tlb", second);
    hart.mmu.l2 = second;
  }
}

void read_hart(ConfigReader& reader, MachineConfig& config) {
  HartConfig& hart = config.hart;
  std::string isa =
      "rv64imafdc_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicond"
      "_zicsr_zifencei_zihpm_zimop_za64rs_zacas_zawrs_zfh_zcb_zcmop_zba_zbb_zbc_zbs_zkt"
      "_ssccptr_sscofpmf_sscounterenw_sstc_sstvala_sstvecd_ssu64xl_svadu_svbare_svinval"
      "_svnapot_svpbmt_svvptc";
  reader.read("hart.isa", isa);
  apply_isa_string(isa, reader.where("hart.isa"), hart);
  config.isa = isa_string(hart);
  reader.read("hart.pmp_entries", hart.pmp_entries, 0, 64);
  reader.read("hart.time_csr", hart.time_csr);
  reader.read("hart.lr_sc_as_stores", hart.lr_sc_as_stores);
  hart.misaligned_traps =
      reader.read_word("hart.misaligned", {"hardware", "trap"}, hart.misaligned_traps) == 1;
  reader.read("hart.mvendorid", hart.mvendorid, 0, any);
  reader.read("hart.marchid", hart.marchid, 0, any);
  reader.read("hart.mimpid", hart.mimpid, 0, any);
  reader.read("hart.mconfigptr", hart.mconfigptr, 0, any);
}

void read_machine(ConfigReader& reader, MachineConfig& config) {
  PlatformConfig& platform = config.platform;
  reader.read("description", config.description);
  reader.read("harts", platform.harts, 1, 64);
  reader.read_size("memory.size", platform.memory, mebibyte, std::uint64_t{1} << 40);
  if (platform.memory % page_size != 0) reader.fail("memory.size", "must be a multiple of 4096 bytes");
  reader.read("clock_hz", platform.clock_hz, 1, 1'000'000'000'000);
  reader.read("timebase_hz", platform.timebase_hz, 1, 0xffff'ffff);
  reader.read("rtc_epoch", platform.rtc_epoch, 0, 10'000'000'000);
  reader.read("seed", platform.seed, 0, any);
  platform.virtio_legacy = reader.read_word("virtio", {"modern", "legacy"}, 0) == 1;
  config.reset = static_cast<ResetTarget>(reader.read_word("reset", {"rom", "program"}, 0));
  read_timing(reader, config);
}

}  // namespace

std::uint64_t parse_size(std::string_view text, const std::string& what) {
  const auto fail = [&] {
    throw UserError(
        fmt::format("{}: \"{}\" is not a size; write bytes or a number with K, M or G", what, text));
  };
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) fail();
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.ends_with("iB"))
    unit.remove_suffix(2);
  else if (unit.size() == 2 && unit.ends_with('B'))
    unit.remove_suffix(1);
  const std::size_t power = unit.empty() ? 0 : std::string_view("_KMGT").find(unit.front());
  if (unit.size() > 1 || power == std::string_view::npos || (power == 0 && !unit.empty())) fail();
  const unsigned shift = static_cast<unsigned>(power) * 10;
  if (number > ~std::uint64_t{0} >> shift) fail();
  return number << shift;
}

MachineConfig parse_machine(const std::string& name, const std::string& origin, std::string_view toml,
                            std::span<const std::string> overrides) {
  MachineConfig config;
  config.name = name;
  ConfigReader reader(origin, toml, overrides);
  read_machine(reader, config);
  read_hart(reader, config);
  read_mmu(reader, config.hart);
  reader.reject_unknown();
  require_timeable(reader, config);
  return config;
}

MachineConfig load_machine(const std::string& name_or_path, std::span<const std::string> overrides) {
  if (name_or_path.find_first_of("/.") != std::string::npos) {
    const std::vector<std::uint8_t> bytes = read_file(name_or_path);
    const std::size_t slash = name_or_path.rfind('/') + 1;  // npos + 1 is 0
    const std::string name = name_or_path.substr(slash, name_or_path.find('.', slash) - slash);
    return parse_machine(name, name_or_path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                         overrides);
  }
  std::string names;
  for (const BundledMachine& machine : bundled_machines()) {
    if (machine.name == name_or_path) {
      return parse_machine(name_or_path, name_or_path + ".toml (bundled)", machine.toml, overrides);
    }
    names += (names.empty() ? "" : ", ") + std::string(machine.name);
  }
  throw UserError(
      fmt::format("there is no bundled machine \"{}\"; there are: {}; a file's name needs a / or a .",
                  name_or_path, names));
}

}  // namespace hartbeat

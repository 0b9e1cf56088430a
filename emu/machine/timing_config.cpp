#include "emu/machine/timing_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "emu/machine/isa_string.hpp"

namespace hartbeat {
namespace {

using timing::cva6::Cva6Parameters;
using timing::cva6::DramParameters;
using timing::cva6::L2Parameters;
using timing::cva6::MemoryParameters;

// What cv64a6_imafdc_sv39 decodes, and what changes nothing in a pipeline.
constexpr std::string_view cva6_isa =
    "rv64imafdc_zicntr_zicond_zicsr_zifencei_zihintpause_zihpm_zba_zbb_zbc_zbkb_zbkx_zbs_zknd_zkne_zknh_zcb_"
    "svade_svnapot_svbare"
    "_zkt_za64rs_ziccamoa_ziccif_ziccrse_ssccptr_sstvala_sstvecd_ssu64xl";

constexpr unsigned longest_latency = 100'000, largest_number = 1u << 24;

// A number of a table, and what it sets.
template <class Parameters>
struct Number {
  const char* key;
  unsigned Parameters::*value;
  unsigned least;
};

constexpr Number<L2Parameters> l2_numbers[] = {{"memory.l2.ways", &L2Parameters::ways, 1},
                                               {"memory.l2.line_bytes", &L2Parameters::line_bytes, 1},
                                               {"memory.l2.hit_latency", &L2Parameters::hit_latency, 1},
                                               {"memory.l2.banks", &L2Parameters::banks, 1},
                                               {"memory.l2.bank_cycles", &L2Parameters::bank_cycles, 1},
                                               {"memory.l2.mshrs", &L2Parameters::mshrs, 1}};
constexpr Number<DramParameters> dram_numbers[] = {
    {"memory.dram.banks", &DramParameters::banks, 1},
    {"memory.dram.row_bytes", &DramParameters::row_bytes, 1},
    {"memory.dram.controller_latency", &DramParameters::controller_latency, 0},
    {"memory.dram.t_rcd", &DramParameters::t_rcd, 0},
    {"memory.dram.t_cas", &DramParameters::t_cas, 1},
    {"memory.dram.t_rp", &DramParameters::t_rp, 0},
    {"memory.dram.t_ras", &DramParameters::t_ras, 0},
    {"memory.dram.t_wr", &DramParameters::t_wr, 0},
    {"memory.dram.beat_cycles", &DramParameters::beat_cycles, 1},
    {"memory.dram.t_refi", &DramParameters::t_refi, 0},
    {"memory.dram.t_rfc", &DramParameters::t_rfc, 0}};

// A table that is there turns its part of the memory system on, unless it says `enabled = false`.
template <class Parameters>
bool read_table(ConfigReader& reader, const char* table, std::span<const Number<Parameters>> numbers,
                Parameters& parameters) {
  if (!reader.has_table(table)) return false;
  parameters.enabled = true;
  reader.read(std::string(table) + ".enabled", parameters.enabled);
  for (const Number<Parameters>& number : numbers)
    reader.read(number.key, parameters.*number.value, number.least, largest_number);
  return true;
}

void read_layers(ConfigReader& reader, MemoryParameters& memory) {
  if (read_table<L2Parameters>(reader, "memory.l2", l2_numbers, memory.l2)) {
    std::uint64_t bytes = memory.l2.bytes;
    reader.read_size("memory.l2.bytes", bytes, 1, 1u << 30);
    memory.l2.bytes = static_cast<unsigned>(bytes);
    memory.l2.replacement = static_cast<timing::cva6::Replacement>(
        reader.read_word("memory.l2.replacement", {"lru", "tree_plru", "random"},
                         static_cast<std::size_t>(memory.l2.replacement)));
  }
  if (read_table<DramParameters>(reader, "memory.dram", dram_numbers, memory.dram))
    memory.dram.open_page = reader.read_word("memory.dram.page_policy", {"open", "closed"}, 0) == 0;
}

void read_memory(ConfigReader& reader, MemoryParameters& memory) {
  unsigned latency = memory.read_latency;
  reader.read("memory.latency", latency, 1, longest_latency);
  memory.read_latency = memory.write_latency = memory.uncached_latency = latency;
  reader.read("memory.read_latency", memory.read_latency, 1, longest_latency);
  reader.read("memory.write_latency", memory.write_latency, 1, longest_latency);
  reader.read("memory.uncached_latency", memory.uncached_latency, 1, longest_latency);
  reader.read("memory.invalidation_latency", memory.invalidation_latency, 0, longest_latency);
  reader.read("memory.ipi_wire_delay", memory.ipi_wire_delay, 0, longest_latency);
  constexpr std::uint64_t physical = std::uint64_t{1} << 56;
  reader.read("memory.cached_base", memory.cached_base, 0, physical);
  reader.read_size("memory.cached_length", memory.cached_length, 0, physical);
  read_layers(reader, memory);
}

// Key in the file, and what it sets.
struct Shape {
  const char* key;
  unsigned Cva6Parameters::*value;
};
constexpr Shape shapes[] = {
    {"core.scoreboard_entries", &Cva6Parameters::scoreboard_entries},
    {"core.commit_ports", &Cva6Parameters::commit_ports},
    {"core.bht_entries", &Cva6Parameters::bht_entries},
    {"core.btb_entries", &Cva6Parameters::btb_entries},
    {"core.ras_depth", &Cva6Parameters::ras_depth},
    {"core.icache_bytes", &Cva6Parameters::icache_bytes},
    {"core.icache_ways", &Cva6Parameters::icache_ways},
    {"core.dcache_bytes", &Cva6Parameters::dcache_bytes},
    {"core.dcache_ways", &Cva6Parameters::dcache_ways},
    {"core.line_bytes", &Cva6Parameters::line_bytes},
    {"core.write_buffer_entries", &Cva6Parameters::write_buffer_entries},
    {"core.writes_in_flight", &Cva6Parameters::writes_in_flight},
    {"core.store_queue_speculative", &Cva6Parameters::store_queue_speculative},
    {"core.store_queue_commit", &Cva6Parameters::store_queue_commit},
    {"core.shared_tlb_sets", &Cva6Parameters::shared_tlb_sets},
};

// The core's TLB is the machine's: its size says what mmu.itlb or mmu.dtlb is, unless they say it themselves.
void read_tlb_entries(ConfigReader& reader, std::string_view key, unsigned& entries, mmu::TlbConfig& tlb) {
  unsigned given = 0;
  reader.read(key, given, 1, largest_number);
  if (given == 0) return;
  entries = tlb.entries = tlb.ways = given;
  tlb.replacement = mmu::TlbConfig::tree_plru;
}

void require_tlb(const ConfigReader& reader, std::string_view key, const mmu::TlbConfig& tlb,
                 unsigned entries) {
  if (tlb.entries == entries && tlb.ways == entries && tlb.replacement == mmu::TlbConfig::tree_plru) return;
  reader.fail(
      key, fmt::format("timing cva6 has core.{}_entries = {}, fully associative, replaced by tree_plru; set "
                       "that key, and leave {} out",
                       key.substr(key.find('.') + 1), entries, key));
}

void require_isa(const ConfigReader& reader, const MachineConfig& config) {
  HartConfig core;
  apply_isa_string(cva6_isa, "the CVA6's ISA", core);
  const std::vector<std::string> known = isa_extensions(core);
  std::string more;
  for (const std::string& name : isa_extensions(config.hart)) {
    if (std::find(known.begin(), known.end(), name) == known.end()) more += (more.empty() ? "" : ", ") + name;
  }
  if (!more.empty()) {
    reader.fail("hart.isa", fmt::format("timing cva6 is the time of a CVA6, which does not have {}; "
                                        "take --machine cva6, or leave them out",
                                        more));
  }
}

}  // namespace

void read_timing(ConfigReader& reader, MachineConfig& config) {
  reader.read_word("timing", {"none", "cva6"}, 0);
  reader.read("timing", config.timing);
  for (const Shape& shape : shapes) reader.read(shape.key, config.cva6.*shape.value, 0, largest_number);
  read_tlb_entries(reader, "core.itlb_entries", config.cva6.itlb_entries, config.hart.mmu.itlb);
  read_tlb_entries(reader, "core.dtlb_entries", config.cva6.dtlb_entries, config.hart.mmu.dtlb);
  read_memory(reader, config.cva6.memory);
  if (const auto fault = timing::cva6::validate(config.cva6)) reader.fail(fault->key, fault->why);
}

void require_timeable(const ConfigReader& reader, const MachineConfig& config) {
  if (config.timing == "none") return;
  require_isa(reader, config);
  const HartConfig& hart = config.hart;
  const auto refuse = [&](std::string_view key, std::string_view why) {
    reader.fail(key, fmt::format("timing cva6 {}; take --machine cva6, which has it so", why));
  };
  if (config.platform.clock_hz != config.platform.timebase_hz)
    refuse("timebase_hz", "needs timebase_hz = clock_hz: the model's CLINT counts core cycles");
  if (hart.sv48) refuse("mmu.mode", "walks three levels: mode must be sv39");
  if (!hart.misaligned_traps) refuse("hart.misaligned", "has no misaligned accesses: they must \"trap\"");
  if (hart.mmu.l2) refuse("mmu.l2tlb", "has no second-level TLB");
  require_tlb(reader, "mmu.itlb", hart.mmu.itlb, config.cva6.itlb_entries);
  require_tlb(reader, "mmu.dtlb", hart.mmu.dtlb, config.cva6.dtlb_entries);
}

}  // namespace hartbeat

#include "emu/machine/config.hpp"

#include <catch2/catch.hpp>

#include "emu/machine/isa_string.hpp"
#include "emu/machine/user_error.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

MachineConfig parse(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  return parse_machine("test", "test.toml", toml, overrides);
}

void refused(const std::string& toml, const std::string& message) {
  REQUIRE_THROWS_AS(parse(toml), UserError);
  CHECK_THROWS_WITH(parse(toml), Contains(message));
}

void override_refused(const std::string& text, const std::string& message) {
  REQUIRE_THROWS_AS(parse("", {text}), UserError);
  CHECK_THROWS_WITH(parse("", {text}), Contains(message));
}

}  // namespace

TEST_CASE("every bundled machine loads") {
  REQUIRE(bundled_machines().size() >= 2);
  for (const BundledMachine& machine : bundled_machines()) {
    CAPTURE(machine.name);
    const MachineConfig config = load_machine(std::string(machine.name));
    CHECK_FALSE(config.description.empty());
    CHECK(config.isa.starts_with("rv64"));
  }
}

TEST_CASE("an empty file is the default machine, and every key has its effect") {
  CHECK(parse("").platform.harts == 1);
  const MachineConfig config = parse(R"(
harts = 4
memory = "2GiB"
clock_hz = 50_000_000
timebase_hz = 50_000_000
rtc_epoch = 5
seed = 9
virtio = "legacy"
timing = "none"
[hart]
isa = "rv64gc_svade_svadu_sstc"
pmp_entries = 8
time_csr = false
misaligned = "trap"
marchid = 3
mconfigptr = 0x8000_0000
[mmu]
mode = "sv48"
asid_bits = 4
physical_address_bits = 40
cache_faults = true
[mmu.itlb]
entries = 8
ways = 2
replacement = "lru"
[mmu.l2tlb]
entries = 64
ways = 4
replacement = "random"
)");
  CHECK(config.platform.harts == 4);
  CHECK(config.platform.memory == std::uint64_t{2} << 30);
  CHECK(config.platform.clock_hz == 50'000'000);
  CHECK(config.platform.timebase_hz == 50'000'000);
  CHECK(config.platform.rtc_epoch == 5);
  CHECK(config.platform.seed == 9);
  CHECK(config.platform.virtio_legacy);
  CHECK(config.hart.extensions.has(isa::Extension::d));
  CHECK_FALSE(config.hart.extensions.has(isa::Extension::zba));
  CHECK(config.hart.svadu);
  CHECK_FALSE(config.hart.adue_reset);
  CHECK(config.hart.sstc);
  CHECK(config.hart.pmp_entries == 8);
  CHECK_FALSE(config.hart.time_csr);
  CHECK(config.hart.misaligned_traps);
  CHECK(config.hart.marchid == 3);
  CHECK(config.hart.mconfigptr == 0x8000'0000);
  CHECK(config.hart.sv48);
  CHECK_FALSE(config.hart.sv57);
  CHECK(config.hart.mmu.features.asid_bits == 4);
  CHECK(config.hart.mmu.features.pa_bits == 40);
  CHECK(config.hart.mmu.cache_faults);
  CHECK(config.hart.mmu.itlb == mmu::TlbConfig{8, 2, mmu::TlbConfig::lru});
  REQUIRE(config.hart.mmu.l2.has_value());
  CHECK(*config.hart.mmu.l2 == mmu::TlbConfig{64, 4, mmu::TlbConfig::random});
}

TEST_CASE("a mistake in a file is named with file, line and key") {
  refused("harts = 1\nhartz = 2\n", "test.toml:2: hartz: unknown key; here are: ");
  refused("[hart]\npmp = 2\n", "test.toml:2: hart.pmp: unknown key; here are: isa, ");
  refused("[cpu]\nx = 2\n", "test.toml:1: cpu: unknown key");
  refused("\nharts = 0\n", "test.toml:2: harts: found 0, expected an integer from 1 to 64");
  refused("harts = -1", "harts: found -1, expected an integer from 1 to 64");
  refused("harts = \"4\"", "harts: found a string, expected an integer");
  refused("harts = 1.5", "harts: found a floating-point number, expected an integer");
  refused("memory = \"12Q\"", "memory: \"12Q\" is not a size");
  refused("memory = \"99999999999G\"", "is not a size");
  refused("memory = 1048577", "memory: must be a multiple of 4096");
  refused("memory = 4096", "memory: found 4096, expected an integer from 1048576");
  refused("memory = true", "memory: found a boolean");
  refused("[hart]\ntime_csr = 1", "test.toml:2: hart.time_csr: found an integer, expected true or false");
  refused("[hart]\nmisaligned = \"maybe\"", "found \"maybe\", expected one of: hardware, trap");
  refused("hart = 3", "test.toml:1: hart: found an integer, expected a table");
  refused("[mmu.dtlb]\nentries = 12\nways = 5", "mmu.dtlb: ");
  refused("[mmu.dtlb]\nentries = 96\nways = 4", "mmu.dtlb: ");
  refused("[mmu]\nmode = \"sv32\"", "expected one of: sv39, sv48, sv57");
  refused("harts = \n", "test.toml:1: not valid TOML");
  refused("harts = 1\nharts = 2\n", "test.toml:2: not valid TOML");
}

TEST_CASE("an override wins over the file, and its mistakes name the override") {
  CHECK(parse("harts = 2", {"harts=3", "harts=5"}).platform.harts == 5);
  CHECK(parse("", {"memory=64M"}).platform.memory == 64 << 20);
  CHECK(parse("", {"mmu.dtlb.entries=32", "mmu.dtlb.ways=4"}).hart.mmu.dtlb.entries == 32);
  CHECK(parse("", {"hart.isa=rv64imac_zicsr"}).isa == "rv64imac_zicsr_zihintpause_svade");
  override_refused("harts=65", "--set harts=65: found 65, expected an integer from 1 to 64");
  override_refused("harts=", "--set harts=: found a string");
  override_refused("nonsense", "--set nonsense: expected KEY=VALUE");
  override_refused("=1", "expected KEY=VALUE");
  override_refused("a..b=1", "expected KEY=VALUE");
  override_refused("foo.bar=1", "--set foo.bar=1: unknown key");
  override_refused("harts.x=1", "--set harts.x=1: ");
  override_refused("mmu.dtlb=4", "--set mmu.dtlb=4: found an integer, expected a table");
}

TEST_CASE("the cycle model's parameters are keys; what it does not model is refused with the reason") {
  const auto cva6 = [](const std::vector<std::string>& overrides) { return load_machine("cva6", overrides); };
  const auto cva6_refused = [&](const std::vector<std::string>& overrides, const std::string& why) {
    CAPTURE(overrides);
    CHECK_THROWS_WITH(cva6(overrides), Contains(why));
  };
  const MachineConfig config = cva6({});
  CHECK_THAT(config.timing, Equals("cva6"));
  CHECK(config.reset == ResetTarget::program);
  CHECK(config.cva6.memory.read_latency == 20);
  CHECK(parse("").reset == ResetTarget::rom);
  const timing::cva6::MemoryParameters memory = cva6({"memory.latency=7"}).cva6.memory;
  CHECK(memory.read_latency == 7);
  CHECK(memory.write_latency == 7);
  CHECK(memory.uncached_latency == 7);
  const auto mixed = cva6({"memory.latency=7", "memory.write_latency=9"}).cva6.memory;
  CHECK(mixed.read_latency == 7);
  CHECK(mixed.write_latency == 9);
  const std::string file = "[memory]\nsize = \"64M\"\nread_latency = 3\nlatency = 5\n";
  CHECK(parse(file).cva6.memory.read_latency == 3);
  CHECK(parse(file).cva6.memory.uncached_latency == 5);
  CHECK(parse(file, {"memory.latency=8"}).cva6.memory.read_latency == 8);
  CHECK(parse(file, {"memory=32M"}).platform.memory == 32 << 20);
  CHECK(parse("memory = \"32M\"", {"memory.latency=8"}).platform.memory == 32 << 20);
  CHECK(cva6({"core.shared_tlb_sets=16"}).cva6.shared_tlb_sets == 16);

  cva6_refused({"memory.latency=0"}, "--set memory.latency=0: found 0, expected an integer from 1");
  cva6_refused({"memory.cached_base=1"}, "whole pages");
  CHECK(cva6({"core.bht_entries=64"}).cva6.bht_entries == 64);
  cva6_refused({"core.bht_entries=100"},
               "--set core.bht_entries=100: is a power of two, 4 to 1048576, or 0 for none");
  cva6_refused({"core.dcache_ways=4"},
               "core.dcache_bytes: makes ways of 8192 bytes; a way is at most a page");
  CHECK(cva6({"core.dtlb_entries=8"}).hart.mmu.dtlb == mmu::TlbConfig{8, 8, mmu::TlbConfig::tree_plru});
  cva6_refused({"mmu.dtlb.entries=8"}, "--set mmu.dtlb.entries=8: timing cva6 has core.dtlb_entries = 16");
  CHECK_FALSE(config.cva6.memory.l2.enabled);
  const auto l2 = cva6({"memory.l2.bytes=1M", "memory.l2.replacement=lru"}).cva6.memory.l2;
  CHECK(l2.enabled);
  CHECK(l2.bytes == 1 << 20);
  CHECK(l2.replacement == timing::cva6::Replacement::lru);
  CHECK_FALSE(cva6({"memory.l2.bytes=1M", "memory.l2.enabled=false"}).cva6.memory.l2.enabled);
  CHECK_FALSE(cva6({"memory.dram.page_policy=closed"}).cva6.memory.dram.open_page);
  cva6_refused({"memory.l2.line_bytes=48"}, "--set memory.l2.line_bytes=48: is a power of two, 16 to 256");
  cva6_refused({"memory.l2.bytes=256"}, "--set memory.l2.bytes=256: is a power of two, 512 to");
  cva6_refused({"memory.dram.t_rfc=8000"},
               "--set memory.dram.t_rfc=8000: is less than memory.dram.t_refi = 7800");
  cva6_refused({"memory.dram.page_policy=ajar"}, "expected one of: open, closed");
  cva6_refused({"memory.dram.foo=1"}, "unknown key; here are: ");
  cva6_refused({"core.foo=4"}, "unknown key; here are: ");
  cva6_refused({"timing=cva7"}, "expected one of: none, cva6");
  cva6_refused({"timebase_hz=10000000"}, "the model's CLINT counts core cycles");
  cva6_refused({"hart.misaligned=hardware"}, "must \"trap\"");
  cva6_refused({"mmu.mode=sv48"}, "mode must be sv39");
  cva6_refused({"mmu.dtlb.entries=32", "mmu.dtlb.ways=32"}, "core.dtlb_entries = 16");
  cva6_refused({"mmu.l2tlb.entries=64"}, "no second-level TLB");
  cva6_refused({"hart.isa=rv64imafdc_zicsr_zicboz"}, "does not have zicboz");
  CHECK(cva6({"timing=none", "hart.isa=rv64imafdc_zicsr_zicboz"}).timing == "none");
}

TEST_CASE("a machine says of its base only what differs, and a message names the file at fault") {
  const MachineConfig config = load_machine("cva6-l2-dram");
  CHECK(config.cva6.memory.l2.enabled);
  CHECK(config.cva6.memory.dram.enabled);
  CHECK(config.timing == "cva6");
  CHECK(config.hart.misaligned_traps);
  CHECK(config.description != load_machine("cva6").description);
  const std::string text = "base = \"cva6\"\nmemory = \"32M\"\n[core]\nras_depth = 4\n";
  CHECK(parse(text).cva6.ras_depth == 4);
  CHECK(parse(text).cva6.bht_entries == 128);
  CHECK(parse(text).platform.memory == 32 << 20);
  CHECK(parse(text).cva6.memory.read_latency == 20);
  refused("base = \"cva7\"", "base: there is no bundled machine \"cva7\"");
  refused("base = \"cva6\"\n[core]\nras_depth = 1", "test.toml:3: core.ras_depth: is 2 to 32");
  CHECK_THROWS_WITH(parse("base = \"cva6\"\n[hart]\nmisaligned = \"hardware\""),
                    Contains("test.toml:3: hart.misaligned: "));
  CHECK_THROWS_WITH(parse("base = \"cva6\"\n[memory]\ncached_base = 1"), Contains("cva6.toml (bundled):"));
}

TEST_CASE("an ISA that this machine cannot have is refused with the reason") {
  const auto isa_refused = [](const std::string& isa, const std::string& why) {
    CAPTURE(isa);
    override_refused("hart.isa=" + isa, why);
  };
  isa_refused("rv32imac", "begins with rv64");
  isa_refused("rv64gcv", "\"v\" is not implemented");
  isa_refused("rv64gc_zfoo", "\"zfoo\" is not implemented");
  isa_refused("rv64mac_zicsr", "base \"i\" is missing");
  isa_refused("rv64imac", "need zicsr");
  isa_refused("rv64imad_zicsr", "d needs f");
  isa_refused("rv64ima_zicsr_zcb", "zcb needs c");
  isa_refused("rv64gc__zba", "empty name");
}

TEST_CASE("the canonical ISA string says the same when it is read again") {
  for (const char* isa : {"rv64gc_zba_zbb", "rv64gc_svadu", "rv64imac_zicsr_svade_svadu_svnapot_sstc"}) {
    const MachineConfig first = parse("", {std::string("hart.isa=") + isa});
    const MachineConfig second = parse("", {"hart.isa=" + first.isa});
    CHECK_THAT(second.isa, Equals(first.isa));
    CHECK(second.hart.extensions == first.hart.extensions);
    CHECK(second.hart.adue_reset == first.hart.adue_reset);
  }
}

TEST_CASE("a machine that is not there is refused with the names of those that are") {
  CHECK_THROWS_WITH(load_machine("vrit"), Contains("no bundled machine \"vrit\"") && Contains("virt"));
  CHECK_THROWS_WITH(load_machine("./vrit.toml"), Contains("cannot read ./vrit.toml"));
}

TEST_CASE("sizes have units of 1024") {
  CHECK(parse_size("4096", "x") == 4096);
  CHECK(parse_size("8K", "x") == 8192);
  CHECK(parse_size("3MiB", "x") == 3 << 20);
  CHECK(parse_size("1GB", "x") == 1 << 30);
  for (const char* bad : {"", "G", "1g", "-1", "1 G", "1GG", "0x10", "1.5G", "1B2", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_size(bad, "x"), UserError);
  }
}

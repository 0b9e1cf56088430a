#include "emu/machine/device_tree.hpp"

#include <fmt/format.h>

#include "emu/hart/hpm.hpp"
#include "emu/isa/cache_block.hpp"
#include "emu/machine/fdt_writer.hpp"
#include "emu/machine/isa_string.hpp"

namespace hartbeat {
namespace {

// Phandles: two per hart, then the PLIC and the finisher.
std::uint32_t cpu_phandle(unsigned hart) { return 2 * hart + 1; }
std::uint32_t intc_phandle(unsigned hart) { return 2 * hart + 2; }
std::uint32_t plic_phandle(unsigned harts) { return 2 * harts + 1; }
std::uint32_t finisher_phandle(unsigned harts) { return 2 * harts + 2; }

// Of the SBI's PMU extension: general hardware events have type 0, cache events type 1 with cache, operation
// and result.
struct SbiEvent {
  std::uint32_t index;
  hpm::Event selector;
  std::uint32_t fixed_counters = 0;  // mcycle and minstret, by bit
};

constexpr std::uint32_t cache_access(std::uint32_t cache, std::uint32_t operation) {
  return 0x10000 | cache << 3 | operation << 1;
}
constexpr std::uint32_t cache_miss(std::uint32_t cache, std::uint32_t operation) {
  return cache_access(cache, operation) | 1;
}

constexpr std::uint32_t l1d = 0, l1i = 1, dtlb = 3, itlb = 4, bpu = 5, reading = 0, writing = 1;

constexpr SbiEvent sbi_events[] = {
    {1, hpm::Event::cycles, 1},
    {2, hpm::Event::instructions, 4},
    {3, hpm::Event::dcache_accesses},
    {4, hpm::Event::dcache_misses},
    {5, hpm::Event::control_transfers},
    {6, hpm::Event::branch_mispredictions},
    {cache_access(l1d, reading), hpm::Event::loads},
    {cache_miss(l1d, reading), hpm::Event::dcache_misses},
    {cache_access(l1d, writing), hpm::Event::stores},
    {cache_miss(l1i, reading), hpm::Event::icache_misses},
    {cache_access(dtlb, reading), hpm::Event::loads},
    {cache_miss(dtlb, reading), hpm::Event::dtlb_misses},
    {cache_access(dtlb, writing), hpm::Event::stores},
    {cache_miss(dtlb, writing), hpm::Event::dtlb_misses},
    {cache_miss(itlb, reading), hpm::Event::itlb_misses},
    {cache_miss(bpu, reading), hpm::Event::branch_mispredictions},
};

// Bytes: well above what a tree takes, but not more, for libfdt clears all of it.
std::size_t capacity(unsigned harts, const BootChoices& choices) {
  return (std::size_t{16} << 10) + (std::size_t{2} << 10) * harts + choices.bootargs.size();
}

class TreeBuilder {
 public:
  TreeBuilder(const MachineConfig& config, const BootChoices& choices)
      : config_(config), choices_(choices), harts_(config.platform.harts), fdt_(capacity(harts_, choices)) {}

  std::vector<std::uint8_t> build() {
    fdt_.cells("#address-cells", {2});
    fdt_.cells("#size-cells", {2});
    fdt_.text("compatible", "riscv-virtio");
    fdt_.text("model", "hartbeat," + config_.name);
    chosen();
    memory();
    reserved_memory();
    cpus();
    performance_counters();
    power("poweroff", "syscon-poweroff", Finisher::pass);
    power("reboot", "syscon-reboot", Finisher::reset);
    soc();
    return fdt_.finish();
  }

 private:
  void chosen() {
    const auto node = fdt_.node("chosen");
    if (!choices_.bootargs.empty()) fdt_.text("bootargs", choices_.bootargs);
    fdt_.text("stdout-path", fmt::format("/soc/serial@{:x}", Uart16550::base.value));
    seed();
    if (choices_.initrd_end <= choices_.initrd_start) return;
    address("linux,initrd-start", choices_.initrd_start);
    address("linux,initrd-end", choices_.initrd_end);
  }

  void address(const char* name, std::uint64_t value) {
    fdt_.cells(name, {static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value)});
  }

  // The same in every run: the kernel's randomness is part of the configuration.
  void seed() {
    std::vector<std::uint32_t> words;
    std::uint64_t state = config_.platform.seed;
    for (unsigned i = 0; i < 8; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      words.push_back(static_cast<std::uint32_t>(state >> 32));
    }
    fdt_.cells("rng-seed", words);
  }

  void memory() {
    const auto node = fdt_.node(fmt::format("memory@{:x}", PlatformConfig::ram_base.value));
    fdt_.text("device_type", "memory");
    fdt_.reg(PlatformConfig::ram_base.value, config_.platform.memory);
  }

  void reserved_memory() {
    if (choices_.firmware_end <= choices_.firmware_start) return;
    const auto node = fdt_.node("reserved-memory");
    fdt_.cells("#address-cells", {2});
    fdt_.cells("#size-cells", {2});
    fdt_.flag("ranges");
    const auto range = device("firmware", PhysAddr{choices_.firmware_start},
                              choices_.firmware_end - choices_.firmware_start);
    fdt_.flag("no-map");
  }

  void cpus() {
    const auto node = fdt_.node("cpus");
    fdt_.cells("#address-cells", {1});
    fdt_.cells("#size-cells", {0});
    fdt_.cells("timebase-frequency", {static_cast<std::uint32_t>(config_.platform.timebase_hz)});
    for (unsigned hart = 0; hart < harts_; ++hart) cpu(hart);
    const auto map = fdt_.node("cpu-map");
    const auto cluster = fdt_.node("cluster0");
    for (unsigned hart = 0; hart < harts_; ++hart) {
      const auto core = fdt_.node(fmt::format("core{}", hart));
      fdt_.cells("cpu", {cpu_phandle(hart)});
    }
  }

  void cpu(unsigned hart) {
    const auto node = fdt_.node(fmt::format("cpu@{:x}", hart));
    const HartConfig& h = config_.hart;
    fdt_.cells("phandle", {cpu_phandle(hart)});
    fdt_.text("device_type", "cpu");
    fdt_.cells("reg", {hart});
    fdt_.text("status", "okay");
    fdt_.text("compatible", "riscv");
    fdt_.text("riscv,isa", config_.isa);
    fdt_.text("riscv,isa-base", "rv64i");
    fdt_.texts("riscv,isa-extensions", isa_extensions(h));
    fdt_.text("mmu-type", h.sv57 ? "riscv,sv57" : h.sv48 ? "riscv,sv48" : "riscv,sv39");
    cache_blocks(h.extensions);
    const auto controller = fdt_.node("interrupt-controller");
    fdt_.cells("phandle", {intc_phandle(hart)});
    fdt_.cells("#interrupt-cells", {1});
    fdt_.flag("interrupt-controller");
    fdt_.text("compatible", "riscv,cpu-intc");
  }

  void cache_blocks(isa::ExtensionSet extensions) {
    const std::pair<isa::Extension, const char*> sizes[] = {
        {isa::Extension::zicbom, "riscv,cbom-block-size"},
        {isa::Extension::zicbop, "riscv,cbop-block-size"},
        {isa::Extension::zicboz, "riscv,cboz-block-size"}};
    for (const auto& [extension, property] : sizes) {
      if (extensions.has(extension))
        fdt_.cells(property, {static_cast<std::uint32_t>(isa::cache_block_bytes)});
    }
  }

  // Which of the SBI's performance events are which of ours (binding riscv,pmu; docs/hpm-events.md).
  void performance_counters() {
    if (!config_.hart.extensions.has(isa::Extension::zihpm)) return;
    constexpr std::uint32_t programmable = 0xfffffff8, any_event = 0xffff0000;
    const auto node = fdt_.node("pmu");
    fdt_.text("compatible", "riscv,pmu");
    std::vector<std::uint32_t> selectors, counters;
    for (const SbiEvent& event : sbi_events) {
      selectors.insert(selectors.end(), {event.index, 0, static_cast<std::uint32_t>(event.selector)});
      counters.insert(counters.end(), {event.index, event.index, programmable | event.fixed_counters});
    }
    fdt_.cells("riscv,event-to-mhpmevent", selectors);
    fdt_.cells("riscv,event-to-mhpmcounters", counters);
    fdt_.cells("riscv,raw-event-to-mhpmcounters", {0, 0, 0xffffffff, any_event, programmable});
  }

  void power(const char* name, const char* compatible, std::uint32_t value) {
    const auto node = fdt_.node(name);
    fdt_.text("compatible", compatible);
    fdt_.cells("regmap", {finisher_phandle(harts_)});
    fdt_.cells("offset", {0});
    fdt_.cells("value", {value});
  }

  void soc() {
    const auto node = fdt_.node("soc");
    fdt_.cells("#address-cells", {2});
    fdt_.cells("#size-cells", {2});
    fdt_.text("compatible", "simple-bus");
    fdt_.flag("ranges");
    finisher();
    rtc();
    clint();
    sswi();
    plic();
    serial();
    for (unsigned slot = 0; slot < virtio::Transport::slots; ++slot) virtio_slot(slot);
  }

  // For every hart, the interrupts of its own controller that a device drives.
  void wired_to_harts(std::initializer_list<std::uint32_t> interrupts) {
    std::vector<std::uint32_t> wires;
    for (unsigned hart = 0; hart < harts_; ++hart) {
      for (const std::uint32_t interrupt : interrupts) {
        wires.push_back(intc_phandle(hart));
        wires.push_back(interrupt);
      }
    }
    fdt_.cells("interrupts-extended", wires);
  }

  void wired_to_plic(std::uint32_t source) {
    fdt_.cells("interrupts", {source});
    fdt_.cells("interrupt-parent", {plic_phandle(harts_)});
  }

  FdtWriter::Node device(const char* name, PhysAddr base, std::uint64_t size) {
    return FdtWriter::Node(fdt_, fmt::format("{}@{:x}", name, base.value), base.value, size);
  }

  void finisher() {
    const auto node = device("test", Finisher::base, Finisher::size);
    fdt_.texts("compatible", std::vector<std::string>{"sifive,test1", "sifive,test0", "syscon"});
    fdt_.cells("phandle", {finisher_phandle(harts_)});
  }

  void rtc() {
    const auto node = device("rtc", GoldfishRtc::base, GoldfishRtc::size);
    fdt_.text("compatible", "google,goldfish-rtc");
    wired_to_plic(GoldfishRtc::interrupt);
  }

  void clint() {
    const auto node = device("clint", Clint::base, Clint::size);
    fdt_.texts("compatible", std::vector<std::string>{"sifive,clint0", "riscv,clint0"});
    wired_to_harts({Clint::msip, Clint::mtip});
  }

  void sswi() {
    const auto node = device("sswi", Sswi::base, Sswi::size);
    fdt_.text("compatible", "riscv,aclint-sswi");
    fdt_.cells("#interrupt-cells", {0});
    fdt_.flag("interrupt-controller");
    wired_to_harts({Clint::ssip});
  }

  void plic() {
    const auto node = device("plic", Plic::base, Plic::size);
    fdt_.texts("compatible", std::vector<std::string>{"sifive,plic-1.0.0", "riscv,plic0"});
    fdt_.cells("phandle", {plic_phandle(harts_)});
    fdt_.cells("#interrupt-cells", {1});
    fdt_.cells("#address-cells", {0});
    fdt_.flag("interrupt-controller");
    fdt_.cells("riscv,ndev", {Plic::sources - 1});
    wired_to_harts({Plic::meip, Plic::seip});
  }

  void serial() {
    const auto node = device("serial", Uart16550::base, Uart16550::size);
    fdt_.text("compatible", "ns16550a");
    fdt_.cells("clock-frequency", {3'686'400});
    wired_to_plic(Uart16550::interrupt);
  }

  void virtio_slot(unsigned slot) {
    using virtio::Transport;
    const PhysAddr base{Transport::first_base.value + slot * Transport::size};
    const auto node = device("virtio_mmio", base, Transport::size);
    fdt_.text("compatible", "virtio,mmio");
    wired_to_plic(Transport::first_interrupt + slot);
  }

  const MachineConfig& config_;
  const BootChoices& choices_;
  unsigned harts_;
  FdtWriter fdt_;
};

}  // namespace

std::vector<std::uint8_t> device_tree(const MachineConfig& config, const BootChoices& choices) {
  return TreeBuilder(config, choices).build();
}

}  // namespace hartbeat

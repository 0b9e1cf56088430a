#include "guestos/firmware/platform.hpp"

namespace hartbeat::firmware {
namespace {

// Offsets inside a CLINT (SiFive interrupt manual; the same in the ACLINT specification).
constexpr std::uint64_t clint_mtimecmp = 0x4000;
constexpr std::uint64_t clint_mtime = 0xbff8;

// Is `extension` one of the underscore-separated words of an ISA string such as rv64imafdc_zicsr_svadu?
bool isa_has(std::string_view isa, std::string_view extension) {
  for (std::size_t begin = 0; begin < isa.size();) {
    std::size_t end = begin;
    while (end < isa.size() && isa[end] != '_') ++end;
    if (isa.substr(begin, end - begin) == extension) return true;
    begin = end + 1;
  }
  return false;
}

void read_cpu(const DeviceTree::Node& node, Platform& platform) {
  const auto id = node.reg_address();
  if (!node.enabled() || !id || *id >= max_harts) return;
  platform.harts |= HartMask{1} << *id;
  const std::string_view isa = node.text("riscv,isa");
  platform.hardware_updates_accessed_dirty = isa_has(isa, "svadu") && !isa_has(isa, "svade");
}

void read_timer(const DeviceTree::Node& node, const StringList& compatible, Platform& platform) {
  const std::uint64_t base = node.reg_address().value_or(0);
  if (compatible.contains("riscv,clint0") || compatible.contains("sifive,clint0")) {
    platform.msip = base;
    platform.mtimecmp = base + clint_mtimecmp;
    platform.mtime = base + clint_mtime;
  } else if (compatible.contains("riscv,aclint-mswi")) {
    platform.msip = base;
  } else if (compatible.contains("riscv,aclint-mtimer")) {
    platform.mtime = base;
    platform.mtimecmp = node.reg_address(1).value_or(0);
  }
}

void read_uart(const DeviceTree::Node& node, Platform& platform) {
  platform.uart.address = node.reg_address().value_or(0) + node.cell("reg-offset").value_or(0);
  platform.uart.register_shift = node.cell("reg-shift").value_or(0);
  platform.uart.register_width = node.cell("reg-io-width").value_or(1);
  platform.uart.clock_hertz = node.cell("clock-frequency").value_or(0);
}

}  // namespace

Platform read_platform(const DeviceTree& tree, std::optional<DeviceTree::Node>* pmu) {
  Platform platform;
  tree.for_each_node([&](const DeviceTree::Node& node) {
    if (node.name() == "chosen") platform.emulate_time = node.has("hartbeat,emulate-time");
    if (node.text("device_type") == "cpu") {
      read_cpu(node, platform);
      return;
    }
    const StringList compatible = node.compatible();
    if (compatible.empty() || !node.enabled()) return;
    if (compatible.contains("sifive,test0") || compatible.contains("sifive,test1")) {
      platform.finisher = node.reg_address().value_or(0);
    } else if (platform.uart.address == 0 && compatible.contains("ns16550a")) {
      read_uart(node, platform);
    } else if (compatible.contains("riscv,pmu")) {
      if (pmu != nullptr) *pmu = node;
    } else {
      read_timer(node, compatible, platform);
    }
  });
  return platform;
}

}  // namespace hartbeat::firmware

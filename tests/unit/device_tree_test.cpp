#include "emu/machine/device_tree.hpp"

#include <libfdt.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

using namespace hartbeat;

namespace {

MachineConfig machine(unsigned harts) {
  return load_machine("virt", std::vector<std::string>{"harts=" + std::to_string(harts), "memory=512M"});
}

std::string text(const std::vector<std::uint8_t>& blob, const char* path, const char* property) {
  const int node = fdt_path_offset(blob.data(), path);
  REQUIRE(node >= 0);
  int length = 0;
  const auto* value = static_cast<const char*>(fdt_getprop(blob.data(), node, property, &length));
  REQUIRE(value != nullptr);
  return {value, static_cast<std::size_t>(length > 0 ? length - 1 : 0)};
}

std::vector<std::uint32_t> cells(const std::vector<std::uint8_t>& blob, const char* path,
                                 const char* property) {
  const int node = fdt_path_offset(blob.data(), path);
  REQUIRE(node >= 0);
  int length = 0;
  const auto* value = static_cast<const fdt32_t*>(fdt_getprop(blob.data(), node, property, &length));
  REQUIRE(value != nullptr);
  std::vector<std::uint32_t> result;
  for (int i = 0; i < length / 4; ++i) result.push_back(fdt32_to_cpu(value[i]));
  return result;
}

}  // namespace

TEST_CASE("the tree describes the machine that was configured") {
  const MachineConfig config = machine(3);
  const auto blob = device_tree(config, {"console=ttyS0 quiet", 0x8800'0000, 0x8812'3456});
  REQUIRE(fdt_check_full(blob.data(), blob.size()) == 0);
  CHECK(text(blob, "/chosen", "bootargs") == "console=ttyS0 quiet");
  CHECK(cells(blob, "/chosen", "linux,initrd-start") == std::vector<std::uint32_t>{0, 0x8800'0000});
  CHECK(cells(blob, "/chosen", "linux,initrd-end") == std::vector<std::uint32_t>{0, 0x8812'3456});
  CHECK(fdt_path_offset(blob.data(), text(blob, "/chosen", "stdout-path").c_str()) >= 0);
  CHECK(cells(blob, "/memory@80000000", "reg") == std::vector<std::uint32_t>{0, 0x8000'0000, 0, 512 << 20});
  CHECK(cells(blob, "/cpus", "timebase-frequency") == std::vector<std::uint32_t>{10'000'000});
  CHECK(text(blob, "/cpus/cpu@2", "riscv,isa") == config.isa);
  CHECK(text(blob, "/cpus/cpu@2", "mmu-type") == "riscv,sv57");
  CHECK(fdt_path_offset(blob.data(), "/cpus/cpu@3") < 0);
  CHECK(text(blob, "/poweroff", "compatible") == "syscon-poweroff");
  CHECK(cells(blob, "/poweroff", "value") == std::vector<std::uint32_t>{0x5555});
  CHECK(text(blob, "/reboot", "compatible") == "syscon-reboot");
  CHECK(cells(blob, "/reboot", "value") == std::vector<std::uint32_t>{0x7777});
  CHECK(cells(blob, "/soc/virtio_mmio@10008000", "interrupts") == std::vector<std::uint32_t>{8});
  CHECK(cells(blob, "/soc/serial@10000000", "interrupts") == std::vector<std::uint32_t>{10});
}

TEST_CASE("every interrupt wire of the tree leads to a controller, M before S for each hart") {
  const auto blob = device_tree(machine(2), {});
  std::vector<std::uint32_t> controllers;
  for (const char* cpu : {"/cpus/cpu@0/interrupt-controller", "/cpus/cpu@1/interrupt-controller"}) {
    controllers.push_back(cells(blob, cpu, "phandle").at(0));
  }
  CHECK(cells(blob, "/soc/plic@c000000", "interrupts-extended") ==
        std::vector<std::uint32_t>{controllers[0], 11, controllers[0], 9, controllers[1], 11, controllers[1],
                                   9});
  CHECK(
      cells(blob, "/soc/clint@2000000", "interrupts-extended") ==
      std::vector<std::uint32_t>{controllers[0], 3, controllers[0], 7, controllers[1], 3, controllers[1], 7});
  CHECK(cells(blob, "/soc/sswi@2f00000", "interrupts-extended") ==
        std::vector<std::uint32_t>{controllers[0], 1, controllers[1], 1});
  CHECK(cells(blob, "/soc/serial@10000000", "interrupt-parent") ==
        cells(blob, "/soc/plic@c000000", "phandle"));
  CHECK(cells(blob, "/poweroff", "regmap") == cells(blob, "/soc/test@100000", "phandle"));
}

TEST_CASE("the tree is the same in every run and fits for 64 harts") {
  CHECK(device_tree(machine(64), {}) == device_tree(machine(64), {}));
  CHECK(fdt_path_offset(device_tree(machine(64), {}).data(), "/cpus/cpu@3f") >= 0);
}

TEST_CASE("the firmware's memory is reserved when it is named") {
  const auto blob = device_tree(machine(1), {.firmware_start = 0x8000'0000, .firmware_end = 0x8008'7000});
  CHECK(cells(blob, "/reserved-memory/firmware@80000000", "reg") ==
        std::vector<std::uint32_t>{0, 0x8000'0000, 0, 0x8'7000});
  CHECK(fdt_path_offset(device_tree(machine(1), {}).data(), "/reserved-memory") < 0);
}

TEST_CASE("dtc finds nothing to complain about that QEMU's tree does not have too") {
  if (std::system("command -v dtc >/dev/null 2>&1") != 0) {
    WARN("dtc is not installed: skipped");
    return;
  }
  char name[] = "/tmp/hartbeat-test-XXXXXX";
  const int descriptor = ::mkstemp(name);
  REQUIRE(descriptor >= 0);
  const auto blob = device_tree(machine(4), {"x", 0x8800'0000, 0x8900'0000});
  std::ofstream(name, std::ios::binary).write(reinterpret_cast<const char*>(blob.data()), blob.size());
  const std::string file(name);
  // Down to source and up again: the same tree.
  const std::string command = "dtc -q -E no-interrupt_provider -I dtb -O dts " + file + " -o " + file +
                              ".dts && dtc -q -I dts -O dtb " + file + ".dts -o " + file +
                              ".dtb && dtc -q -I dtb -O dts " + file + ".dtb | cmp - " + file + ".dts";
  CHECK(std::system(command.c_str()) == 0);
  for (const char* suffix : {"", ".dts", ".dtb"}) std::remove((file + suffix).c_str());
}

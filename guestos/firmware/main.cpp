// Start-up: the boot hart (the lowest id in the device tree) makes the firmware's state and leaves for the
// payload; the others wait for it, set themselves up, and park until S-mode starts them (SBI HSM).
#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/firmware.hpp"
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/hart_setup.hpp"
#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/sbi.hpp"
#include "guestos/firmware/traps.hpp"

extern "C" {
extern std::uint64_t bss_begin[];
extern std::uint64_t bss_end[];
[[noreturn]] void firmware_main(unsigned hart_id, const void* device_tree);
void firmware_trap(hartbeat::firmware::TrapFrame* frame);
[[noreturn]] void firmware_fault(std::uint64_t cause, std::uint64_t pc, std::uint64_t value);
}

namespace hartbeat::firmware {
namespace {

constexpr std::uint64_t payload_address = 0x80200000;

// The one object of static storage: trap entry has no other way to find it.
constinit Firmware firmware;

// Not in .bss: each hart clears its own, so that nobody pays for harts that are not there.
[[gnu::section(".uninitialized")]] PmuHart pmu_harts[max_harts];

// In .data, which the boot hart does not clear.
[[gnu::section(".data")]] constinit std::atomic<std::uint32_t> ready{0};

[[noreturn]] void give_up(std::string_view message) {
  {
    Console::Lock lock(firmware.console);
    firmware.console.print("firmware: ");
    firmware.console.print(message);
    firmware.console.print("\n");
  }
  finish_machine(firmware, Finish::fail, 1);
}

void check_machine() {
  if (firmware.platform.msip == 0 || firmware.platform.mtime == 0) {
    give_up("the device tree names no CLINT (riscv,clint0): no timer, no interrupts between harts");
  }
  const GuardedLoad first = guarded_load_half(payload_address, View::machine);
  if (!first.ok()) give_up("there is no memory at 0x80200000, where the S-mode payload (the kernel) starts");
  if (first.value == 0) give_up("no S-mode payload (kernel) was loaded at 0x80200000");
}

[[noreturn]] void boot(unsigned hart_id, const void* device_tree, const Platform& platform,
                       const std::optional<DeviceTree::Node>& pmu) {
  for (std::uint64_t* word = bss_begin; word != bss_end; ++word)
    *static_cast<volatile std::uint64_t*>(word) = 0;
  firmware.platform = platform;
  if (pmu) firmware.pmu_events.read(*pmu);
  firmware.pmu = pmu_harts;
  pmu_harts[hart_id] = {};
  firmware.console.start(platform.uart);
  check_machine();
  set_up_hart(platform);
  firmware.has_time_csr = probe_time_csr();
  firmware.has_stimecmp = probe_stimecmp();
  for (unsigned other = 0; other < max_harts; ++other) {
    if (other != hart_id) firmware.harts[other].state.store(HartState::stopped, std::memory_order_relaxed);
  }
  ready.store(1, std::memory_order_release);
  for (HartMask rest = platform.harts & ~(HartMask{1} << hart_id); rest != 0; rest &= rest - 1) {
    raise_machine_ipi(firmware, lowest_hart(rest));
  }
  start_supervisor(firmware, hart_id, payload_address, reinterpret_cast<std::uint64_t>(device_tree));
}

[[noreturn]] void wait_for_boot(unsigned hart_id) {
  write_csr<Csr::mie>(interrupt::msi);
  while (ready.load(std::memory_order_acquire) == 0) asm volatile("wfi" ::: "memory");
  pmu_harts[hart_id] = {};
  set_up_hart(firmware.platform);
  park_hart(firmware, hart_id);
}

}  // namespace
}  // namespace hartbeat::firmware

using namespace hartbeat::firmware;

void firmware_main(unsigned hart_id, const void* device_tree) {
  const auto tree = DeviceTree::at(device_tree);
  if (!tree) {
    for (;;) asm volatile("wfi");  // nothing is known of the machine, not even how to say so
  }
  std::optional<DeviceTree::Node> pmu;
  const Platform platform = read_platform(*tree, &pmu);
  const auto boot_hart = lowest_hart(platform.harts);
  if (hart_id == boot_hart) boot(hart_id, device_tree, platform, pmu);
  wait_for_boot(hart_id);
}

void firmware_trap(TrapFrame* frame) { handle_trap(firmware, this_hart_id(), *frame); }

// A trap inside the firmware: a bug of ours, or a machine that does not keep to its device tree.
void firmware_fault(std::uint64_t cause, std::uint64_t pc, std::uint64_t value) {
  Console& console = firmware.console;
  console.print("firmware: hart ");
  console.print_hex(this_hart_id());
  console.print(" trapped in M-mode: mcause ");
  console.print_hex(cause);
  console.print(", mepc ");
  console.print_hex(pc);
  console.print(", mtval ");
  console.print_hex(value);
  console.print("\n");
  finish_machine(firmware, Finish::fail, 2);
}

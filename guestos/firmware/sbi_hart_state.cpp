// HSM (SBI 2.0, chapter 9): start, stop, status and suspend of harts.
#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/hart_setup.hpp"
#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/sbi.hpp"
#include "guestos/firmware/timer.hpp"

namespace hartbeat::firmware {
namespace {

enum Function : std::uint64_t { hart_start = 0, hart_stop = 1, hart_get_status = 2, hart_suspend = 3 };
enum SuspendType : std::uint32_t { default_retentive = 0, default_non_retentive = 0x80000000 };

// Can a hart start there: is there memory at this physical address?
bool can_start_at(std::uint64_t address) {
  return (address & 1) == 0 && guarded_load_half(address, View::machine).ok();
}

SbiResult start(Firmware& firmware, std::uint64_t hart_id, std::uint64_t address, std::uint64_t argument) {
  if (!firmware.exists(hart_id)) return SbiError::invalid_param;
  if (!can_start_at(address)) return SbiError::invalid_address;
  Hart& hart = firmware.harts[hart_id];
  HartState expected = HartState::stopped;
  if (!hart.state.compare_exchange_strong(expected, HartState::claimed, std::memory_order_acquire)) {
    return SbiError::already_available;
  }
  hart.start_address = address;
  hart.start_argument = argument;
  hart.state.store(HartState::start_pending, std::memory_order_release);
  raise_machine_ipi(firmware, static_cast<unsigned>(hart_id));
  return SbiError::success;
}

SbiResult status_of(const Firmware& firmware, std::uint64_t hart_id) {
  if (!firmware.exists(hart_id)) return SbiError::invalid_param;
  const HartState state = firmware.harts[hart_id].state.load(std::memory_order_relaxed);
  return SbiResult::of(
      static_cast<std::uint64_t>(state == HartState::claimed ? HartState::start_pending : state));
}

// Sleeps until an interrupt that S-mode has enabled is pending; interrupts for M-mode are served meanwhile.
// wfi returns on any interrupt enabled in mie, whoever it is delegated to and whatever mstatus says (3.3.3).
void sleep_until_supervisor_interrupt(Firmware& firmware, unsigned hart_id) {
  for (;;) {
    const std::uint64_t pending = read_csr<Csr::mip>() & read_csr<Csr::mie>();
    if ((pending & read_csr<Csr::mideleg>()) != 0) return;
    if ((pending & interrupt::msi) != 0) {
      serve_mail(firmware, hart_id);
    } else if ((pending & interrupt::mti) != 0) {
      take_timer_interrupt();
    } else {
      asm volatile("wfi" ::: "memory");
    }
  }
}

[[noreturn]] void stop(const SbiCall& call) {
  cancel_timer(call.firmware, call.hart_id);
  write_csr<Csr::mie>(interrupt::msi);
  call.hart().state.store(HartState::stopped, std::memory_order_release);
  park_hart(call.firmware, call.hart_id);
}

SbiResult suspend(const SbiCall& call) {
  const std::uint64_t type = call.argument(0);
  if (type != default_retentive && type != default_non_retentive) {
    // Reserved types are invalid; platform-specific ones are valid numbers that this platform does not offer.
    const bool platform_specific = (type >> 32) == 0 && (type & 0x7fffffff) >= 0x10000000;
    return platform_specific ? SbiError::not_supported : SbiError::invalid_param;
  }
  if (type == default_non_retentive && !can_start_at(call.argument(1))) return SbiError::invalid_address;
  call.hart().state.store(HartState::suspended, std::memory_order_release);
  sleep_until_supervisor_interrupt(call.firmware, call.hart_id);
  call.hart().state.store(HartState::started, std::memory_order_release);
  if (type == default_non_retentive) {
    start_supervisor(call.firmware, call.hart_id, call.argument(1), call.argument(2));
  }
  return SbiError::success;
}

}  // namespace

void park_hart(Firmware& firmware, unsigned hart_id) {
  Hart& hart = firmware.harts[hart_id];
  // Fences may still come from harts that have seen us started.
  while (hart.state.load(std::memory_order_acquire) != HartState::start_pending) {
    asm volatile("wfi" ::: "memory");
    serve_mail(firmware, hart_id);
  }
  const std::uint64_t address = hart.start_address;
  const std::uint64_t argument = hart.start_argument;
  hart.state.store(HartState::started, std::memory_order_release);
  start_supervisor(firmware, hart_id, address, argument);
}

SbiResult sbi_hart_state(const SbiCall& call) {
  switch (call.function()) {
    case hart_start: return start(call.firmware, call.argument(0), call.argument(1), call.argument(2));
    case hart_stop: stop(call);
    case hart_get_status: return status_of(call.firmware, call.argument(0));
    case hart_suspend: return suspend(call);
    default: return SbiError::not_supported;
  }
}

}  // namespace hartbeat::firmware

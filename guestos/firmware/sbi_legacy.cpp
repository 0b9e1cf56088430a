// The legacy extensions (SBI 2.0, chapter 5), which old kernels and boot loaders still call. Hart masks are
// words in the caller's virtual memory.
#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/sbi.hpp"
#include "guestos/firmware/timer.hpp"

namespace hartbeat::firmware {
namespace {

std::uint64_t as_register(SbiError error) { return static_cast<std::uint64_t>(error); }

// A null pointer means every hart.
bool read_hart_mask(const SbiCall& call, HartMask& harts) {
  const std::uint64_t address = call.argument(0);
  if (address == 0) {
    harts = call.firmware.platform.harts;
    return true;
  }
  HartMask mask = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const GuardedLoad loaded = guarded_load_byte(address + i, View::guest);
    if (!loaded.ok()) return false;
    mask |= loaded.value << (8 * i);
  }
  harts = mask & call.firmware.platform.harts;
  return true;
}

std::uint64_t put_character(const SbiCall& call) {
  Console::Lock lock(call.firmware.console);
  call.firmware.console.put(static_cast<std::uint8_t>(call.argument(0)));
  return 0;
}

std::uint64_t get_character(const SbiCall& call) {
  Console::Lock lock(call.firmware.console);
  const auto byte = call.firmware.console.get();
  return byte ? *byte : ~std::uint64_t{0};
}

std::uint64_t remote_fence(const SbiCall& call, FenceRequest request) {
  HartMask targets = 0;
  if (!read_hart_mask(call, targets)) return as_register(SbiError::invalid_address);
  if (request.kind != FenceRequest::Kind::instruction &&
      !set_fence_range(request, call.argument(1), call.argument(2))) {
    return as_register(SbiError::invalid_address);
  }
  fence_harts(call.firmware, call.hart_id, targets, request);
  return 0;
}

}  // namespace

std::uint64_t sbi_legacy(const SbiCall& call) {
  FenceRequest request;
  switch (static_cast<SbiExtension>(call.extension())) {
    case SbiExtension::legacy_set_timer:
      call.count(FirmwareEvent::set_timer);
      set_timer(call.firmware, call.hart_id, call.argument(0));
      return 0;
    case SbiExtension::legacy_console_putchar: return put_character(call);
    case SbiExtension::legacy_console_getchar: return get_character(call);
    case SbiExtension::legacy_clear_ipi: {
      const bool was_pending = (read_csr<Csr::mip>() & interrupt::ssi) != 0;
      clear_csr_bits<Csr::mip>(interrupt::ssi);
      return was_pending;
    }
    case SbiExtension::legacy_send_ipi: {
      HartMask targets = 0;
      if (!read_hart_mask(call, targets)) return as_register(SbiError::invalid_address);
      send_supervisor_ipi(call.firmware, call.hart_id, targets);
      return 0;
    }
    case SbiExtension::legacy_remote_fence_i: return remote_fence(call, request);
    case SbiExtension::legacy_remote_sfence_vma:
      request.kind = FenceRequest::Kind::address;
      return remote_fence(call, request);
    case SbiExtension::legacy_remote_sfence_vma_asid:
      request.kind = FenceRequest::Kind::address_and_asid;
      request.asid = call.argument(3);
      return remote_fence(call, request);
    case SbiExtension::legacy_shutdown: finish_machine(call.firmware, Finish::pass);
    default: return as_register(SbiError::not_supported);
  }
}

}  // namespace hartbeat::firmware

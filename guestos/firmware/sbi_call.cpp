// Finds the extension of an SBI call, and puts its answer where S-mode looks for it.
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

struct Extension {
  SbiExtension id;
  SbiResult (*handle)(const SbiCall&);
};

constexpr Extension extensions[] = {
    {SbiExtension::base, sbi_base},
    {SbiExtension::time, sbi_time},
    {SbiExtension::ipi, sbi_ipi},
    {SbiExtension::remote_fence, sbi_remote_fence},
    {SbiExtension::hart_state, sbi_hart_state},
    {SbiExtension::system_reset, sbi_system_reset},
    {SbiExtension::debug_console, sbi_debug_console},
    {SbiExtension::pmu, sbi_pmu},
};

constexpr bool is_legacy(std::uint64_t extension) {
  return extension <= static_cast<std::uint64_t>(SbiExtension::legacy_shutdown);
}

}  // namespace

bool sbi_extension_exists(const Firmware& firmware, std::uint64_t extension) {
  if (is_legacy(extension)) return true;
  const auto id = static_cast<SbiExtension>(extension);
  if (id == SbiExtension::system_reset) return firmware.platform.finisher != 0;
  if (id == SbiExtension::debug_console) return firmware.console.present();
  for (const Extension& candidate : extensions) {
    if (candidate.id == id) return true;
  }
  return false;
}

void handle_sbi_call(const SbiCall& call) {
  call.frame.mepc += 4;
  if (is_legacy(call.extension())) {
    call.frame.x[reg_a0] = sbi_legacy(call);
    return;
  }
  SbiResult result = SbiError::not_supported;
  for (const Extension& candidate : extensions) {
    if (static_cast<std::uint64_t>(candidate.id) != call.extension()) continue;
    if (sbi_extension_exists(call.firmware, call.extension())) result = candidate.handle(call);
  }
  call.frame.x[reg_a0] = static_cast<std::uint64_t>(result.error);
  call.frame.x[reg_a0 + 1] = result.value;
}

bool select_harts(const Firmware& firmware, std::uint64_t mask, std::uint64_t base, HartMask& harts) {
  if (base == ~std::uint64_t{0}) {
    harts = firmware.platform.harts;
    return true;
  }
  if (mask == 0) {
    harts = 0;
    return true;
  }
  if (base >= max_harts || (mask << base) >> base != mask) return false;
  harts = mask << base;
  return (harts & ~firmware.platform.harts) == 0;
}

}  // namespace hartbeat::firmware

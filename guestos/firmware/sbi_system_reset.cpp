// SRST (SBI 2.0, chapter 10), through the sifive,test finisher: a 32-bit word of command and exit code.
#include "guestos/firmware/mmio.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

enum ResetType : std::uint64_t { shutdown = 0, cold_reboot = 1, warm_reboot = 2 };
enum ResetReason : std::uint64_t { no_reason = 0, system_failure = 1 };
constexpr std::uint16_t failure_exit_code = 1;

}  // namespace

void finish_machine(const Firmware& firmware, Finish how, std::uint16_t code) {
  if (firmware.platform.finisher != 0) {
    mmio_write<std::uint32_t>(firmware.platform.finisher,
                              std::uint32_t{code} << 16 | static_cast<std::uint32_t>(how));
  }
  for (;;) asm volatile("wfi");
}

SbiResult sbi_system_reset(const SbiCall& call) {
  if (call.function() != 0) return SbiError::not_supported;
  const std::uint64_t type = call.argument(0);
  const std::uint64_t reason = call.argument(1);
  if (type > warm_reboot || reason > system_failure) return SbiError::invalid_param;
  if (type != shutdown) finish_machine(call.firmware, Finish::reset);
  if (reason == system_failure) finish_machine(call.firmware, Finish::fail, failure_exit_code);
  finish_machine(call.firmware, Finish::pass);
}

}  // namespace hartbeat::firmware

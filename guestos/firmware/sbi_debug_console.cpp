// DBCN (SBI 2.0, chapter 12). Buffers are physical memory; an address that is none is an invalid parameter.
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

enum Function : std::uint64_t { console_write = 0, console_read = 1, console_write_byte = 2 };

SbiResult write_buffer(const SbiCall& call, std::uint64_t bytes, std::uint64_t address) {
  Console::Lock lock(call.firmware.console);
  for (std::uint64_t i = 0; i < bytes; ++i) {
    const GuardedLoad loaded = guarded_load_byte(address + i, View::machine);
    if (!loaded.ok()) return SbiError::invalid_param;
    call.firmware.console.put(static_cast<std::uint8_t>(loaded.value));
  }
  return SbiResult::of(bytes);
}

SbiResult read_buffer(const SbiCall& call, std::uint64_t bytes, std::uint64_t address) {
  Console::Lock lock(call.firmware.console);
  std::uint64_t count = 0;
  for (; count < bytes; ++count) {
    const auto byte = call.firmware.console.get();
    if (!byte) break;
    if (guarded_store_byte(address + count, *byte, View::machine).cause != no_fault)
      return SbiError::invalid_param;
  }
  return SbiResult::of(count);
}

}  // namespace

SbiResult sbi_debug_console(const SbiCall& call) {
  if (call.function() == console_write_byte) {
    Console::Lock lock(call.firmware.console);
    call.firmware.console.put(static_cast<std::uint8_t>(call.argument(0)));
    return SbiError::success;
  }
  if (call.function() > console_write_byte) return SbiError::not_supported;
  const std::uint64_t bytes = call.argument(0);
  const std::uint64_t address = call.argument(1);
  const bool fits =
      call.argument(2) == 0 && address + bytes >= address;  // the high half of the address is for RV32
  if (!fits) return SbiError::invalid_param;
  return call.function() == console_write ? write_buffer(call, bytes, address)
                                          : read_buffer(call, bytes, address);
}

}  // namespace hartbeat::firmware

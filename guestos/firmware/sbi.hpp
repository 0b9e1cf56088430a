// The Supervisor Binary Interface, version 2.0: what a call is, and one function for each extension.
#pragma once

#include <cstdint>

#include "guestos/firmware/firmware.hpp"
#include "guestos/firmware/trap_frame.hpp"

namespace hartbeat::firmware {

enum class SbiError : std::int64_t {
  success = 0,
  failed = -1,
  not_supported = -2,
  invalid_param = -3,
  denied = -4,
  invalid_address = -5,
  already_available = -6,
  already_started = -7,
  already_stopped = -8,
  no_shared_memory = -9,
};

struct SbiResult {
  SbiError error = SbiError::success;
  std::uint64_t value = 0;
  SbiResult(SbiError error_code) : error(error_code) {}
  static SbiResult of(std::uint64_t value) {
    SbiResult result{SbiError::success};
    result.value = value;
    return result;
  }
};

enum class SbiExtension : std::uint64_t {
  legacy_set_timer = 0,
  legacy_console_putchar = 1,
  legacy_console_getchar = 2,
  legacy_clear_ipi = 3,
  legacy_send_ipi = 4,
  legacy_remote_fence_i = 5,
  legacy_remote_sfence_vma = 6,
  legacy_remote_sfence_vma_asid = 7,
  legacy_shutdown = 8,
  base = 0x10,
  time = 0x54494d45,           // "TIME"
  ipi = 0x735049,              // "sPI"
  remote_fence = 0x52464e43,   // "RFNC"
  hart_state = 0x48534d,       // "HSM"
  system_reset = 0x53525354,   // "SRST"
  debug_console = 0x4442434e,  // "DBCN"
  pmu = 0x504d55,              // "PMU"
};

// One call by S-mode on this hart: the extension is in a7, the function in a6, arguments in a0 to a5.
struct SbiCall {
  Firmware& firmware;
  unsigned hart_id;
  TrapFrame& frame;

  std::uint64_t extension() const { return frame.x[17]; }
  std::uint64_t function() const { return frame.x[16]; }
  std::uint64_t argument(unsigned index) const { return frame.x[reg_a0 + index]; }
  Hart& hart() const { return firmware.harts[hart_id]; }
  void count(FirmwareEvent event) const { firmware.pmu[hart_id].count(event); }
};

// The call's answer goes to a0 (and a1, but for the legacy calls); mepc moves past the ecall.
void handle_sbi_call(const SbiCall& call);
bool sbi_extension_exists(const Firmware& firmware, std::uint64_t extension);

SbiResult sbi_base(const SbiCall& call);
SbiResult sbi_time(const SbiCall& call);
SbiResult sbi_ipi(const SbiCall& call);
SbiResult sbi_remote_fence(const SbiCall& call);
SbiResult sbi_hart_state(const SbiCall& call);
SbiResult sbi_system_reset(const SbiCall& call);
SbiResult sbi_debug_console(const SbiCall& call);
SbiResult sbi_pmu(const SbiCall& call);
// Chapter 5: these return one number, in a0.
std::uint64_t sbi_legacy(const SbiCall& call);

// Harts meant by a mask and the id of its bit 0, ~0 meaning all (section 3.1). False: a hart that does not
// exist.
bool select_harts(const Firmware& firmware, std::uint64_t mask, std::uint64_t base, HartMask& harts);

// The range of a remote sfence.vma (section 8): false if it wraps around the end of the address space.
bool set_fence_range(FenceRequest& request, std::uint64_t start, std::uint64_t size);

// Ends the machine through the test finisher.
enum class Finish : std::uint32_t { pass = 0x5555, fail = 0x3333, reset = 0x7777 };
[[noreturn]] void finish_machine(const Firmware& firmware, Finish how, std::uint16_t code = 0);

// Where a stopped hart waits for hart_start; its state is stopped already, or somebody has started it since.
[[noreturn]] void park_hart(Firmware& firmware, unsigned hart_id);

}  // namespace hartbeat::firmware

// A hart's M-mode registers, and its way into S-mode.
#pragma once

#include <cstdint>

#include "guestos/firmware/firmware.hpp"

namespace hartbeat::firmware {

// Delegates every trap that is not the firmware's, opens memory (PMP) and counters to S- and U-mode, and
// switches the extensions on that menvcfg guards. Needs no other hart. Probes what the core has; never fails.
void set_up_hart(const Platform& platform);

// Is there a `time` CSR, and stimecmp (after set_up_hart)?
bool probe_time_csr();
bool probe_stimecmp();

// As SBI 2.0, table 9.1 (HSM) wants a hart in S-mode: satp = 0, interrupts off, a0 = hart id, a1 = argument.
[[noreturn]] void start_supervisor(Firmware& firmware, unsigned hart_id, std::uint64_t pc,
                                   std::uint64_t argument);

}  // namespace hartbeat::firmware

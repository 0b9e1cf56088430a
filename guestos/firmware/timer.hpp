// S-mode's timer: stimecmp where the core has Sstc, else the CLINT's comparator and an interrupt passed on as
// STIP.
#pragma once

#include <cstdint>

#include "guestos/firmware/firmware.hpp"

namespace hartbeat::firmware {

std::uint64_t read_time(const Firmware& firmware);
// Raises STIP on this hart when mtime reaches `deadline` (mtime ticks, absolute); clears a pending one.
void set_timer(const Firmware& firmware, unsigned hart_id, std::uint64_t deadline);
void cancel_timer(const Firmware& firmware, unsigned hart_id);
// The M-mode timer interrupt: hands it on to S-mode.
void take_timer_interrupt();

}  // namespace hartbeat::firmware

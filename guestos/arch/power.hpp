// Ending the machine.
#pragma once

namespace guestos {

// Status 0..255 as a shell sees it, through the SiFive test finisher; without one through SBI system reset.
[[noreturn]] void power_off(unsigned status);

}  // namespace guestos

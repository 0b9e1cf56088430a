#include "guestos/arch/power.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/csr.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/arch/sbi.hpp"

namespace guestos {

void power_off(unsigned status) {
  constexpr u32 finisher_pass = 0x5555;
  constexpr u32 finisher_fail = 0x3333;
  if (boot_info().finisher != 0) {
    *direct<volatile u32>(boot_info().finisher) = status == 0 ? finisher_pass : status << 16 | finisher_fail;
    device_fence();
  }
  sbi::system_reset(status != 0);
  for (;;) wait_for_interrupt();
}

}  // namespace guestos

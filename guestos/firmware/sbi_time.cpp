// TIME (SBI 2.0, chapter 6).
#include "guestos/firmware/sbi.hpp"
#include "guestos/firmware/timer.hpp"

namespace hartbeat::firmware {

SbiResult sbi_time(const SbiCall& call) {
  if (call.function() != 0) return SbiError::not_supported;
  call.count(FirmwareEvent::set_timer);
  set_timer(call.firmware, call.hart_id, call.argument(0));
  return SbiError::success;
}

}  // namespace hartbeat::firmware

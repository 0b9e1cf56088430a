// IPI (SBI 2.0, chapter 7).
#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {

SbiResult sbi_ipi(const SbiCall& call) {
  if (call.function() != 0) return SbiError::not_supported;
  HartMask targets = 0;
  if (!select_harts(call.firmware, call.argument(0), call.argument(1), targets))
    return SbiError::invalid_param;
  send_supervisor_ipi(call.firmware, call.hart_id, targets);
  return SbiError::success;
}

}  // namespace hartbeat::firmware

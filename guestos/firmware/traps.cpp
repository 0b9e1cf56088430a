#include "guestos/firmware/traps.hpp"

#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/memory_instruction.hpp"
#include "guestos/firmware/sbi.hpp"
#include "guestos/firmware/timer.hpp"

namespace hartbeat::firmware {
namespace {

void handle_interrupt(Firmware& firmware, unsigned hart_id, std::uint64_t code) {
  if (code == interrupt::msi_cause) {
    serve_mail(firmware, hart_id);
  } else if (code == interrupt::mti_cause) {
    take_timer_interrupt();
  }
}

// What a load's fault is called when the load was a fetch in truth.
std::uint64_t as_fetch_cause(std::uint64_t load_cause) {
  return load_cause == cause::load_page_fault ? cause::instruction_page_fault
                                              : cause::instruction_access_fault;
}

}  // namespace

void handle_trap(Firmware& firmware, unsigned hart_id, TrapFrame& frame) {
  const std::uint64_t trap_cause = read_csr<Csr::mcause>();
  if ((trap_cause & interrupt::cause_bit) != 0) {
    handle_interrupt(firmware, hart_id, trap_cause & ~interrupt::cause_bit);
    return;
  }
  const Fault fault{trap_cause, read_csr<Csr::mtval>()};
  switch (trap_cause) {
    case cause::supervisor_call: handle_sbi_call({firmware, hart_id, frame}); break;
    case cause::illegal_instruction:
      firmware.pmu[hart_id].count(FirmwareEvent::illegal_instruction);
      handle_illegal_instruction(firmware, frame, fault);
      break;
    case cause::load_misaligned:
      firmware.pmu[hart_id].count(FirmwareEvent::misaligned_load);
      handle_misaligned(frame, fault);
      break;
    case cause::store_misaligned:
      firmware.pmu[hart_id].count(FirmwareEvent::misaligned_store);
      handle_misaligned(frame, fault);
      break;
    default: redirect_to_supervisor(frame, fault);
  }
}

void redirect_to_supervisor(TrapFrame& frame, const Fault& fault) {
  write_csr<Csr::scause>(fault.cause);
  write_csr<Csr::stval>(fault.value);
  write_csr<Csr::sepc>(frame.mepc);
  const bool from_supervisor = (frame.mstatus & status::mpp) == status::mpp_supervisor;
  const bool interrupts_were_on = (frame.mstatus & status::sie) != 0;
  frame.mstatus &= ~(status::spp | status::spie | status::sie | status::mpp);
  if (from_supervisor) frame.mstatus |= status::spp;
  if (interrupts_were_on) frame.mstatus |= status::spie;
  frame.mstatus |= status::mpp_supervisor;
  frame.mepc = read_csr<Csr::stvec>() & ~std::uint64_t{3};  // exceptions go to BASE in vectored mode too
}

FetchedInstruction fetch_instruction(const TrapFrame& frame) {
  FetchedInstruction result;
  const GuardedLoad low = guarded_load_half(frame.mepc, View::guest_fetch);
  if (!low.ok()) {
    result.fault = {as_fetch_cause(low.fault.cause), low.fault.value};
    return result;
  }
  result.bits = static_cast<std::uint32_t>(low.value);
  if (is_compressed(result.bits)) return result;
  const GuardedLoad high = guarded_load_half(frame.mepc + 2, View::guest_fetch);
  if (!high.ok()) {
    result.fault = {as_fetch_cause(high.fault.cause), high.fault.value};
    return result;
  }
  result.bits |= static_cast<std::uint32_t>(high.value) << 16;
  return result;
}

}  // namespace hartbeat::firmware

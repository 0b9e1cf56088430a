// Traps that reach M-mode: what is the firmware's is done here, the rest is handed on to S-mode.
#pragma once

#include <cstdint>

#include "guestos/firmware/firmware.hpp"
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/trap_frame.hpp"

namespace hartbeat::firmware {

void handle_trap(Firmware& firmware, unsigned hart_id, TrapFrame& frame);

// Makes the return from this trap enter S-mode's trap handler, as if the trap had been delegated (3.1.8).
void redirect_to_supervisor(TrapFrame& frame, const Fault& fault);

struct FetchedInstruction {
  std::uint32_t bits = 0;
  Fault fault{no_fault, 0};  // of the fetch, as an instruction fault
  bool ok() const { return fault.cause == no_fault; }
};
// The instruction at mepc, as the interrupted program would fetch it.
FetchedInstruction fetch_instruction(const TrapFrame& frame);

// mcause 2: rdtime, on cores without a time CSR.
void handle_illegal_instruction(Firmware& firmware, TrapFrame& frame, const Fault& fault);
// mcause 4 and 6.
void handle_misaligned(TrapFrame& frame, const Fault& fault);

}  // namespace hartbeat::firmware

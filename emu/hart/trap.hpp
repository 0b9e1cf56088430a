// Traps and returns from them (privileged specification, "Machine-Level ISA" 3.1.6-3.1.9, "Supervisor-Level ISA").
#pragma once

#include <cstdint>

#include "emu/hart/hart.hpp"

namespace hartbeat {

struct TrapRequest {
  bool interrupt = false;
  std::uint64_t code = 0;
  std::uint64_t value = 0;  // xtval
  std::uint64_t epc = 0;
  const mmu::Walk* walk = nullptr;
};

// Enters the handler: CSRs, privilege and Hart::pc as the delegation says. Does not move the clock.
// `now`: the hart's clock.
void enter_trap(Hart& hart, std::uint64_t now, const TrapRequest& request);

// MRET and SRET; Hart::pc is where execution goes on. Precondition: permitted in the current privilege.
void return_from_machine(Hart& hart, std::uint64_t now, std::uint64_t pc);
void return_from_supervisor(Hart& hart, std::uint64_t now, std::uint64_t pc);

// Attributes clock, instructions and TLB hits since the last change to the privilege that is being left.
void account_privilege(Hart& hart, std::uint64_t now);

}  // namespace hartbeat

// Names of privileges, exceptions and interrupts for messages and reports.
#pragma once

#include <cstdint>

#include "mmu/mmu.hpp"

namespace hartbeat {

constexpr char privilege_letter(mmu::Privilege privilege) {
  return privilege == mmu::Privilege::machine ? 'M' : privilege == mmu::Privilege::supervisor ? 'S' : 'U';
}

// Privileged specification, table of mcause values.
constexpr const char* exception_name(std::uint64_t code) {
  constexpr const char* names[] = {"instruction address misaligned",
                                   "instruction access fault",
                                   "illegal instruction",
                                   "breakpoint",
                                   "load address misaligned",
                                   "load access fault",
                                   "store address misaligned",
                                   "store access fault",
                                   "environment call from U-mode",
                                   "environment call from S-mode",
                                   "reserved",
                                   "environment call from M-mode",
                                   "instruction page fault",
                                   "load page fault",
                                   "reserved",
                                   "store page fault"};
  return code < 16 ? names[code] : "unknown exception";
}

constexpr const char* interrupt_name(std::uint64_t code) {
  switch (code) {
    case 1: return "supervisor software interrupt";
    case 3: return "machine software interrupt";
    case 5: return "supervisor timer interrupt";
    case 7: return "machine timer interrupt";
    case 9: return "supervisor external interrupt";
    case 11: return "machine external interrupt";
    case 13: return "local counter overflow interrupt";
    default: return "unknown interrupt";
  }
}

}  // namespace hartbeat

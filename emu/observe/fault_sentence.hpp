// A trap told in words: what was attempted, what the walker read, and which check failed.
#pragma once

#include <string>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

// One line for the trap and, for a page fault, one for each page-table entry read:
//   hart 1: store_page_fault at 0x3fff000 (pc 0x10234, user mode): the page is not writable
//     level 2 PTE at 0x80201000 = 0x0000000020080401
std::string fault_sentence(const TrapEvent& event);

}  // namespace hartbeat::observe

// The named checks of the address translation: which one failed, what it is called, and what to tell a
// person.
#pragma once

#include <cstdint>

namespace hartbeat::mmu {

// The kind of exception; its cause number follows from the Access.
enum class Fault : std::uint8_t { none, page, access };

// Numbers in brackets are steps of "Virtual Address Translation Process" in the privileged specification.
enum class Check : std::uint8_t {
  none,
  non_canonical,                     // address bits above the mode's width differ from its top bit
  pte_memory,                        // [2] PMP, PMA or no memory where the PTE should be: access fault
  pte_invalid,                       // [3] V = 0
  write_without_read,                // [3] R = 0 and W = 1
  reserved_bits,                     // [3] bits 60:54
  pbmt_reserved,                     // [3] bits 62:61
  napot_encoding,                    // [3] bit 63
  pointer_with_adu_bits,             // [3] A, D or U in a non-leaf PTE
  pointer_at_last_level,             // [4] level < 0
  misaligned_superpage,              // [5]
  user_page_without_sum,             // [6]
  user_page_executed_by_supervisor,  // [6]
  supervisor_page_from_user,         // [6]
  not_executable,                    // [8]
  not_readable,                      // [8]
  not_writable,                      // [8]
  accessed_clear,                    // [9] under Svade
  dirty_clear,                       // [9] under Svade
  pte_update_memory,                 // [9] the walker may not write the PTE: access fault
  physical_address_width,            // [10] the translated address does not exist: access fault
};

inline constexpr unsigned check_count = static_cast<unsigned>(Check::physical_address_width) + 1;

// The enumerator's own name, for machines: "user_page_without_sum".
const char* name(Check check);

// One sentence for people, without a full stop: "the page is a user page and SUM is clear".
const char* sentence(Check check);

// The kind of exception a failed check raises.
constexpr Fault fault_of(Check check) {
  switch (check) {
    case Check::none: return Fault::none;
    case Check::pte_memory:
    case Check::pte_update_memory:
    case Check::physical_address_width: return Fault::access;
    default: return Fault::page;
  }
}

}  // namespace hartbeat::mmu

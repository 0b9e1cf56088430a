#include "mmu/check.hpp"

#include <array>

namespace hartbeat::mmu {

namespace {

struct Words {
  const char* name;
  const char* sentence;
};

// In the order of the enumeration.
constexpr std::array<Words, check_count> words{{
    {"none", "the translation succeeded"},
    {"non_canonical",
     "the virtual address is not canonical: its upper bits do not repeat the mode's top bit"},
    {"pte_memory", "the page-table entry itself may not be read: PMP forbids it or no memory is there"},
    {"pte_invalid", "the page-table entry is not valid (V = 0)"},
    {"write_without_read", "the page-table entry has W without R, which is reserved"},
    {"reserved_bits", "the page-table entry has reserved bits set (60:54)"},
    {"pbmt_reserved",
     "the page-table entry has a memory type (bits 62:61) that is reserved here: Svpbmt is off, the value is "
     "3, or "
     "the entry is a pointer"},
    {"napot_encoding",
     "the page-table entry has N (bit 63) set but is no 64 KiB NAPOT leaf: Svnapot is absent, the entry is a "
     "pointer "
     "or a superpage, or ppn[3:0] is not 1000"},
    {"pointer_with_adu_bits", "the page-table entry is a pointer but has A, D or U set, which is reserved"},
    {"pointer_at_last_level",
     "the page-table entry at the last level has R = W = X = 0, so it points to a level that does not exist"},
    {"misaligned_superpage", "the superpage's physical page number is not aligned to its size"},
    {"user_page_without_sum", "the page is a user page, the access is the supervisor's, and SUM is clear"},
    {"user_page_executed_by_supervisor", "the page is a user page and the supervisor may never execute it"},
    {"supervisor_page_from_user", "the page is a supervisor page (U = 0) and the access is the user's"},
    {"not_executable", "the page is not executable (X = 0)"},
    {"not_readable", "the page is not readable (R = 0, and not executable with MXR set)"},
    {"not_writable", "the page is not writable (W = 0)"},
    {"accessed_clear", "the page's accessed bit is clear (A = 0) and the hardware does not set it"},
    {"dirty_clear", "the page's dirty bit is clear (D = 0) and the hardware does not set it"},
    {"pte_update_memory", "A or D had to be set but the page-table entry may not be written"},
    {"physical_address_width", "the physical address is wider than this implementation's"},
}};

static_assert(words.back().name != nullptr, "each check has its words");

}  // namespace

const char* name(Check check) { return words[static_cast<unsigned>(check)].name; }

const char* sentence(Check check) { return words[static_cast<unsigned>(check)].sentence; }

}  // namespace hartbeat::mmu

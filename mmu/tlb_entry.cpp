#include "mmu/tlb_entry.hpp"

namespace hartbeat::mmu {

namespace {

// Step 6: the U bit.
Check permits_privilege(unsigned permissions, const Context& context, Access access) {
  const bool user_page = (permissions & pte::U) != 0;
  if (context.privilege == Privilege::user) return user_page ? Check::none : Check::supervisor_page_from_user;
  if (!user_page) return Check::none;
  if (access == Access::fetch) return Check::user_page_executed_by_supervisor;
  return context.sum ? Check::none : Check::user_page_without_sum;
}

// Step 8: R, W and X.
Check permits_kind(unsigned permissions, const Context& context, Access access) {
  switch (access) {
    case Access::fetch: return (permissions & pte::X) != 0 ? Check::none : Check::not_executable;
    case Access::store: return (permissions & pte::W) != 0 ? Check::none : Check::not_writable;
    case Access::load: break;
  }
  if ((permissions & pte::R) != 0 || (context.mxr && (permissions & pte::X) != 0)) return Check::none;
  return Check::not_readable;
}

}  // namespace

Check permits(std::uint8_t permissions, const Context& context, Access access) {
  if ((permissions & pte::V) == 0) return Check::pte_invalid;
  if (const Check check = permits_privilege(permissions, context, access); check != Check::none) return check;
  if (const Check check = permits_kind(permissions, context, access); check != Check::none) return check;
  if ((permissions & pte::A) == 0) return Check::accessed_clear;  // 9
  if (access == Access::store && (permissions & pte::D) == 0) return Check::dirty_clear;
  return Check::none;
}

Check permits(const TlbEntry& entry, const Context& context, Access access) {
  return permits(entry.permissions, context, access);
}

std::uint64_t recompose_pte(const TlbEntry& entry) {
  std::uint64_t value = entry.physical_page << pte::ppn_shift | entry.permissions;
  value |= static_cast<std::uint64_t>(entry.pbmt) << pte::pbmt_shift;
  if (entry.global) value |= pte::G;
  if (entry.page_shift == 16) value |= pte::N | std::uint64_t{8} << pte::ppn_shift;
  return value;
}

}  // namespace hartbeat::mmu

#include "oracle.hpp"

namespace oracle {

namespace {

std::uint64_t field(std::uint64_t value, int high, int low) {
  const int width = high - low + 1;
  return (value >> low) % (width == 64 ? 0 : (std::uint64_t{1} << width));
}
bool bit(std::uint64_t value, int position) { return field(value, position, position) == 1; }

enum { V, R, W, X, U, G, A, D };

bool reserved_encoding(std::uint64_t pte, int level, const hartbeat::mmu::Context& csr,
                       const hartbeat::mmu::Features& has) {
  const bool leaf = bit(pte, R) || bit(pte, X);
  const auto memory_type = field(pte, 62, 61);
  const bool types_exist = leaf && has.svpbmt && csr.pbmt_enabled;
  const bool type_ok = memory_type == 0 || (types_exist && memory_type != 3);
  const bool contiguous_ok =
      !bit(pte, 63) || (leaf && has.svnapot && level == 0 && field(pte, 13, 10) == 0b1000);
  const bool pointer_ok = leaf || !(bit(pte, D) || bit(pte, A) || bit(pte, U));
  return field(pte, 60, 54) != 0 || !type_ok || !contiguous_ok || !pointer_ok;
}

bool allowed(std::uint64_t pte, const hartbeat::mmu::Context& csr, char access) {
  const bool as_user = csr.privilege == hartbeat::mmu::Privilege::user;
  const bool owner_ok = as_user ? bit(pte, U) : !bit(pte, U) || (access != 'x' && csr.sum);
  const bool kind_ok = access == 'x'   ? bit(pte, X)
                       : access == 'w' ? bit(pte, W)
                                       : bit(pte, R) || (bit(pte, X) && csr.mxr);
  return owner_ok && kind_ok;
}

}  // namespace

Verdict translate(const Memory& memory, const hartbeat::mmu::Context& csr, const hartbeat::mmu::Features& has,
                  std::uint64_t va, char access) {
  const int mode = static_cast<int>(csr.mode);
  if (mode == 0 || csr.privilege == hartbeat::mmu::Privilege::machine) return {Outcome::translated, va, 0};
  const int levels = mode == 8 ? 3 : mode == 9 ? 4 : 5;
  const int top = 12 + levels * 9 - 1;
  for (int position = top + 1; position < 64; ++position)
    if (bit(va, position) != bit(va, top)) return {Outcome::page_fault, 0, 0};

  Verdict verdict;
  std::uint64_t table_page = csr.root_ppn;
  for (int level = levels - 1; level >= 0; --level) {
    const int low = 12 + 9 * level;
    ++verdict.reads;
    const auto read = memory(table_page * 4096 + field(va, low + 8, low) * 8);
    if (!read) return {Outcome::access_fault, 0, verdict.reads};
    const std::uint64_t pte = *read;
    if (!bit(pte, V) || (bit(pte, W) && !bit(pte, R)) || reserved_encoding(pte, level, csr, has))
      return verdict;
    if (!bit(pte, R) && !bit(pte, X)) {
      table_page = field(pte, 53, 10);
      continue;
    }
    if (level > 0 && field(pte, 10 + 9 * level - 1, 10) != 0) return verdict;
    if (!allowed(pte, csr, access)) return verdict;
    const bool needs_dirty = access == 'w' && !bit(pte, D);
    if (!bit(pte, A) || needs_dirty) {
      if (!csr.hardware_ad) return verdict;
      verdict.new_pte = pte | 1u << A | (access == 'w' ? 1u << D : 0u);
    }
    const int offset_bits = bit(pte, 63) ? 16 : low;
    const std::uint64_t base = field(pte, 53, 10 + offset_bits - 12) << offset_bits;
    verdict.outcome = Outcome::translated;
    verdict.physical = base + field(va, offset_bits - 1, 0);
    return verdict;
  }
  return verdict;  // a pointer at the last level
}

}  // namespace oracle

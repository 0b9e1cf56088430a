// The page-table walk: privileged specification, "Virtual Address Translation Process", with its whole story.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include "mmu/address.hpp"
#include "mmu/check.hpp"
#include "mmu/pte.hpp"
#include "mmu/tlb_entry.hpp"
#include "mmu/translation_types.hpp"

namespace hartbeat::mmu {

// Where the walker finds page tables. Addresses are 8-byte aligned.
template <class M>
concept PteMemory = requires(M& memory, PhysAddr address, std::uint64_t& out, std::uint64_t value) {
  // Reads a PTE into `out`; false is an access fault (PMP, PMA, no memory).
  { memory.read_pte(address, out) } -> std::convertible_to<bool>;
  // Svadu's atomic compare-and-store of a PTE that was just read as `expected`. Harts interleave at
  // instruction granularity, so the comparison holds; false is an access fault (no write permission for the
  // walker).
  { memory.update_pte(address, value, value) } -> std::convertible_to<bool>;
};

struct PteRead {
  PhysAddr address = {};
  std::uint64_t pte = 0;
  std::uint8_t level = 0;
};

// What a walk did: every PTE it read, and how it ended. On success `address` is the translation; on a fault
// it is 0. `reads[0 … read_count)` are meaningful; when the check is pte_memory, the last of them is the read
// that failed (PTE 0). After a fault raised from a TLB entry (no walk), read_count is 0 and `pte` is that
// entry's PTE as remembered.
struct Walk {
  Fault fault = Fault::none;
  Check check = Check::none;
  PhysAddr address = {};
  std::uint64_t pte = 0;         // the last PTE; with A and D as the walker wrote them
  std::uint8_t level = 0;        // of `pte`
  std::uint8_t page_shift = 12;  // 12, 16 (NAPOT 64 KiB), 21, 30, 39, 48: the reach of `pte`
  std::uint8_t read_count = 0;
  bool ad_written = false;
  bool global = false;  // G seen in the leaf or in a pointer above it
  std::array<PteRead, 5> reads = {};
};

// Walks the tables for one access. Precondition: translates(context).
template <PteMemory Memory>
Walk walk(Memory& memory, const Context& context, const Features& features, VirtAddr address, Access access);

// The same into storage that the caller keeps.
template <PteMemory Memory>
void walk_into(Walk& walk, Memory& memory, const Context& context, const Features& features, VirtAddr address,
               Access access);

// The entry that a successful walk of `address` leaves in a TLB.
constexpr TlbEntry entry_of(const Walk& walk, std::uint16_t asid, VirtAddr address) {
  const unsigned span = walk.page_shift - 12u;
  return {.virtual_page = address.value >> walk.page_shift << span,
          .physical_page = pte::ppn(walk.pte) >> span << span,
          .asid = asid,
          .page_shift = walk.page_shift,
          .permissions = static_cast<std::uint8_t>(walk.pte),
          .pbmt = static_cast<std::uint8_t>((walk.pte & pte::PBMT) >> pte::pbmt_shift),
          .global = walk.global};
}

}  // namespace hartbeat::mmu

#include "mmu/walk_steps.hpp"

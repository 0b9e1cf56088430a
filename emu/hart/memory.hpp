// Data accesses and fetches beyond the fast table: translation, PMP, RAM or device, misaligned, page-crossing.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/hart/hart.hpp"

namespace hartbeat {

enum class AccessResult : std::uint8_t {
  done,
  boundary,  // done, and the block must end behind this instruction
  trapped,   // Hart::trap says why; Hart::pending is set
};

// Reservations cover the aligned doubleword (as CVA6's), the largest access that LR and SC make.
inline constexpr std::uint64_t reservation_granule = 8;

// Loads `size` bytes, zero-extended, into Hart::slow_value. `now`: the hart's clock at this instruction.
AccessResult slow_load(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size);
AccessResult slow_store(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, std::uint64_t value);

// Host address of naturally aligned RAM that may be read and written (AMO, SC) or, with `access` load, read (LR).
// nullptr: trapped. After writing call store_done.
std::uint8_t* atomic_place(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, mmu::Access access,
                           PhysAddr& physical);
// cbo.zero: clears the block that holds `va`, as a store. Other cache-block instructions: memory is coherent here, so the
// access is checked and that is all.
AccessResult zero_block(Hart& hart, std::uint64_t now, std::uint64_t va);
AccessResult manage_block(Hart& hart, std::uint64_t now, std::uint64_t va);
// What follows a write to RAM at `physical`. False: the block must end.
bool store_done(Hart& hart, std::uint64_t now, PhysAddr physical, unsigned size);

// The D-TLB's replacement hears of an access to a page that rests in the fast table, which may serve it again.
void rouse_page(Hart& hart, std::uint64_t va);

void set_reservation(Hart& hart, PhysAddr physical);
void clear_reservation(Hart& hart);

// Translates and checks an instruction fetch of `size` bytes within one page. False: trapped.
bool fetch_address(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, PhysAddr& physical);

// Of sfence.vma or sinval.vma: the registers' values, or none for x0.
struct FenceOperands {
  std::optional<VirtAddr> address;
  std::optional<std::uint16_t> asid;
};
void fence_translations(Hart& hart, std::uint64_t now, std::uint64_t pc, FenceOperands operands);
// What a cycle model's fence removes, with operands of its own, when the instruction has been executed: it is none of its own.
void extend_fence(Hart& hart, std::uint64_t now, std::uint64_t pc, FenceOperands operands);

// Moves the counts that the fast paths keep by context into the hart's and the TLB's counters.
void fold_access_counts(Hart& hart);

// Raises a trap: sets Hart::trap and Hart::pending.
void raise(Hart& hart, std::uint64_t code, std::uint64_t value, bool has_walk = false);

}  // namespace hartbeat

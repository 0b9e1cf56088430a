#include "guestos/mm/shootdown.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/asid.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constinit u64 last_id = 0;
constexpr u64 everything = ~u64{0};

void fence_here(const AddressSpace& space, u64 start, u64 pages) {
  // If the space is not active here, the mark in stale_mask does this work at the next activation.
  if (this_hart().space != &space) return;
  if (start == everything || pages > fence_by_page_limit) return fence_asid(space.asid());
  for (u64 i = 0; i < pages; ++i) fence_page(start + i * page_size, space.asid());
}

void shoot(AddressSpace& space, u64 start, u64 pages) {
  fence_here(space, start, pages);
  u64 targets = harts_to_fence(space);
  if (this_hart().space != &space)
    __atomic_fetch_or(space.stale_mask(), u64{1} << this_hart().id, __ATOMIC_SEQ_CST);
  const bool whole = start == everything || pages > fence_by_page_limit;
  const u64 id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
  const u32 pid = current_pid();
  trace<Tracepoint::shootdown_begin>(id, pid, whole ? everything : start, whole ? 0 : pages, targets);
  if (targets != 0)
    sbi::remote_fence_asid(targets, whole ? 0 : start, whole ? everything : pages * page_size, space.asid());
  trace<Tracepoint::shootdown_end>(id, pid);
}

}  // namespace

void shoot_down(AddressSpace& space, u64 start, u64 pages) { shoot(space, start, pages); }
void shoot_down_all(AddressSpace& space) { shoot(space, everything, 0); }

}  // namespace guestos

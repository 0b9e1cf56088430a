
#include "guestos/arch/hart.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/shootdown.hpp"

extern "C" guestos::u64 kernel_root[];

namespace guestos {

namespace {

constexpr unsigned satp_asid_shift = 44;

constinit SpinLock lock;
constinit u64 last_asid = 0;  // largest usable number; 0: there are no ASIDs
constinit u64 next_asid = 1;  // 0 is the kernel's own
constinit u64 generation = 1;

u64 satp_of(u64 root_frame, u64 asid) { return csr::satp_sv39 | asid << satp_asid_shift | root_frame; }

// With the lock held. Whoever runs at this moment keeps its number: its hart cannot be made to reload satp
// from here.
void begin_generation() {
  ++generation;
  next_asid = 1;
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1) {
    Hart& hart = *hart_by_id(lowest_bit(rest));
    hart.flush_pending = true;
    if (hart.space != nullptr) hart.space->asid_generation = generation;
  }
}

bool is_kept(u64 asid) {
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1) {
    const Hart& hart = *hart_by_id(lowest_bit(rest));
    if (hart.space != nullptr && hart.space->asid == asid) return true;
  }
  return false;
}

void assign_asid(AddressSpace& space) {
  do {
    if (next_asid > last_asid) begin_generation();
    space.asid = next_asid++;
  } while (is_kept(space.asid));
  space.asid_generation = generation;
}

}  // namespace

void asids_open() {
  const u64 before = csr::read<csr::satp>();
  csr::write<csr::satp>(before | u64{0xffff} << satp_asid_shift);
  last_asid = csr::read<csr::satp>() >> satp_asid_shift & 0xffff;
  csr::write<csr::satp>(before);
  fence_all();
  // Each hart may hold one number over a change of generation.
  if (last_asid <= max_harts || boot_choice("asid", {"on", "off"}) != 0) last_asid = 0;
}

void activate_space(Hart& hart, AddressSpace* space) {
  if (hart.space == space) return;
  const u64 bit = u64{1} << hart.id;
  AddressSpace* before = hart.space;
  if (space == nullptr) {
    csr::write<csr::satp>(satp_of(physical_of(kernel_root) >> page_bits, 0));
    hart.space = nullptr;
    __atomic_fetch_and(&before->active, ~bit, __ATOMIC_SEQ_CST);
    pass_deferred();
    return;
  }
  bool fence_everything = last_asid == 0;
  if (last_asid != 0) {
    SpinGuard guard(lock);
    if (space->asid_generation != generation) assign_asid(*space);
    hart.space = space;
    fence_everything = hart.flush_pending && !kernel_is_broken("no-rollover-flush");
    hart.flush_pending = false;
  }
  hart.space = space;
  __atomic_fetch_or(&space->active, bit, __ATOMIC_SEQ_CST);
  csr::write<csr::satp>(satp_of(space->root, space->asid));
  // A shootdown that did not see us in `active` has left its mark in `stale` before.
  const bool stale = (__atomic_fetch_and(&space->stale, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
  if (fence_everything) {
    fence_all();
  } else if (stale && !kernel_is_broken("no-stale-fence")) {
    fence_asid(space->asid);
  }
  if (before != nullptr) __atomic_fetch_and(&before->active, ~bit, __ATOMIC_SEQ_CST);
  pass_deferred();
}

u64 harts_to_fence(AddressSpace& space) {
  const u64 self = u64{1} << this_hart().id;
  __atomic_fetch_or(&space.stale, ~self, __ATOMIC_SEQ_CST);
  return __atomic_load_n(&space.active, __ATOMIC_SEQ_CST) & ~self;
}

}  // namespace guestos

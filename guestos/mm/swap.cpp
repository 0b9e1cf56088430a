#include "guestos/mm/swap.hpp"

#include "guestos/arch/tracepoint.hpp"
#include "guestos/devices/disk.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/sys/linux.hpp"

namespace guestos {

namespace {

constexpr u64 sectors_per_page = page_size / sector_size;
constexpr u64 most_slots = (page_size << max_order) / (2 * sizeof(u32));  // 2 GiB
constexpr char mkswap_signature[] = "SWAPSPACE2";                         // the last bytes of the first page

struct Slot {
  u32 references;  // entries
  u32 frame;       // tied to it, or 0; of a free slot: the next free one
};

constinit SpinLock lock;
constinit Disk* disk = nullptr;
constinit Slot* slots = nullptr;
constinit u32 first_free = 0;
constinit SwapTotals totals = {};

i64 transfer(u32 slot, FrameNumber frame, bool write) {
  const DiskBuffer buffer = {frame << page_bits, page_size};
  return disk->transfer(slot * sectors_per_page, &buffer, 1, write);
}

bool has_signature(Disk& candidate) {
  u8 bytes[sector_size];
  const DiskBuffer buffer = {physical_of(bytes), sector_size};
  const u64 length = sizeof mkswap_signature - 1;
  return candidate.sectors() >= sectors_per_page &&
         candidate.transfer(sectors_per_page - 1, &buffer, 1, false) == 0 &&
         memcmp(bytes + sector_size - length, mkswap_signature, length) == 0;
}

Disk* choose_disk() {
  char name[16];
  if (boot_argument("swap", name, sizeof name)) {
    if (equal(name, "off")) return nullptr;
    Disk* named = disk_by_number(disk_number(name));
    if (named == nullptr)
      panic("swap= names no disk that is there; disks are vda, vdb ... in order of address");
    return named;
  }
  for (unsigned i = 0; disk_by_number(i) != nullptr; ++i)
    if (has_signature(*disk_by_number(i))) return disk_by_number(i);
  return nullptr;
}

// With the lock held: nobody needs the slot any more, if that is so.
void release_if_unused(u32 slot) {
  if (slots[slot].references != 0 || slots[slot].frame != 0) return;
  slots[slot].frame = first_free;
  first_free = slot;
  ++totals.free;
}

void untie(FrameNumber frame) {
  const u32 slot = origin_of(frame).slot;
  if (slot == 0) return;
  origin_of(frame).slot = 0;
  slots[slot].frame = 0;
  release_if_unused(slot);
}

}  // namespace

void swap_open() {
  disk = choose_disk();
  if (disk == nullptr) return;
  const u64 count = min_of(disk->sectors() / sectors_per_page, most_slots);
  if (count < 2) panic("the swap disk is smaller than two pages", disk->sectors());
  slots = static_cast<Slot*>(heap_allocate(count * sizeof(Slot)));
  if (slots == nullptr) panic("no memory for the table of swap slots", count);
  for (u64 slot = 1; slot < count; ++slot)
    slots[slot] = {0, slot + 1 < count ? static_cast<u32>(slot + 1) : 0};
  first_free = 1;
  totals.slots = totals.free = count - 1;
}

bool swap_is_on() { return disk != nullptr; }

SwapTotals swap_totals() {
  SpinGuard guard(lock);
  return totals;
}

void add_slot_reference(u32 slot) {
  SpinGuard guard(lock);
  ++slots[slot].references;
}

void drop_slot_reference(u32 slot) {
  SpinGuard guard(lock);
  --slots[slot].references;
  release_if_unused(slot);
}

void forget_slot(FrameNumber frame) {
  SpinGuard guard(lock);
  untie(frame);
}

bool leave_slot(FrameNumber frame) {
  SpinGuard guard(lock);
  if (references_of(frame) != 1) return false;
  untie(frame);
  return true;
}

FrameNumber read_slot(u32 slot, i64& error) {
  error = 0;
  {
    SpinGuard guard(lock);
    const FrameNumber tied = slots[slot].frame;
    if (tied != no_frame && add_reference_if_used(tied)) return tied;
  }
  const FrameNumber fresh = allocate_frame(FrameState::anonymous);
  error = fresh == no_frame ? -ENOMEM : transfer(slot, fresh, false);
  SpinGuard guard(lock);
  const FrameNumber tied = slots[slot].frame;
  const bool late = error == 0 && tied != no_frame && add_reference_if_used(tied);  // somebody was faster
  if (error != 0 || late) {
    if (fresh != no_frame) drop_reference(fresh);
    return late ? tied : no_frame;
  }
  ++totals.read;
  if (tied != no_frame) origin_of(tied).slot = 0;  // it is on its way to be freed
  slots[slot].frame = static_cast<u32>(fresh);
  origin_of(fresh).slot = slot;
  return fresh;
}

u32 slot_for(FrameNumber frame, u32 entries, bool& write) {
  SpinGuard guard(lock);
  u32 slot = origin_of(frame).slot;
  write = slot == 0;
  // Somebody has just found the frame through its slot: then it is in use.
  if (references_of(frame) != entries) return 0;
  if (write) {
    if (first_free == 0 || failure_is_due(Injection::slot)) return 0;
    slot = first_free;
    first_free = slots[slot].frame;
    --totals.free;
  }
  origin_of(frame).slot = 0;
  slots[slot].frame = 0;
  slots[slot].references += entries;
  return slot;
}

bool write_slot(u32 slot, FrameNumber frame) {
  const bool done = transfer(slot, frame, true) == 0;
  SpinGuard guard(lock);
  totals.written += done ? 1 : 0;
  return done;
}

u64 swap_entry_count() {
  u64 entries = 0;
  u64 unused = totals.slots;
  for (u32 slot = first_free; slot != 0; slot = slots[slot].frame) {
    if (slots[slot].references != 0) panic("check=frames: a free swap slot has references", slot);
    --unused;
  }
  if (totals.slots - unused != totals.free) panic("check=frames: free swap slots miscounted", totals.free);
  for (u64 slot = 1; slot <= totals.slots; ++slot) entries += slots[slot].references;
  return entries;
}

void trace_swap() {
  const SwapTotals now = swap_totals();
  trace<Tracepoint::swap_slots>(now.slots, now.free);
}

}  // namespace guestos

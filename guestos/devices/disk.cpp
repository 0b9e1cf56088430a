#include "guestos/devices/disk.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/mm/frames.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/sys/linux.hpp"

namespace guestos {

namespace {

constexpr u32 block_device = 2, request_in = 0, request_out = 1;
constexpr u8 status_ok = 0, status_pending = 0xff;

constinit Disk* disks[most_disks] = {};

}  // namespace

bool Disk::open(VirtioSlot slot) {
  if (!device_.open(slot, block_device)) return false;
  queue_ = make_queue();
  if (queue_ == nullptr || !device_.set_up_queue(0, *queue_)) return false;
  queue_->without_interrupts();
  sectors_ = device_.config(0);
  device_.start();
  return true;
}

i64 Disk::transfer(u64 sector, const DiskBuffer* buffers, unsigned count, bool write) {
  if (failure_is_due(Injection::io)) return -EIO;
  SpinGuard guard(lock_);
  const u16 direction = write ? 0 : VirtioQueue::device_writes;
  VirtioQueue::Descriptor* next = queue_->descriptors;
  header_ = {write ? request_out : request_in, 0, sector};
  status_ = status_pending;
  *next++ = {physical_of(&header_), sizeof header_, VirtioQueue::more_follows, 1};
  for (unsigned i = 0; i < count; ++i)
    *next++ = {buffers[i].physical, buffers[i].bytes, static_cast<u16>(direction | VirtioQueue::more_follows),
               static_cast<u16>(i + 2)};
  *next = {physical_of(&status_), 1, VirtioQueue::device_writes, 0};
  device_.submit(0, *queue_);
  while (queue_->used_index() != queue_->available.index) answer_shootdowns();
  memory_fence();
  device_.acknowledge();
  return *const_cast<volatile u8*>(&status_) == status_ok ? 0 : -EIO;
}

void disks_open() {
  unsigned count = 0;
  for (unsigned i = 0; i < boot_info().virtio_count && count < most_disks; ++i) {
    auto* disk = create<Disk>();
    if (disk != nullptr && disk->open(boot_info().virtio[i])) disks[count++] = disk;
  }
}

Disk* disk_by_number(unsigned number) { return number < most_disks ? disks[number] : nullptr; }

unsigned disk_number(const char* name) {
  if (!starts_with(name, "vd") || name[2] < 'a' || name[3] != 0) return most_disks;
  return min_of(static_cast<unsigned>(name[2] - 'a'), most_disks);
}

}  // namespace guestos

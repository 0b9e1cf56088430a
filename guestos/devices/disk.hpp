// Disks: virtio block devices (virtio 1.2, section 5.2), in sectors of 512 bytes. One request at a time, whose end is
// polled: whoever reads or writes has the disk, and its hart, until the device is done.
#pragma once

#include "guestos/devices/virtio_mmio.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

inline constexpr u64 sector_size = 512;
inline constexpr unsigned most_disks = 4;

// A piece of physical memory.
struct DiskBuffer {
  u64 physical;
  u32 bytes;
};

class Disk {
 public:
  // Header and status take two of the queue's descriptors.
  static constexpr unsigned most_buffers = VirtioQueue::size - 2;

  bool open(VirtioSlot slot);  // false: no disk is in this slot
  u64 sectors() const { return sectors_; }
  // Moves whole sectors between the disk and the buffers, which lie inside it. 0 or -EIO.
  i64 transfer(u64 sector, const DiskBuffer* buffers, unsigned count, bool write);

 private:
  struct Header {
    u32 type;
    u32 reserved;
    u64 sector;
  };
  VirtioDevice device_;
  SpinLock lock_;
  VirtioQueue* queue_ = nullptr;
  u64 sectors_ = 0;
  Header header_ = {};
  u8 status_ = 0;
};

// In the order of their addresses: /dev/vda, /dev/vdb …
void disks_open();
Disk* disk_by_number(unsigned number);  // nullptr when there are fewer
// "vda" is 0; `most_disks` when it is no such name.
unsigned disk_number(const char* name);

}  // namespace guestos

// Pinned pages: what a device, or whoever acts for one, keeps reading or writing by physical address while
// the process goes on. A pin keeps the frames alive, whatever becomes of the mapping; it ends by unpin, or
// with the address space (exit, execve). A fork does not inherit it. O_DIRECT reads and writes pin for as long
// as they take (fs/disk_file.cpp).
#pragma once

#include "guestos/mm/address_space.hpp"

namespace guestos {

class Disk;

inline constexpr u64 pin_page_limit = 16;

// Pins [address, address + pages * 4096): writable pages become the process's own first (as Linux's FOLL_PIN
// | FOLL_WRITE), others are taken as they are (as vmsplice did up to 5.7). The pin's number, -EFAULT, -EINVAL
// or -ENOMEM.
i64 pin_pages(AddressSpace& space, u64 address, u64 pages, bool writable);
// -EBUSY while a disk is at it.
i64 unpin_pages(AddressSpace& space, u64 number);
struct PinnedRange {
  u64 offset;
  u64 size;
};
// What a device does: bytes of the pinned frames to or (write) from the kernel's. Bytes moved, -EINVAL or -EACCES.
i64 device_access(AddressSpace& space, u64 number, PinnedRange range, u8* kernels, bool write);
// A disk reads or writes the pinned bytes by itself, while the process goes on. 0, -EINVAL, -EACCES or -EIO.
i64 disk_transfer(AddressSpace& space, u64 number, PinnedRange range, Disk& disk, u64 sector, bool write);
void release_pins(AddressSpace& space);

}  // namespace guestos

// Our own system calls, beyond every number of Linux: pinned memory and the device that uses it, for the
// tests and lessons about copy-on-write. 500 pin(address, pages, writable) = number; 501 unpin(number); 502
// read, 503 write(number, offset, buffer, size <= 256): what the device does; 504 tells the report how many
// frames are in which state now, and how often they are referenced; 505 disk(number, descriptor of a disk, sector,
// sectors, write): the disk reads into, or writes from, the pinned bytes from their beginning.
#include "guestos/devices/disk.hpp"
#include "guestos/mm/pin.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

constexpr u64 transfer_limit = 256;

AddressSpace& space() { return *current_process().space; }

i64 sys_pin(const Arguments& call) { return pin_pages(space(), call.a, call.b, call.c != 0); }
i64 sys_unpin(const Arguments& call) { return unpin_pages(space(), call.a); }

i64 sys_device_read(const Arguments& call) {
  u8 bytes[transfer_limit];
  if (call.d > transfer_limit) return -EINVAL;
  const i64 moved = device_access(space(), call.a, {call.b, call.d}, bytes, false);
  return moved > 0 && copy_to_user(call.c, bytes, static_cast<u64>(moved)) != 0 ? -EFAULT : moved;
}

i64 sys_device_write(const Arguments& call) {
  u8 bytes[transfer_limit];
  if (call.d > transfer_limit) return -EINVAL;
  if (copy_from_user(bytes, call.c, call.d) != 0) return -EFAULT;
  return device_access(space(), call.a, {call.b, call.d}, bytes, true);
}

i64 sys_tell_frames(const Arguments&) {
  trace_frames();
  return 0;
}

i64 sys_disk(const Arguments& call) {
  FileArgument file(call.b);
  if (!file) return -EBADF;
  const Inode* inode = file->inode();
  Disk* disk = inode != nullptr && inode->device == Device::disk ? disk_by_number(inode->unit) : nullptr;
  const bool write = call.e != 0;
  if (disk == nullptr) return -ENOTTY;
  if (call.c >= disk->sectors() || call.d == 0 || call.d > disk->sectors() - call.c) return -EINVAL;
  if (!(write ? file->can_write() : file->can_read())) return -EBADF;
  return disk_transfer(space(), call.a, {0, call.d * sector_size}, *disk, call.c, write);
}

constexpr SystemCallRow rows[] = {{500, sys_pin},          {501, sys_unpin},       {502, sys_device_read},
                                  {503, sys_device_write}, {504, sys_tell_frames}, {505, sys_disk}};

}  // namespace

constinit const SystemCallRows pin_calls = rows;

}  // namespace guestos

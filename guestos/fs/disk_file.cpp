// /dev/vda, /dev/vdb …: disks as files. With O_DIRECT the device itself reads and writes the user's pages, which are
// pinned meanwhile; without, bytes go through one page of the kernel. Nothing is cached.
#include "guestos/devices/disk.hpp"
#include "guestos/fs/file.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/pin.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr u64 BLKGETSIZE = 0x1260, BLKSSZGET = 0x1268, BLKGETSIZE64 = 0x80081272;

class DiskFile final : public InodeFile {
 public:
  DiskFile(InodeReference&& inode, Disk& disk)
      : InodeFile(static_cast<InodeReference&&>(inode)), disk_(disk) {}

  i64 read_at(u64 offset, u64 to, u64 size) override { return transfer(offset, to, size, false); }
  i64 write_at(u64 offset, u64 from, u64 size) override { return transfer(offset, from, size, true); }

  i64 control(u64 request, u64 argument) override {
    if (request == BLKGETSIZE64) return put_user(argument, capacity());
    if (request == BLKGETSIZE) return put_user(argument, disk_.sectors());
    if (request == BLKSSZGET) return put_user(argument, static_cast<i32>(sector_size));
    return -ENOTTY;
  }

 private:
  u64 end() const override { return capacity(); }
  u64 capacity() const { return disk_.sectors() * sector_size; }

  i64 transfer(u64 offset, u64 user, u64 size, bool write) {
    if (offset >= capacity()) return write && size != 0 ? -ENOSPC : 0;
    size = min_of(size, capacity() - offset);
    if ((flags & O_DIRECT) == 0) return through_kernel(offset, user, size, write);
    if ((offset | user | size) % sector_size != 0) return -EINVAL;
    return direct_transfer(offset, user, size, write);
  }

  i64 direct_transfer(u64 offset, u64 user, u64 size, bool write) {
    AddressSpace& space = *current_process().space;
    for (u64 done = 0; done < size;) {
      const u64 page = page_down(user + done);
      const u64 inside = user + done - page;
      const u64 part = min_of(size - done, pin_page_limit * page_size - inside);
      const u64 pages = page_up(inside + part) >> page_bits;
      i64 pin = pin_pages(space, page, pages, !write);
      while (pin == -ENOMEM && make_room_or_kill()) pin = pin_pages(space, page, pages, !write);
      if (pin < 0) return done != 0 ? static_cast<i64>(done) : pin;
      const i64 error = disk_transfer(space, static_cast<u64>(pin), {inside, part}, disk_,
                                      (offset + done) / sector_size, write);
      unpin_pages(space, static_cast<u64>(pin));
      if (error < 0) return done != 0 ? static_cast<i64>(done) : error;
      done += part;
      preemption_point();
    }
    return static_cast<i64>(size);
  }

  i64 through_kernel(u64 offset, u64 user, u64 size, bool write) {
    const HeapBuffer<u8> bounce(page_size);
    if (!bounce) return -ENOMEM;
    i64 error = 0;
    const u64 done = each_page_part(offset, size, [&](u64 at, u64 before, u64 part) -> u64 {
      const u64 sector = page_down(at) / sector_size;
      const u64 whole = min_of(page_size, capacity() - sector * sector_size);
      u8* bytes = bounce.get() + (at & (page_size - 1));
      const DiskBuffer buffer = {physical_of(bounce.get()), static_cast<u32>(whole)};
      error = part == whole && write ? 0 : disk_.transfer(sector, &buffer, 1, false);
      u64 copied = error == 0 ? move_user_partly(bytes, user + before, part, write) : 0;
      // What is written whole was not read before: the rest of it is not the disk's.
      if (write && part == whole && copied != part) copied = 0;
      if (write && copied != 0) error = disk_.transfer(sector, &buffer, 1, true);
      preemption_point();
      if (error == 0 && copied != part) error = -EFAULT;
      return error == 0 || error == -EFAULT ? copied : 0;
    });
    return done != 0 ? static_cast<i64>(done) : error;
  }

  Disk& disk_;
};

}  // namespace

File* open_disk(InodeReference inode) {
  Disk& disk = *disk_by_number(inode->unit);
  return create<DiskFile>(static_cast<InodeReference&&>(inode), disk);
}

void make_disk_nodes() {
  for (unsigned number = 0; disk_by_number(number) != nullptr; ++number) {
    TextBuffer<16> path;
    path << "/dev/vd" << static_cast<char>('a' + number);
    make_device(path.c_str(), S_IFBLK | 0660, Device::disk, number);
  }
}

}  // namespace guestos

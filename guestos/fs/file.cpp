#include "guestos/fs/file.hpp"

namespace guestos {

namespace {

constinit SpinLock poll_lock;
constinit WaitQueue poll_waiters;
constinit u64 poll_events = 0;

i64 new_position(i64 offset, u32 whence, u64 current, u64 end) {
  const i64 base = whence == 0 ? 0 : whence == 1 ? static_cast<i64>(current) : static_cast<i64>(end);
  if (whence == 3) return static_cast<u64>(offset) < end ? offset : -ENXIO;  // SEEK_DATA: no holes are known
  if (whence == 4) return static_cast<u64>(offset) < end ? static_cast<i64>(end) : -ENXIO;
  if (whence > 2 || base + offset < 0) return -EINVAL;
  return base + offset;
}

}  // namespace

i64 File::status(Stat& stat) {
  stat = {};
  stat.st_dev = 2;
  stat.st_mode = mode();
  stat.st_nlink = 1;
  stat.st_blksize = page_size;
  return 0;
}

i64 File::control(u64 request, u64 argument) {
  constexpr u64 FIONREAD = 0x541b;
  const i64 bytes = request == FIONREAD ? waiting() : -ENOTTY;
  return bytes < 0 ? bytes : put_user(argument, static_cast<i32>(bytes));
}

void File::drop_reference() {
  if (__atomic_fetch_sub(&references_, 1, __ATOMIC_ACQ_REL) != 1) return;
  if (watched) forget_watched(this);
  if (inode() != nullptr && inode()->locks != nullptr) unlock_all(*inode(), this);
  this->~File();
  heap_release(this);
}

// With the position's mutex held: what has been read or written is behind it now.
i64 InodeFile::advance(i64 done) {
  position_ += static_cast<u64>(max_of<i64>(done, 0));
  return done;
}

i64 InodeFile::read(u64 to, u64 size) {
  MutexGuard guard(position_mutex_);
  return advance(read_at(position_, to, size));
}

i64 InodeFile::read_at(u64 offset, u64 to, u64 size) {
  if (inode_->is_directory()) return -EISDIR;
  return read_inode_to_user(*inode_, offset, to, size);
}

i64 InodeFile::write(u64 from, u64 size) {
  MutexGuard guard(position_mutex_);
  if ((flags & O_APPEND) != 0) position_ = end();
  return advance(write_at(position_, from, size));
}

i64 InodeFile::write_at(u64 offset, u64 from, u64 size) {
  return write_inode_from_user(*inode_, offset, from, size);
}

i64 InodeFile::seek(i64 offset, u32 whence) {
  MutexGuard guard(position_mutex_);
  const i64 position = new_position(offset, whence, position_, end());
  if (position >= 0) position_ = static_cast<u64>(position);
  return position;
}

i64 InodeFile::resize(u64 size) {
  if (!inode_->is_regular() || inode_->proc != nullptr) return -EINVAL;
  touch_inode(*inode_);
  return cut_inode(*inode_, size);
}

i64 InodeFile::list(u64 to, u64 size) {
  if (!inode_->is_directory()) return -ENOTDIR;
  struct Record {  // struct linux_dirent64
    u64 d_ino;
    i64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[NAME_MAX + 1 + 8];
  };
  MutexGuard guard(position_mutex_);
  HeapBuffer<EntryCopy> entry(1);
  HeapBuffer<Record> record(1);
  if (!entry || !record) return -ENOMEM;
  u64 done = 0;
  while (entry_at(*inode_, position_, entry[0])) {
    const u64 length = strlen(entry[0].name) + 1;
    const u64 record_size = align_up(__builtin_offsetof(Record, d_name) + length, 8);
    if (done + record_size > size) return done != 0 ? static_cast<i64>(done) : -EINVAL;
    memset(record.get(), 0, sizeof(Record));
    record[0].d_ino = entry[0].number;
    record[0].d_off = static_cast<i64>(entry[0].next);
    record[0].d_reclen = static_cast<u16>(record_size);
    record[0].d_type = static_cast<u8>(entry[0].type >> 12);
    memcpy(record[0].d_name, entry[0].name, length);
    if (copy_to_user(to + done, record.get(), record_size) != 0) return -EFAULT;
    done += record_size;
    position_ = entry[0].next;
  }
  return static_cast<i64>(done);
}

i64 TextFile::read_at(u64 offset, u64 to, u64 size) {
  if (offset >= size_) return 0;
  const u64 part = min_of(size, size_ - offset);
  return copy_to_user(to, text_ + offset, part) == 0 ? static_cast<i64>(part) : -EFAULT;
}

void inode_status(const Inode& inode, Stat& stat) {
  stat = {};
  stat.st_dev = inode.proc != nullptr ? 4 : 1;
  stat.st_ino = inode.number;
  stat.st_mode = inode.mode;
  stat.st_nlink = inode.links;
  stat.st_uid = inode.owner;
  stat.st_gid = inode.group;
  if (inode.device == Device::disk) {
    stat.st_rdev = u64{254} << 8 | inode.unit * 16;
  } else if (inode.device != Device::none)
    stat.st_rdev = u64{1} << 8 | (static_cast<u64>(inode.device) + 2);
  stat.st_size = static_cast<i64>(inode.size);
  stat.st_blksize = page_size;
  stat.st_blocks = static_cast<i64>(page_up(inode.size) / 512);
  stat.st_atim = timespec_of(inode.accessed);
  stat.st_mtim = timespec_of(inode.modified);
  stat.st_ctim = timespec_of(inode.changed);
}

File* open_inode(InodeReference inode, u32 flags, i64& error) {
  const bool only_names_it = (flags & O_PATH) != 0;
  error = -ENOMEM;
  if (inode->proc != nullptr && inode->is_regular() && !only_names_it)
    return open_proc_file(static_cast<InodeReference&&>(inode));
  if (only_names_it || inode->is_regular() || inode->is_directory())
    return create<InodeFile>(static_cast<InodeReference&&>(inode));
  if (inode->device != Device::none) return open_device(static_cast<InodeReference&&>(inode), error);
  if ((inode->mode & S_IFMT) == S_IFIFO) return open_fifo(*inode, flags, error);
  error = -ENXIO;
  return nullptr;
}

void notify_poll() {
  SpinGuard guard(poll_lock);
  ++poll_events;
  poll_waiters.wake_all();
}

u64 poll_generation() {
  SpinGuard guard(poll_lock);
  return poll_events;
}

Wake wait_for_poll(u64 seen, u64 deadline) {
  poll_lock.lock();
  Wake why = Wake::condition;
  while (poll_events == seen && why == Wake::condition) why = poll_waiters.sleep(poll_lock, true, deadline);
  poll_lock.unlock();
  return why;
}

}  // namespace guestos

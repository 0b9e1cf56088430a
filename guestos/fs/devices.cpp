// Character devices: /dev/null and friends, and the console that descriptors 0, 1 and 2 are open on.
#include <initializer_list>

#include "guestos/arch/hart.hpp"
#include "guestos/fs/terminal.hpp"
#include "guestos/mm/cow.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

class MemoryFile final : public InodeFile {  // null, zero, full, random
 public:
  using InodeFile::InodeFile;
  i64 read_at(u64, u64 to, u64 size) override {
    if (inode_->device == Device::null) return 0;
    return inode_->device == Device::random ? random_to_user(to, size) : read_zeros(to, size);
  }
  i64 write_at(u64, u64, u64 size) override {
    return inode_->device == Device::full ? -ENOSPC : static_cast<i64>(size);
  }
  i64 seek(i64, u32) override { return 0; }

 private:
  static i64 read_zeros(u64 to, u64 size) {
    const u64 done = each_page_part(0, size, [&](u64, u64 before, u64 part) -> u64 {
      if (before != 0 && current_thread().has_pending_work()) return 0;
      return copy_to_user_partly(to + before, direct_page(zero_frame()), part);
    });
    return done != 0 || size == 0 ? static_cast<i64>(done) : -EFAULT;
  }
};

class ConsoleFile final : public InodeFile {
 public:
  using InodeFile::InodeFile;

  i64 read(u64 to, u64 size) override {
    const bool wait = (flags & O_NONBLOCK) == 0;
    if (size == 0) return 0;
    if (is_terminal_) return terminal_read(to, size, wait);
    char bytes[256];
    const i64 count = console_read(bytes, min_of(size, sizeof bytes), wait);
    if (count <= 0) return count;
    return copy_to_user(to, bytes, static_cast<u64>(count)) == 0 ? count : -EFAULT;
  }

  i64 write(u64 from, u64 size) override {
    const auto stream =
        inode_->device == Device::error_console ? ConsoleStream::error : ConsoleStream::output;
    char bytes[512];
    for (u64 done = 0; done < size;) {
      const u64 part = min_of(size - done, sizeof bytes);
      const u64 copied = copy_from_user_partly(bytes, from + done, part);
      if (!is_terminal_) {
        console_write(stream, bytes, copied);
      } else if (const i64 error = terminal_write(bytes, copied, stream); error < 0) {
        return done != 0 ? static_cast<i64>(done) : error;
      }
      done += copied;
      if (copied != part) return done != 0 ? static_cast<i64>(done) : -EFAULT;
    }
    return static_cast<i64>(size);
  }

  i64 read_at(u64, u64, u64) override { return -ESPIPE; }
  i64 write_at(u64, u64, u64) override { return -ESPIPE; }
  i64 seek(i64, u32) override { return -ESPIPE; }
  i64 poll() override {
    return is_terminal_ ? terminal_poll() : POLLOUT | (console_has_input() ? POLLIN : 0);
  }
  i64 control(u64 request, u64 argument) override {
    return is_terminal_ ? terminal_control(request, argument) : -ENOTTY;
  }

 private:
  bool is_terminal_ = console_is_terminal();
};

constinit Inode* console_nodes[2] = {};

InodeReference make_node(const char* path, u32 mode, const char* target = nullptr) {
  i64 error = 0;
  InodeReference inode = create_at({nullptr, path, target == nullptr}, mode, target, false, error);
  if (inode) inode->mode = mode;
  return inode;
}

}  // namespace

Inode* make_device(const char* path, u32 mode, Device device, u32 unit) {
  InodeReference inode = make_node(path, mode);
  if (!inode) return nullptr;
  inode->device = device;
  inode->unit = unit;
  return inode.take();
}

void make_device_nodes() {
  static constexpr struct {
    const char* path;
    Device device;
  } devices[] = {{"/dev/console", Device::console}, {"/dev/stderr-console", Device::error_console},
                 {"/dev/null", Device::null},       {"/dev/zero", Device::zero},
                 {"/dev/full", Device::full},       {"/dev/random", Device::random},
                 {"/dev/urandom", Device::random},  {"/dev/tty", Device::terminal}};
  make_node("/dev", S_IFDIR | 0755);
  for (unsigned i = 0; i < sizeof devices / sizeof devices[0]; ++i) {
    Inode* node = make_device(devices[i].path, S_IFCHR | 0666, devices[i].device, 0);
    if (i < 2) console_nodes[i] = node;
  }
  make_disk_nodes();
  make_node("/dev/fd", S_IFLNK | 0777, "/proc/self/fd");
  make_node("/dev/stdin", S_IFLNK | 0777, "/proc/self/fd/0");
  make_node("/dev/stdout", S_IFLNK | 0777, "/proc/self/fd/1");
  make_node("/dev/stderr", S_IFLNK | 0777, "/proc/self/fd/2");
  make_node("/tmp", S_IFDIR | 01777);
  if (const InodeReference proc = make_node("/proc", S_IFDIR | 0555)) become_proc_root(*proc);
}

File* open_console(bool error_output) {
  File* file = create<ConsoleFile>(InodeReference::share(console_nodes[error_output ? 1 : 0]));
  if (file != nullptr) file->flags = O_RDWR;
  return file;
}

File* open_device(InodeReference inode, i64& error) {
  error = -ENOMEM;
  switch (inode->device) {
    case Device::terminal:
      if (!console_is_terminal() || !terminal_is_controlling()) break;
      [[fallthrough]];
    case Device::console:
    case Device::error_console: return create<ConsoleFile>(static_cast<InodeReference&&>(inode));
    case Device::disk: return open_disk(static_cast<InodeReference&&>(inode));
    case Device::none: break;
    default: return create<MemoryFile>(static_cast<InodeReference&&>(inode));
  }
  error = -ENXIO;  // no controlling terminal
  return nullptr;
}

}  // namespace guestos

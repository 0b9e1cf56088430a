// Character devices: /dev/null and friends, and the console that descriptors 0, 1 and 2 are open on.
#include <initializer_list>

#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/fs/terminal.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

class DeviceFile : public File {
 public:
  explicit DeviceFile(Inode* inode) : inode_(inode) {}
  ~DeviceFile() override { release_inode(inode_); }
  i64 status(Stat& stat) override {
    inode_status(*inode_, stat);
    return 0;
  }
  i64 seek(i64, u32) override { return 0; }
  Inode* inode() const override { return inode_; }
  i64 read_at(u64, u64 to, u64 size) override { return read(to, size); }
  i64 write_at(u64, u64 from, u64 size) override { return write(from, size); }

 private:
  Inode* inode_;
};

class NullFile final : public DeviceFile {
 public:
  using DeviceFile::DeviceFile;
  i64 read(u64, u64) override { return 0; }
  i64 write(u64, u64 size) override { return static_cast<i64>(size); }
};

class ZeroFile final : public DeviceFile {
 public:
  ZeroFile(Inode* inode, bool full) : DeviceFile(inode), full_(full) {}
  i64 read(u64 to, u64 size) override {
    for (u64 done = 0; done < size;) {
      const u64 part = min_of<u64>(size - done, u64{64} << 10);
      if (clear_user(to + done, part) != 0) return done != 0 ? static_cast<i64>(done) : -EFAULT;
      done += part;
      if (current_thread().has_pending_work()) return static_cast<i64>(done);
    }
    return static_cast<i64>(size);
  }
  i64 write(u64, u64 size) override { return full_ ? -ENOSPC : static_cast<i64>(size); }

 private:
  bool full_;
};

class RandomFile final : public DeviceFile {
 public:
  using DeviceFile::DeviceFile;
  i64 read(u64 to, u64 size) override {
    u8 bytes[256];
    for (u64 done = 0; done < size;) {
      const u64 part = min_of(size - done, sizeof bytes);
      fill_random(bytes, part);
      if (copy_to_user(to + done, bytes, part) != 0) return done != 0 ? static_cast<i64>(done) : -EFAULT;
      done += part;
      if (current_thread().has_pending_work()) return static_cast<i64>(done);
    }
    return static_cast<i64>(size);
  }
  i64 write(u64, u64 size) override { return static_cast<i64>(size); }
};

template <ConsoleStream stream>
void write_stream(const char* bytes, u64 size) {
  console_write(stream, bytes, size);
}

class ConsoleFile final : public DeviceFile {
 public:
  ConsoleFile(Inode* inode, ConsoleStream stream) : DeviceFile(inode), stream_(stream) {}

  i64 read(u64 to, u64 size) override {
    const bool wait = (flags & O_NONBLOCK) == 0;
    if (size == 0) return 0;
    if (is_terminal_) return console_terminal().read(to, size, wait);
    char bytes[256];
    const i64 count = console_read(bytes, min_of(size, sizeof bytes), wait);
    if (count <= 0) return count;
    return copy_to_user(to, bytes, static_cast<u64>(count)) == 0 ? count : -EFAULT;
  }

  i64 write(u64 from, u64 size) override {
    const auto output = stream_ == ConsoleStream::error ? write_stream<ConsoleStream::error>
                                                        : write_stream<ConsoleStream::output>;
    char bytes[512];
    for (u64 done = 0; done < size;) {
      const u64 part = min_of(size - done, sizeof bytes);
      const u64 copied = copy_from_user_partly(bytes, from + done, part);
      if (!is_terminal_) {
        output(bytes, copied);
      } else if (const i64 error = console_terminal().write(bytes, copied, output); error < 0) {
        return done != 0 ? static_cast<i64>(done) : error;
      }
      done += copied;
      if (copied != part) return done != 0 ? static_cast<i64>(done) : -EFAULT;
    }
    return static_cast<i64>(size);
  }

  i64 seek(i64, u32) override { return -ESPIPE; }
  i64 poll() override {
    return is_terminal_ ? console_terminal().poll() : POLLOUT | (console_has_input() ? POLLIN : 0);
  }
  i64 control(u64 request, u64 argument) override {
    return is_terminal_ ? console_terminal().control(request, argument) : -ENOTTY;
  }

 private:
  ConsoleStream stream_;
  bool is_terminal_ = console_is_terminal();
};

constinit Inode* console_nodes[2] = {};

Inode* make_node(const char* path, Device device) {
  i64 error = 0;
  Inode* inode = create_at({nullptr, path, false}, S_IFCHR | 0666, nullptr, false, error);
  if (inode == nullptr) return nullptr;
  inode->mode = S_IFCHR | 0666;
  inode->device = device;
  return inode;  // the caller's reference stays: devices live for ever
}

}  // namespace

void make_device_nodes() {
  i64 error = 0;
  Inode* directory = create_at({nullptr, "/dev", true}, S_IFDIR | 0755, nullptr, false, error);
  if (directory != nullptr) release_inode(directory);
  make_node("/dev/null", Device::null);
  make_node("/dev/zero", Device::zero);
  make_node("/dev/full", Device::full);
  make_node("/dev/random", Device::random);
  make_node("/dev/urandom", Device::random);
  make_node("/dev/tty", Device::terminal);
  make_disk_nodes();
  console_nodes[0] = make_node("/dev/console", Device::console);
  console_nodes[1] = make_node("/dev/stderr-console", Device::error_console);
  const char* const links[][2] = {{"/dev/fd", "/proc/self/fd"},
                                  {"/dev/stdin", "/proc/self/fd/0"},
                                  {"/dev/stdout", "/proc/self/fd/1"},
                                  {"/dev/stderr", "/proc/self/fd/2"}};
  for (auto& link : links) {
    Inode* inode = create_at({nullptr, link[0], false}, S_IFLNK | 0777, link[1], false, error);
    if (inode != nullptr) release_inode(inode);
  }
  for (const char* path : {"/tmp", "/proc"}) {
    Inode* inode = create_at({nullptr, path, true}, S_IFDIR | (equal(path, "/tmp") ? 01777 : 0555), nullptr,
                             false, error);
    if (inode == nullptr) continue;
    if (equal(path, "/proc")) inode->proc = ProcNode::root;
    release_inode(inode);
  }
}

File* open_console(bool error_output) {
  Inode* inode = console_nodes[error_output ? 1 : 0];
  if (inode == nullptr) return nullptr;
  add_inode_reference(inode);
  auto* file = create<ConsoleFile>(inode, error_output ? ConsoleStream::error : ConsoleStream::output);
  if (file == nullptr) release_inode(inode);
  if (file != nullptr) file->flags = O_RDWR;
  return file;
}

File* open_device(Inode* inode, i64& error) {
  File* file = nullptr;
  error = -ENOMEM;
  switch (inode->device) {
    case Device::null: file = create<NullFile>(inode); break;
    case Device::zero: file = create<ZeroFile>(inode, false); break;
    case Device::full: file = create<ZeroFile>(inode, true); break;
    case Device::random: file = create<RandomFile>(inode); break;
    case Device::error_console: file = create<ConsoleFile>(inode, ConsoleStream::error); break;
    case Device::console: file = create<ConsoleFile>(inode, ConsoleStream::output); break;
    case Device::terminal:
      if (console_is_terminal() && console_terminal().is_controlling()) {
        file = create<ConsoleFile>(inode, ConsoleStream::output);
      } else {
        error = -ENXIO;  // no controlling terminal
      }
      break;
    case Device::disk: file = open_disk(inode); break;
    case Device::none: error = -ENXIO; break;
  }
  if (file == nullptr) release_inode(inode);
  return file;
}

}  // namespace guestos

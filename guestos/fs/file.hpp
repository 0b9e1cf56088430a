// Open files: what a descriptor refers to. One class per kind; the system calls know only File.
#pragma once

#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"

namespace guestos {

class Epoll;
class Socket;

// Buffers are user addresses. Results are counts, or negative errnos.
class File {
 public:
  virtual ~File() = default;
  virtual i64 read(u64, u64) { return -EINVAL; }
  virtual i64 write(u64, u64) { return -EINVAL; }
  virtual i64 read_at(u64, u64, u64) { return -ESPIPE; }  // offset, address, size
  virtual i64 write_at(u64, u64, u64) { return -ESPIPE; }
  virtual i64 seek(i64, u32) { return -ESPIPE; }  // offset, whence
  virtual i64 status(Stat& stat);
  virtual i64 resize(u64) { return -EINVAL; }
  virtual i64 poll() { return POLLIN | POLLOUT; }  // POLL* bits that hold now
  virtual i64 control(u64 request, u64 argument);  // ioctl
  virtual i64 list(u64, u64) { return -ENOTDIR; }  // getdents64
  virtual Inode* inode() const { return nullptr; }
  virtual u32 mode() const { return 0600; }  // where `status` is not overridden
  virtual i64 waiting() { return -ENOTTY; }  // bytes to be read at once (FIONREAD)
  virtual Socket* socket() { return nullptr; }
  virtual Epoll* epoll() { return nullptr; }

  void add_reference() { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void drop_reference();

  u32 flags = 0;         // O_*
  bool watched = false;  // by an epoll, which must hear of its end
  u64 patience() const { return (flags & O_NONBLOCK) != 0 ? 0 : ~u64{0}; }  // for WaitQueue::wait_until
  bool can_read() const { return (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0; }
  bool can_write() const { return (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0; }

 private:
  u32 references_ = 1;
};

void inode_status(const Inode& inode, Stat& stat);

// A regular file, or anything else that has an inode. What it reads and writes at a place is for others to override.
class InodeFile : public File {
 public:
  explicit InodeFile(InodeReference&& inode) : inode_(static_cast<InodeReference&&>(inode)) {}
  i64 read(u64 to, u64 size) override;
  i64 write(u64 from, u64 size) override;
  i64 read_at(u64 offset, u64 to, u64 size) override;
  i64 write_at(u64 offset, u64 from, u64 size) override;
  i64 seek(i64 offset, u32 whence) override;
  i64 status(Stat& stat) override {
    inode_status(*inode_, stat);
    return 0;
  }
  i64 resize(u64 size) override;
  i64 list(u64 to, u64 size) override;
  Inode* inode() const override { return inode_.get(); }

 protected:
  virtual u64 end() const { return inode_->size; }
  InodeReference inode_;

 private:
  i64 advance(i64 done);

  Mutex position_mutex_;
  u64 position_ = 0;
};

// A file whose contents were made when it was opened (/proc).
class TextFile final : public InodeFile {
 public:
  TextFile(InodeReference&& inode, char* text, u64 size)
      : InodeFile(static_cast<InodeReference&&>(inode)), text_(text), size_(size) {}
  ~TextFile() override { heap_release(text_); }
  i64 read_at(u64 offset, u64 to, u64 size) override;
  i64 write_at(u64, u64 from, u64 size) override { return proc_write(*inode_, from, size); }

 private:
  u64 end() const override { return size_; }
  char* text_;
  u64 size_;
};

// Opens an inode as its kind asks; nullptr with `error`.
File* open_inode(InodeReference inode, u32 flags, i64& error);
// --- pipe.cpp
inline constexpr u64 pipe_capacity = u64{64} << 10;
void drop_pipe(Pipe* pipe);
i64 create_pipe(File*& reader, File*& writer);  // 0 or -ENOMEM
// Opens a FIFO's end as O_RDONLY, O_WRONLY wait for the other; nullptr with `error`.
File* open_fifo(Inode& inode, u32 flags, i64& error);
// --- devices.cpp
File* open_device(InodeReference inode, i64& error);
void make_device_nodes();
Inode* make_device(const char* path, u32 mode, Device device, u32 unit);  // for ever; nullptr: no memory
File* open_console(bool error_output);
// --- disk_file.cpp
File* open_disk(InodeReference inode);
void make_disk_nodes();
// --- proc_files.cpp
File* open_proc_file(InodeReference inode);

void forget_watched(const File* file);  // its end, for the epolls (poll_calls.cpp)
// Wakes everybody in ppoll/pselect6: some file's readiness may have changed.
void notify_poll();
// Sleeps until notify_poll after `seen`, a signal, or the deadline.
u64 poll_generation();
Wake wait_for_poll(u64 seen, u64 deadline);

}  // namespace guestos

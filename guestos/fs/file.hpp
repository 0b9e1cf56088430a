// Open files: what a descriptor refers to. One class per kind; the system calls know only File.
#pragma once

#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

class Epoll;
class Socket;

// Buffers are user addresses. Results are counts, or negative errnos.
class File {
 public:
  virtual ~File() = default;
  virtual i64 read(u64 to, u64 size);
  virtual i64 write(u64 from, u64 size);
  virtual i64 read_at(u64 offset, u64 to, u64 size);
  virtual i64 write_at(u64 offset, u64 from, u64 size);
  virtual i64 seek(i64 offset, u32 whence);
  virtual i64 status(Stat& stat);
  virtual i64 resize(u64 size);
  virtual i64 poll();                              // POLL* bits that hold now
  virtual i64 control(u64 request, u64 argument);  // ioctl
  virtual i64 list(u64 to, u64 size);              // getdents64
  virtual Inode* inode() const { return nullptr; }
  virtual u32 mode() const { return 0600; }  // where `status` is not overridden
  virtual i64 waiting() { return -ENOTTY; }  // bytes to be read at once (FIONREAD)
  virtual Socket* socket() { return nullptr; }
  virtual Epoll* epoll() { return nullptr; }

  void add_reference() { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void drop_reference();

  u32 flags = 0;         // O_*
  bool watched = false;  // by an epoll, which must hear of its end
  bool can_read() const { return (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0; }
  bool can_write() const { return (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0; }

 private:
  u32 references_ = 1;
};

// A regular file, or anything else that has an inode. What it reads and writes at a place is for others to override.
class InodeFile : public File {
 public:
  explicit InodeFile(InodeReference&& inode) : inode_(static_cast<InodeReference&&>(inode)) {}
  i64 read(u64 to, u64 size) override;
  i64 write(u64 from, u64 size) override;
  i64 read_at(u64 offset, u64 to, u64 size) override;
  i64 write_at(u64 offset, u64 from, u64 size) override;
  i64 seek(i64 offset, u32 whence) override;
  i64 status(Stat& stat) override;
  i64 resize(u64 size) override;
  i64 list(u64 to, u64 size) override;
  Inode* inode() const override { return inode_.get(); }

 protected:
  virtual u64 end() const { return inode_->size; }
  InodeReference inode_;

 private:
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

void inode_status(const Inode& inode, Stat& stat);

// Opens an inode as its kind asks; nullptr with `error`.
File* open_inode(InodeReference inode, u32 flags, i64& error);
// --- devices.cpp
File* open_device(InodeReference inode, i64& error);
void make_device_nodes();
File* open_console(bool error_output);
// --- disk_file.cpp
File* open_disk(InodeReference inode);
void make_disk_nodes();
// --- proc_files.cpp
File* open_proc_file(InodeReference inode);

// Wakes everybody in ppoll/pselect6: some file's readiness may have changed.
void notify_poll();
// Sleeps until notify_poll after `seen`, a signal, or the deadline.
u64 poll_generation();
Wake wait_for_poll(u64 seen, u64 deadline);

}  // namespace guestos

// A process's descriptors.
#pragma once

#include "guestos/fs/file.hpp"

namespace guestos {

class FileTable {
 public:
  static constexpr u32 capacity = 1024;

  static FileTable* make();
  // The same files under the same numbers; nullptr: out of memory.
  FileTable* copy();
  void add_reference() { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void drop_reference();
  bool is_shared() const { return __atomic_load_n(&references_, __ATOMIC_RELAXED) != 1; }

  // With a reference for the caller; nullptr: no such descriptor.
  File* get(u64 descriptor);
  // Takes over the caller's reference, even when it fails: -EMFILE or -ENOMEM. The lowest free number from
  // `lowest` on.
  i64 add(File* file, bool close_on_exec, u64 lowest = 0);
  // Two at once, whose numbers go to user memory as int[2]; takes over both references. 0 or a negative errno.
  i64 add_pair(File* first, File* second, bool close_on_exec, u64 to);
  // At exactly this number, closing what was there.
  i64 set(u64 descriptor, File* file, bool close_on_exec);
  i64 close(u64 descriptor);
  void close_range(u64 first, u64 last);
  void close_on_exec();
  i64 close_on_exec_flag(u64 descriptor);
  i64 set_close_on_exec(u64 descriptor, bool value);
  // What numbers of the current process's descriptors stay below.
  static u64 limit();

 private:
  struct Slot {
    File* file;
    bool close_on_exec;
  };
  bool grow(u64 wanted);

  SpinLock lock_;
  u32 references_ = 1;
  Slot* slots_ = nullptr;
  u32 size_ = 0;
};

}  // namespace guestos

// A path that a system call was given: copied in, with the directory that it starts from.
#pragma once

#include "guestos/fs/file_table.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

class PathArgument {
 public:
  PathArgument() : text_(PATH_MAX) {}
  // `directory` is a descriptor or AT_FDCWD. 0 or a negative errno.
  i64 read(u64 directory, u64 address);
  const char* text() const { return text_.get(); }
  bool empty() const { return text_[0] == 0; }
  PathRequest request(bool follow) const { return {start_.get(), text_.get(), follow}; }
  Inode* start() const { return start_.get(); }

 private:
  HeapBuffer<char> text_;
  InodeReference start_;
};

// The file of a descriptor of the current process, with a reference that ends with this object.
class FileArgument {
 public:
  explicit FileArgument(u64 descriptor);
  ~FileArgument() {
    if (file_ != nullptr) file_->drop_reference();
  }
  FileArgument(const FileArgument&) = delete;
  FileArgument& operator=(const FileArgument&) = delete;
  explicit operator bool() const { return file_ != nullptr; }
  File* operator->() const { return file_; }
  File* get() const { return file_; }

 private:
  File* file_;
};

// System calls whose first argument is a descriptor: of any file, of one to be read, of one to be written.
using FileCall = i64 (*)(File&, const Arguments&);
template <FileCall function>
i64 on_file(const Arguments& call) {
  FileArgument file(call.a);
  return file ? function(*file.get(), call) : -EBADF;
}
template <FileCall function>
i64 on_readable(const Arguments& call) {
  FileArgument file(call.a);
  return file && file->can_read() ? function(*file.get(), call) : -EBADF;
}
template <FileCall function>
i64 on_writable(const Arguments& call) {
  FileArgument file(call.a);
  return file && file->can_write() ? function(*file.get(), call) : -EBADF;
}

inline constexpr u64 longest_transfer = 0x7ffff000, most_vectors = 1024;

}  // namespace guestos

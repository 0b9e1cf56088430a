// A path that a system call was given: copied in, with the directory that it starts from.
#pragma once

#include "guestos/fs/file_table.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

class PathArgument {
 public:
  // `directory` is a descriptor or AT_FDCWD.
  PathArgument(u64 directory, u64 address) : text_(PATH_MAX), error_(read(directory, address)) {}
  i64 error() const { return error_; }  // 0 or a negative errno; then nothing else means anything
  const char* text() const { return text_.get(); }
  bool empty() const { return text_[0] == 0; }
  PathRequest request(bool follow) const { return {start_.get(), text_.get(), follow}; }
  Inode* start() const { return start_.get(); }

 private:
  i64 read(u64 directory, u64 address);
  HeapBuffer<char> text_;
  InodeReference start_;
  const i64 error_;
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
template <FileCall function, bool (File::*is_fit)() const = nullptr>
i64 on_file(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || (is_fit != nullptr && !(*file.get().*is_fit)())) return -EBADF;
  return function(*file.get(), call);
}
template <FileCall function>
inline constexpr SystemCall on_readable = on_file<function, &File::can_read>;
template <FileCall function>
inline constexpr SystemCall on_writable = on_file<function, &File::can_write>;

inline constexpr u64 longest_transfer = 0x7ffff000, most_vectors = 1024;

}  // namespace guestos

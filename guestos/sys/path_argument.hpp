// A path that a system call was given: copied in, with the directory that it starts from.
#pragma once

#include "guestos/fs/file_table.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

class PathArgument {
 public:
  // `directory` is a descriptor or AT_FDCWD. 0 or a negative errno.
  PathArgument() : text_(PATH_MAX) {}
  ~PathArgument();
  i64 read(u64 directory, u64 address);
  const char* text() const { return text_.get(); }
  bool empty() const { return text_[0] == 0; }
  PathRequest request(bool follow) const { return {start_, text_.get(), follow}; }
  Inode* start() const { return start_; }

 private:
  HeapBuffer<char> text_;
  Inode* start_ = nullptr;  // a reference is held
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

}  // namespace guestos

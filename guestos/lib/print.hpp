// Formatted text: into a fixed buffer (for /proc and messages), to the kernel's log, and the panic that ends
// it all.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

struct Hex {  // at least so many digits, without 0x
  u64 value;
  unsigned digits = 1;
};
struct Padded {  // with spaces before it, to this width
  u64 value;
  u64 width;
};

// A text buffer that never overflows: what does not fit is dropped. Always NUL-terminated.
class Text {
 public:
  Text(char* storage, std::size_t capacity) : storage_(storage), capacity_(capacity) { storage_[0] = 0; }
  Text& operator<<(char c);
  Text& operator<<(const char* text);
  Text& operator<<(u64 value);
  Text& operator<<(u32 value) { return *this << u64{value}; }
  Text& operator<<(Hex number);
  Text& operator<<(Padded number);
  const char* c_str() const { return storage_; }
  std::size_t size() const { return size_; }

 private:
  char* storage_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

template <std::size_t Capacity>
class TextBuffer : public Text {
 public:
  TextBuffer() : Text(bytes_, Capacity) {}

 private:
  char bytes_[Capacity];
};

// Written to the firmware console when the boot argument `loglevel` is 5 or more (the default is 4): a
// program's output stays byte-exact.
void log_line(const Text& text);

// Prints and stops the machine with a failure status. Never returns.
[[noreturn]] void panic(const char* why, u64 a = 0, u64 b = 0);

}  // namespace guestos

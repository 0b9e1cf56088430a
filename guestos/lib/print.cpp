#include "guestos/lib/print.hpp"

#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/hart.hpp"

namespace guestos {

Text& Text::character(char c) {
  if (size_ + 1 < capacity_) {
    storage_[size_++] = c;
    storage_[size_] = 0;
  }
  return *this;
}

Text& Text::operator<<(const char* text) {
  while (*text != 0) character(*text++);
  return *this;
}

Text& Text::operator<<(u64 value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count != 0) character(digits[--count]);
  return *this;
}

Text& Text::operator<<(i64 value) {
  if (value < 0) character('-');
  return *this << (value < 0 ? -static_cast<u64>(value) : static_cast<u64>(value));
}

Text& Text::hex(u64 value, unsigned digits) {
  unsigned count = 16;
  while (count > digits && (value >> (4 * (count - 1))) == 0) --count;
  while (count-- != 0) character("0123456789abcdef"[(value >> (4 * count)) & 15]);
  return *this;
}

Text& Text::padded(u64 value, unsigned width) {
  unsigned digits = 1;
  for (u64 rest = value; rest >= 10; rest /= 10) ++digits;
  while (digits++ < width) character(' ');
  return *this << value;
}

void log_line(const Text& text) {
  if (boot_info().log_level < 5) return;
  firmware_console_write(text.c_str(), text.size());
  firmware_console_write("\n", 1);
}

void panic(const char* why, u64 a, u64 b) {
  TextBuffer<256> text;
  text << "guestos: panic: " << why << " (0x";
  text.hex(a) << ", 0x";
  text.hex(b) << ")\n";
  firmware_console_write(text.c_str(), text.size());
  power_off(255);
}

}  // namespace guestos

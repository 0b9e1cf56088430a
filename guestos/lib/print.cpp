#include "guestos/lib/print.hpp"

#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/hart.hpp"

namespace guestos {

Text& Text::operator<<(char c) {
  if (size_ + 1 < capacity_) {
    storage_[size_++] = c;
    storage_[size_] = 0;
  }
  return *this;
}

Text& Text::operator<<(const char* text) {
  while (*text != 0) *this << *text++;
  return *this;
}

Text& Text::operator<<(u64 value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count != 0) *this << digits[--count];
  return *this;
}

Text& Text::operator<<(Hex number) {
  unsigned count = 16;
  while (count > number.digits && (number.value >> (4 * (count - 1))) == 0) --count;
  while (count-- != 0) *this << "0123456789abcdef"[(number.value >> (4 * count)) & 15];
  return *this;
}

Text& Text::operator<<(Padded number) {
  u64 digits = 1;
  for (u64 rest = number.value; rest >= 10; rest /= 10) ++digits;
  while (digits++ < number.width) *this << ' ';
  return *this << number.value;
}

void log_line(const Text& text) {
  if (boot_info().log_level < 5) return;
  firmware_console_write(text.c_str(), text.size());
  firmware_console_write("\n", 1);
}

void panic(const char* why, u64 a, u64 b) {
  TextBuffer<256> text;
  text << "guestos: panic: " << why << " (0x" << Hex{a} << ", 0x" << Hex{b} << ")\n";
  firmware_console_write(text.c_str(), text.size());
  power_off(255);
}

}  // namespace guestos

#include "guestos/lib/memory.hpp"

using guestos::u64;
using guestos::u8;

extern "C" {

void* memset(void* to, int value, std::size_t size) {
  auto* p = static_cast<u8*>(to);
  auto* end = p + size;
  while (p != end && (reinterpret_cast<u64>(p) & 7) != 0) *p++ = static_cast<u8>(value);
  const u64 word = 0x0101010101010101u * static_cast<u8>(value);
  for (; end - p >= 8; p += 8) *reinterpret_cast<u64*>(p) = word;
  while (p != end) *p++ = static_cast<u8>(value);
  return to;
}

void* memcpy(void* to, const void* from, std::size_t size) {
  auto* p = static_cast<u8*>(to);
  auto* q = static_cast<const u8*>(from);
  if (((reinterpret_cast<u64>(p) ^ reinterpret_cast<u64>(q)) & 7) == 0) {
    for (; size != 0 && (reinterpret_cast<u64>(p) & 7) != 0; --size) *p++ = *q++;
    for (; size >= 8; size -= 8, p += 8, q += 8)
      *reinterpret_cast<u64*>(p) = *reinterpret_cast<const u64*>(q);
  }
  // The initial archive aligns to four bytes only, so this case is as common as the one above.
  if (((reinterpret_cast<u64>(p) | reinterpret_cast<u64>(q)) & 3) == 0) {
    auto* a = reinterpret_cast<std::uint32_t*>(p);
    auto* b = reinterpret_cast<const std::uint32_t*>(q);
    for (; size >= 32; size -= 32, a += 8, b += 8)
      a[0] = b[0], a[1] = b[1], a[2] = b[2], a[3] = b[3], a[4] = b[4], a[5] = b[5], a[6] = b[6], a[7] = b[7];
    p = reinterpret_cast<u8*>(a);
    q = reinterpret_cast<const u8*>(b);
  }
  for (; size != 0; --size) *p++ = *q++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
  auto* p = static_cast<u8*>(to);
  auto* q = static_cast<const u8*>(from);
  if (p <= q || p >= q + size) return memcpy(to, from, size);
  while (size-- != 0) p[size] = q[size];
  return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
  auto* p = static_cast<const u8*>(a);
  auto* q = static_cast<const u8*>(b);
  for (; size != 0; --size, ++p, ++q)
    if (*p != *q) return *p - *q;
  return 0;
}

std::size_t strlen(const char* text) {
  std::size_t size = 0;
  while (text[size] != 0) ++size;
  return size;
}
}

namespace guestos {

bool equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

bool starts_with(const char* text, const char* prefix) {
  while (*prefix != 0)
    if (*text++ != *prefix++) return false;
  return true;
}

std::size_t copy_text(char* to, const char* from, std::size_t capacity) {
  std::size_t size = 0;
  while (size + 1 < capacity && from[size] != 0) to[size] = from[size], ++size;
  if (capacity != 0) to[size] = 0;
  return size;
}

u64 read_decimal(const char*& text) {
  u64 value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + static_cast<u64>(*text - '0');
  return value;
}

void clear_page(void* page) {
  auto* p = static_cast<u64*>(page);
  for (auto* end = p + page_size / 8; p != end; p += 8) {
    p[0] = 0, p[1] = 0, p[2] = 0, p[3] = 0, p[4] = 0, p[5] = 0, p[6] = 0, p[7] = 0;
  }
}

void copy_page(void* to, const void* from) {
  auto* p = static_cast<u64*>(to);
  auto* q = static_cast<const u64*>(from);
  for (auto* end = p + page_size / 8; p != end; p += 8, q += 8) {
    const u64 a = q[0], b = q[1], c = q[2], d = q[3], e = q[4], f = q[5], g = q[6], h = q[7];
    p[0] = a, p[1] = b, p[2] = c, p[3] = d, p[4] = e, p[5] = f, p[6] = g, p[7] = h;
  }
}

}  // namespace guestos

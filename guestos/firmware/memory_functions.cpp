// The functions that the compiler calls on its own account, even in a freestanding program.
#include <cstddef>

extern "C" {

void* memset(void* destination, int value, std::size_t bytes) {
  auto* to = static_cast<volatile unsigned char*>(destination);
  for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<unsigned char>(value);
  return destination;
}

void* memcpy(void* destination, const void* source, std::size_t bytes) {
  auto* to = static_cast<volatile unsigned char*>(destination);
  const auto* from = static_cast<const unsigned char*>(source);
  for (std::size_t i = 0; i < bytes; ++i) to[i] = from[i];
  return destination;
}

int memcmp(const void* left, const void* right, std::size_t bytes) {
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

}  // extern "C"

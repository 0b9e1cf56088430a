// The functions that the compiler calls on its own account, even in a freestanding program.
#include <cstddef>
#include <cstdint>

namespace {

// Whole words where both ends are aligned: start-up clears and copies a few structures.
using Word [[gnu::may_alias]] = std::uint64_t;
constexpr std::size_t word_bytes = sizeof(Word);

bool aligned(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % word_bytes == 0; }

}  // namespace

extern "C" {

void* memset(void* destination, int value, std::size_t bytes) {
  auto* to = static_cast<volatile unsigned char*>(destination);
  std::size_t i = 0;
  if (value == 0 && aligned(destination)) {
    for (; i + word_bytes <= bytes; i += word_bytes) *reinterpret_cast<volatile Word*>(to + i) = 0;
  }
  for (; i < bytes; ++i) to[i] = static_cast<unsigned char>(value);
  return destination;
}

void* memcpy(void* destination, const void* source, std::size_t bytes) {
  auto* to = static_cast<volatile unsigned char*>(destination);
  const auto* from = static_cast<const unsigned char*>(source);
  std::size_t i = 0;
  if (aligned(destination) && aligned(source)) {
    for (; i + word_bytes <= bytes; i += word_bytes)
      *reinterpret_cast<volatile Word*>(to + i) = *reinterpret_cast<const Word*>(from + i);
  }
  for (; i < bytes; ++i) to[i] = from[i];
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

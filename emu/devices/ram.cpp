#include "emu/devices/ram.hpp"

#include <sys/mman.h>

#include <new>

namespace hartbeat {

Ram::Ram(PhysAddr base, std::uint64_t size) : base_(base), size_(size) {
  // Anonymous and unreserved: the host gives a page at its first touch, so 8 GiB of untouched guest RAM cost
  // nothing.
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<std::uint8_t*>(memory);
}

Ram::~Ram() { munmap(memory_, size_); }

}  // namespace hartbeat

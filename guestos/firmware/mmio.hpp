// Device registers: one load or store of the given width, in program order with every other access.
#pragma once

#include <cstdint>

namespace hartbeat::firmware {

template <typename Register>
Register mmio_read(std::uint64_t address) {
  const Register value = *reinterpret_cast<volatile Register*>(address);
  asm volatile("fence i, iorw" ::: "memory");
  return value;
}

template <typename Register>
void mmio_write(std::uint64_t address, Register value) {
  asm volatile("fence iorw, o" ::: "memory");
  *reinterpret_cast<volatile Register*>(address) = value;
}

}  // namespace hartbeat::firmware

// Makes the bus's function pointers from a device's member functions.
#pragma once

#include "emu/devices/board.hpp"

namespace hartbeat {

// A device has bool read(offset, size, now, value&) and bool write(offset, size, value, now), as Mmio
// describes them.
template <class Device>
Mmio mmio_of(Device& device) {
  return {&device,
          [](void* self, std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value) {
            return static_cast<Device*>(self)->read(offset, size, now, value);
          },
          [](void* self, std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now) {
            return static_cast<Device*>(self)->write(offset, size, value, now);
          }};
}

}  // namespace hartbeat

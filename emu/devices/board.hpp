// What a device may ask of the machine it sits on. The machine implements it; devices know nothing else of harts.
#pragma once

#include <cstdint>

#include "emu/timing/cycle.hpp"
#include "mmu/address.hpp"

namespace hartbeat {

class Board {
 public:
  virtual ~Board() = default;
  // Level of one mip bit of a hart, as driven by a device (MSIP 3, MTIP 7, SEIP 9, MEIP 11; SSIP 1 is set only by ACLINT SSWI).
  virtual void set_interrupt(HartId hart, unsigned mip_bit, bool level) = 0;
  // A device has written RAM (DMA): decoded code and reservations there are no longer valid.
  virtual void memory_written(PhysAddr address, std::uint64_t length) = 0;
  // A device's next_event() may have become earlier.
  virtual void event_moved() = 0;
  // The guest asks to end the run with this exit status.
  virtual void power_off(int status) = 0;
  // The guest asks for a reset; the run of this machine ends, and says so.
  virtual void reset() = 0;
};

// How the bus calls a device: plain function pointers, no virtual call on a guest's access.
// Both return false for an access that the device does not answer (access fault).
struct Mmio {
  void* device = nullptr;
  bool (*read)(void* device, std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value) = nullptr;
  bool (*write)(void* device, std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now) = nullptr;
};

}  // namespace hartbeat

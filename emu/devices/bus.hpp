// The bus: which device answers at a physical address. RAM is not on it; the harts reach RAM directly.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "emu/devices/board.hpp"
#include "emu/timing/cycle.hpp"
#include "mmu/address.hpp"

namespace hartbeat {

class Bus {
 public:
  // Puts a device at [base, base + size). Regions must not overlap (std::logic_error: a mistake of the
  // machine's builder).
  void add(std::string_view name, PhysAddr base, std::uint64_t size, Mmio mmio);

  // One naturally aligned access of 1, 2, 4 or 8 bytes. False: nobody answers (access fault) - no device
  // there, a misaligned access, or one that the device refuses. A read's value is zero-extended.
  bool read(PhysAddr address, unsigned size, Cycle now, std::uint64_t& value);
  bool write(PhysAddr address, unsigned size, std::uint64_t value, Cycle now);

  // Name of the device at an address, or an empty view.
  std::string_view name_at(PhysAddr address) const;

 private:
  struct Region {
    std::uint64_t base;
    std::uint64_t size;
    Mmio mmio;
    std::string_view name;
  };
  const Region* find(std::uint64_t address, unsigned size);
  const Region* search(std::uint64_t address) const;

  std::vector<Region> regions_;  // sorted by base
  std::size_t last_ = 0;         // region of the last hit; guests poll one device for long
};

}  // namespace hartbeat

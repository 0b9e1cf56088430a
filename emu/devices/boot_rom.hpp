// The boot ROM: read-only memory where the harts start (0x1000, as on QEMU's virt board).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "emu/timing/cycle.hpp"
#include "mmu/address.hpp"

namespace hartbeat {

class BootRom {
 public:
  static constexpr PhysAddr base{0x1000};
  static constexpr std::uint64_t size = 0xf000;

  BootRom() : bytes_(size) {}

  // Replaces the content; what `code` does not fill reads as zero. At most `size` bytes.
  void load(std::span<const std::uint8_t> code) {
    std::fill(bytes_.begin(), bytes_.end(), std::uint8_t{0});
    std::copy_n(code.begin(), std::min<std::size_t>(code.size(), size), bytes_.begin());
  }
  bool contains(PhysAddr address, std::uint64_t length) const {
    const std::uint64_t offset = address.value - base.value;
    return offset <= size && length <= size - offset;
  }
  const std::uint8_t* host(PhysAddr address) const { return bytes_.data() + (address.value - base.value); }

  bool read(std::uint64_t offset, unsigned length, Cycle, std::uint64_t& value) const {
    value = 0;
    std::memcpy(&value, bytes_.data() + offset, length);
    return true;
  }
  bool write(std::uint64_t, unsigned, std::uint64_t, Cycle) { return false; }  // a store to ROM: access fault

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace hartbeat

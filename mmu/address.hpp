// Addresses as types of their own, so that a virtual address cannot be handed where a physical one is meant.
#pragma once

#include <compare>
#include <cstdint>

namespace hartbeat {

struct PhysAddr {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(PhysAddr, PhysAddr) = default;
};

struct VirtAddr {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(VirtAddr, VirtAddr) = default;
};

inline constexpr unsigned page_shift = 12;
inline constexpr std::uint64_t page_size = std::uint64_t{1} << page_shift;
inline constexpr std::uint64_t page_offset_mask = page_size - 1;

}  // namespace hartbeat

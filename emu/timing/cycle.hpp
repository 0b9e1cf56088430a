// Guest time and who spends it.
#pragma once

#include <compare>
#include <cstdint>

namespace hartbeat {

// A moment or a span of guest time in cycles of the core clock since reset. Never host time.
struct Cycle {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Cycle, Cycle) = default;
};
inline constexpr Cycle never{~std::uint64_t{0}};

// A hart's number: mhartid, 0 … harts-1.
struct HartId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(HartId, HartId) = default;
};

}  // namespace hartbeat

// Where things are in the virtual address space (Sv39). All physical memory and all devices are mapped once,
// linearly, at the bottom of the upper half by 1 GiB leaves; the kernel itself runs in that map.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

inline constexpr u64 direct_map_base = 0xffff'ffc0'0000'0000;
inline constexpr u64 direct_map_size = u64{256} << 30;

// User addresses are 0 .. user_end. The last page stays unmapped, so that no pointer just wraps.
inline constexpr u64 user_end = u64{1} << 38;
inline constexpr u64 trampoline_page = user_end - 2 * page_size;  // code that calls rt_sigreturn
inline constexpr u64 stack_top = user_end - 16 * page_size;
inline constexpr u64 default_stack_limit = u64{8} << 20;
inline constexpr u64 mmap_top = stack_top - default_stack_limit - (u64{8} << 20);
inline constexpr u64 mmap_lowest = 0x10000;
inline constexpr u64 pie_base = 0x2a'aaaa'a000;

inline u64 physical_of(const void* address) { return reinterpret_cast<u64>(address) - direct_map_base; }
template <typename T = void>
inline T* direct(u64 physical) {
  return reinterpret_cast<T*>(physical + direct_map_base);
}
template <typename T = void>
inline T* direct_page(u64 frame_number) {
  return direct<T>(frame_number << page_bits);
}

}  // namespace guestos

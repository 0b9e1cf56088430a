// The tracepoint of large pages, beside the list in tracepoints.hpp. Freestanding.
#pragma once

#include "guestos/abi/tracepoints.hpp"

namespace hartbeat::abi {

// pid, virtual address, log2 of its pages of 4 KiB, LargePageEvent, first frame
inline constexpr auto large_page = static_cast<Tracepoint>(22);

// What became of a page of 64 KiB or 2 MiB.
enum class LargePageEvent : std::uint8_t {
  filled = 0,     // first touch: mapped as a whole
  fell_back = 1,  // first touch: no such block of frames is free; 4 KiB instead
  split = 2,      // now mapped by pages of 4 KiB
  copied = 3,     // a write to a shared one: copied as a whole
  reused = 4,     // a write by its last owner: made writable as a whole
};
inline constexpr unsigned large_page_event_count = 5;

}  // namespace hartbeat::abi

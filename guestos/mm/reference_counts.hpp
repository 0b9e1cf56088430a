// How many references each frame has, in two bits: most have one, and a count of 32 bits for each would be mostly zeros.
// 0, 1 and 2 are the count itself; 3 says that it stands in a side table, exactly. The side table has a frame of
// counts per 1,024 frames, from the first of them that has three references until none has.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

using FrameNumber = u64;  // physical address / 4096; 0 is no frame

// The field of frame n: bits 2 * (n % 16) of word n / 16. (The pointer lies below the table by what no frame needs.)
extern u32* count_words;
inline u32& count_word(FrameNumber number) { return count_words[number / 16]; }
constexpr unsigned count_shift(FrameNumber number) { return static_cast<unsigned>(number % 16 * 2); }

// One reference becomes two: what fork does to most pages. False: it is not one, or its word has just changed.
inline bool share_count(FrameNumber number) {
  u32 old = __atomic_load_n(&count_word(number), __ATOMIC_RELAXED);
  const unsigned shift = count_shift(number);
  return (old >> shift & 3) == 1 &&
         __atomic_compare_exchange_n(&count_word(number), &old, old + (u32{1} << shift), true,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

// Bytes that the table needs for so many frames; and the memory it is to use, for frames from `first` on.
u64 reference_table_size(u64 frames);
void reference_counts_open(void* memory, FrameNumber first, u64 frames);

void set_count(FrameNumber number, u32 count);  // 0, 1 or 2, of a frame that nobody counts at this moment
u32 count_of(FrameNumber number);
// The count before, or no_count: a third reference needs a frame for the side table, and there is none. `if_used`: a
// count of 0 stays.
inline constexpr u32 no_count = ~u32{0};
u32 increment_count(FrameNumber number, bool if_used);
// The count before. `keep_last`: a count of 1 stays.
u32 decrement_count(FrameNumber number, bool keep_last);

// Tells what the tables take, against counters of 32 bits.
void trace_reference_counts();

}  // namespace guestos

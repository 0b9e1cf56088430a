#include "guestos/mm/frames.hpp"

#include "guestos/arch/layout.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/lib/memory.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

constinit u32* count_words = nullptr;

namespace {

constexpr u32 elsewhere = 3;  // the count is in the side table
constexpr u64 per_word = 16, per_block = page_size / sizeof(u32);

// Part of the side table: the counts of 1,024 frames, and how many of them stand there.
struct Block {
  u32 frame;  // 0: none
  u32 used;
};

constinit SpinLock lock;            // the side table, and who goes there or comes back
constinit Block* blocks = nullptr;  // as count_words: of frame n it is blocks[n / per_block]
constinit u64 frame_total = 0;
constinit u64 blocks_in_use = 0;
constinit u64 most_blocks_in_use = 0;

// The first frame need not be the first of its word or block, and blocks are aligned to 8.
u64 words_for(u64 frames) { return align_up(frames / per_word + 2, 2); }
Block& block_of(FrameNumber number) { return blocks[number / per_block]; }
u32& exact_count(FrameNumber number) { return direct_page<u32>(block_of(number).frame)[number % per_block]; }

u32 load_field(FrameNumber number) {
  return __atomic_load_n(&count_word(number), __ATOMIC_ACQUIRE) >> count_shift(number) & 3;
}

// Adds `step` (1 or -1) to the field in `old`, which was loaded from its word; false with `old` loaded anew if the word has
// changed meanwhile, be it for another frame.
bool step_field(FrameNumber number, u32& old, u32 step) {
  return __atomic_compare_exchange_n(&count_word(number), &old, old + (step << count_shift(number)), true,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

// From one value to another, unless it has changed meanwhile; the other frames of the word may change as they like.
bool exchange_field(FrameNumber number, u32 from, u32 to) {
  u32 old = __atomic_load_n(&count_word(number), __ATOMIC_RELAXED);
  while ((old >> count_shift(number) & 3) == from)
    if (step_field(number, old, to - from)) return true;
  return false;
}

// With the lock held, as all below.
bool provide_block(Block& block) {
  if (block.frame != 0) return true;
  const FrameNumber frame = allocate_frame(FrameState::kernel);
  if (frame == no_frame) return false;
  block.frame = static_cast<u32>(frame);
  most_blocks_in_use = max_of(most_blocks_in_use, ++blocks_in_use);
  return true;
}

void release_unused(Block& block) {
  if (block.used != 0 || block.frame == 0) return;
  drop_reference(block.frame);  // whose own count is 1, and so not in the side table
  block.frame = 0;
  --blocks_in_use;
}

// Not inlined: what most frames never need would make its caller save all registers for them, too.
[[gnu::noinline]] u32 increment_exactly(FrameNumber number) {
  SpinGuard guard(lock);
  Block& block = block_of(number);
  if (load_field(number) == elsewhere) return exact_count(number)++;
  if (!provide_block(block)) return no_count;
  exact_count(number) = 3;
  if (exchange_field(number, 2, elsewhere)) {
    ++block.used;
    return 2;
  }
  release_unused(block);
  return 0;  // somebody has dropped one meanwhile: once more
}

// 0: it is not in the side table any more.
[[gnu::noinline]] u32 decrement_exactly(FrameNumber number) {
  SpinGuard guard(lock);
  if (load_field(number) != elsewhere) return 0;
  const u32 before = exact_count(number)--;
  if (before != 3) return before;
  exchange_field(number, elsewhere, 2);
  --block_of(number).used;
  release_unused(block_of(number));
  return before;
}

// One more or one less, unless the count is `stays`; the count before.
constexpr u32 any = 4;  // no field's value
template <typename Exactly>
u32 change_count(FrameNumber number, u32 step, u32 stays, Exactly exactly) {
  u32 old = __atomic_load_n(&count_word(number), __ATOMIC_RELAXED);
  for (;;) {
    const u32 field = old >> count_shift(number) & 3;
    if (field == stays) return field;
    if (field != elsewhere && (step != 1 || field != 2)) {
      if (step_field(number, old, step)) return field;
      continue;
    }
    if (const u32 before = exactly(number); before != 0) return before;
    old = __atomic_load_n(&count_word(number), __ATOMIC_RELAXED);
  }
}

}  // namespace

u64 reference_table_size(u64 frames) {
  return words_for(frames) * sizeof(u32) + (frames / per_block + 2) * sizeof(Block);
}

void reference_counts_open(void* memory, FrameNumber first, u64 frames) {
  memset(memory, 0, reference_table_size(frames));
  auto* words = static_cast<u32*>(memory);
  count_words = words - first / per_word;
  blocks = reinterpret_cast<Block*>(words + words_for(frames)) - first / per_block;
  frame_total = frames;
}

void set_count(FrameNumber number, u32 count) {
  __atomic_fetch_xor(&count_word(number), (load_field(number) ^ count) << count_shift(number),
                     __ATOMIC_ACQ_REL);
}

u32 count_of(FrameNumber number) {
  const u32 field = load_field(number);
  if (field != elsewhere) return field;
  SpinGuard guard(lock);
  const u32 now = load_field(number);
  return now != elsewhere ? now : exact_count(number);
}

u32 increment_count(FrameNumber number, bool if_used) {
  return change_count(number, 1, if_used ? 0 : any, increment_exactly);
}
u32 decrement_count(FrameNumber number, bool keep_last) {
  return change_count(number, ~u32{0}, keep_last ? 1 : any, decrement_exactly);
}

void trace_reference_counts() {
  SpinGuard guard(lock);
  trace<Tracepoint::reference_table>(reference_table_size(frame_total), blocks_in_use * page_size,
                                     most_blocks_in_use * page_size, frame_total * sizeof(u32));
}

}  // namespace guestos

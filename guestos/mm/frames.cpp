#include "guestos/mm/frames.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/lib/memory.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/spin_lock.hpp"

extern "C" char __kernel_end[], signal_trampoline[];

namespace guestos {

constinit Frame* frame_table = nullptr;
constinit Origin* origin_table = nullptr;
constinit FrameTotals frame_counters = {};

namespace {

constinit FrameTotals& totals = frame_counters;

constexpr unsigned max_ranges = 20;

// Memory that no block has been taken from yet: [next, end) in frame numbers, lowest first.
struct Untouched {
  u64 first;  // where the range began
  u64 next;
  u64 end;
};

constinit SpinLock lock;
constinit u64 first_frame = 0;
constinit Untouched untouched[max_ranges] = {};
constinit unsigned untouched_count = 0;
constinit u32 free_lists[max_order + 1] = {};  // link_frame

constexpr const char* injections[] = {"alloc", "slot", "io"};
constinit Injection injected = Injection::alloc;
constinit u64 attempts_until_failure = 0;  // 0: never
constinit u32 allocation_has_failed = 0;

void reset(u64 number, FrameState state, unsigned order, u32 references) {
  frame_of(number) = {0, state, static_cast<u8>(order), 0, 0, 0, 0, 0};
  set_count(number, references);
  origin_of(number) = {};
}

void push_free(u64 number, unsigned order) {
  reset(number, FrameState::free, order, 0);
  link_frame(free_lists[order], number);
}

// A block of at least 2^order frames from untouched memory onto the free lists.
bool touch_more(unsigned order) {
  for (unsigned i = 0; i < untouched_count; ++i) {
    Untouched& range = untouched[i];
    while (range.next < range.end) {
      unsigned size = max_order;
      while (size != 0 &&
             ((range.next & ((u64{1} << size) - 1)) != 0 || range.next + (u64{1} << size) > range.end))
        --size;
      // No frame in it is the head of a free block.
      memset(&frame_of(range.next), 0xff, sizeof(Frame) << size);
      push_free(range.next, size);
      range.next += u64{1} << size;
      if (size >= order) return true;
    }
  }
  return false;
}

unsigned reference_bin(u32 references) { return references <= 4 ? references - 1 : references <= 8 ? 4 : 5; }

// A frame that processes use has gone from `before` references to one more or one less. Those with one are
// the rest: most frames never cost anything here.
void count_references(FrameState state, u32 before, u32 after) {
  if (!is_counted(state)) return;
  const unsigned from = before != 0 ? reference_bin(before) : 0;
  const unsigned to = after != 0 ? reference_bin(after) : 0;
  if (from == to) return;
  if (from != 0) __atomic_fetch_sub(&totals.referenced[from], 1, __ATOMIC_RELAXED);
  if (to != 0) __atomic_fetch_add(&totals.referenced[to], 1, __ATOMIC_RELAXED);
}

u64 take_block(unsigned order) {
  unsigned size = order;
  while (size <= max_order && free_lists[size] == 0) ++size;
  if (size > max_order) return touch_more(order) ? take_block(order) : no_frame;
  const u64 number = free_lists[size];
  unlink_frame(free_lists[size], number);
  while (size-- != order) push_free(number + (u64{1} << size), size);
  return number;
}

// What is not has no metadata worth reading: it was never given out, or is not ours (firmware, the initial archive).
bool is_touched(u64 number) {
  for (unsigned i = 0; i < untouched_count; ++i)
    if (number >= untouched[i].first && number < untouched[i].next) return true;
  return false;
}

void give_block(u64 number, unsigned order) {
  for (; order < max_order; ++order) {
    const u64 buddy = number ^ (u64{1} << order);
    if (!is_touched(buddy) || frame_of(buddy).state != FrameState::free || frame_of(buddy).order != order)
      break;
    unlink_frame(free_lists[order], buddy);
    frame_of(buddy).state = static_cast<FrameState>(0xff);
    number = min_of(number, buddy);
  }
  push_free(number, order);
}

void release_block(u64 number) {
  SpinGuard guard(lock);
  Frame& frame = frame_of(number);
  const u64 size = u64{1} << frame.order;
  totals.of(frame.state) -= size;
  totals.of(FrameState::free) += size;
  give_block(number, frame.order);
}

// Adds `range` minus the holes to the untouched memory, lowest first.
void add_untouched(Range range, const Range* holes, unsigned count) {
  for (; count != 0; ++holes, --count) {
    const Range hole = {page_down(holes->start), page_up(holes->end)};
    if (hole.end <= range.start || range.end <= hole.start) continue;
    add_untouched({range.start, hole.start}, holes + 1, count - 1);
    range.start = hole.end;
  }
  if (range.start >= range.end || untouched_count == max_ranges) return;
  const u64 first = range.start >> page_bits, end = range.end >> page_bits;
  untouched[untouched_count++] = {first, first, end};
  totals.total += end - first;
}

}  // namespace

void link_frame(u32& list, FrameNumber number) {
  origin_of(number) = {0, list, 0};
  if (list != 0) origin_of(list).slot = static_cast<u32>(number);
  list = static_cast<u32>(number);
}

void unlink_frame(u32& list, FrameNumber number) {
  const Origin links = origin_of(number);
  if (links.index != 0) origin_of(links.index).slot = links.slot;
  (links.slot != 0 ? origin_of(links.slot).index : list) = links.index;
  origin_of(number) = {};
}

void frames_open() {
  const BootInfo& info = boot_info();
  Range memory = {page_up(info.memory.start), page_down(info.memory.end)};
  memory.end = min_of(memory.end, direct_map_size);
  first_frame = memory.start >> page_bits;
  Range holes[17];
  unsigned count = 0;
  for (; count < info.reserved_count && count < 16; ++count) holes[count] = info.reserved[count];
  // Firmware lies below the kernel; the metadata array follows the kernel, or what is reserved right behind
  // it.
  const u64 frame_count = (memory.end - memory.start) / page_size;
  const u64 metadata_size =
      page_up(frame_count * (sizeof(Frame) + sizeof(Origin)) + reference_table_size(frame_count) + 16);
  u64 place = page_up(physical_of(__kernel_end));
  for (unsigned again = 0; again <= count; ++again)
    for (unsigned i = 0; i < count; ++i)
      if (place < holes[i].end && holes[i].start < place + metadata_size) place = page_up(holes[i].end);
  if (place + metadata_size > memory.end) panic("no room for the frame table", place, metadata_size);
  auto* origins = direct<Origin>(place);
  auto* frames = reinterpret_cast<Frame*>(origins + frame_count);
  origin_table = origins - first_frame;
  frame_table = frames - first_frame;
  reference_counts_open(direct(align_up(physical_of(frames + frame_count), 16)), first_frame, frame_count);
  const u64 kernel_end = page_up(physical_of(__kernel_end));
  holes[count++] = {place, place + metadata_size};
  add_untouched({kernel_end, memory.end}, holes, count);
  totals.of(FrameState::free) = totals.total;
  // The one frame of the kernel's image that user mode maps is never released: the kernel keeps this
  // reference.
  reset(physical_of(signal_trampoline) >> page_bits, FrameState::boot, 0, 1);
}

FrameNumber allocate_frames(unsigned order, FrameState state) {
  SpinGuard guard(lock);
  if (order > max_order || failure_is_due(Injection::alloc)) return no_frame;
  const u64 number = take_block(order);
  if (number == no_frame) return no_frame;
  reset(number, state, order, 1);
  totals.of(FrameState::free) -= u64{1} << order;
  totals.of(state) += u64{1} << order;
  return number;
}

FrameNumber allocate_page(unsigned order, FrameState state) {
  const FrameNumber first = allocate_frames(order, state);
  if (first == no_frame || order == 0) return first;
  each_frame(first, order, [&](FrameNumber number) { reset(number, state, 0, 1); });
  return first;
}

FrameNumber allocate_zeroed_frame(FrameState state) {
  const FrameNumber number = allocate_frame(state);
  if (number != no_frame) clear_page(direct_page(number));
  return number;
}

bool add_reference_slowly(FrameNumber number) {
  const u32 before = increment_count(number, false);
  if (before != no_count) count_references(frame_of(number).state, before, before + 1);
  return before != no_count;
}

void drop_reference(FrameNumber number) {
  const FrameState state = frame_of(number).state;  // whoever has the last reference may free it behind ours
  const u32 before = decrement_count(number, false);
  if (before != 1) return count_references(state, before, before - 1);
  if (origin_of(number).slot != 0) forget_slot(number);
  release_block(number);
}

bool add_reference_if_used(FrameNumber number) {
  const u32 before = increment_count(number, true);
  if (before == 0 || before == no_count) return false;
  count_references(frame_of(number).state, before, before + 1);
  return true;
}

bool release_shared_reference(FrameNumber number) {
  const FrameState state = frame_of(number).state;
  const u32 before = decrement_count(number, true);
  if (before != 1) count_references(state, before, before - 1);
  return before == 1;
}

u32 references_of(FrameNumber number) { return count_of(number); }

void drop_map(FrameNumber number) {
  Frame& frame = frame_of(number);
  if (__atomic_fetch_sub(&frame.maps, 1, __ATOMIC_RELAXED) == 2 && frame.state == FrameState::anonymous)
    __atomic_fetch_sub(&totals.cow_shared, 1, __ATOMIC_RELAXED);
}

u32 maps_of(FrameNumber number) { return __atomic_load_n(&frame_of(number).maps, __ATOMIC_ACQUIRE); }

FrameNumber next_touched_frame(FrameNumber number) {
  for (unsigned i = 0; i < untouched_count; ++i) {
    const Untouched& range = untouched[i];
    if (number + 1 < range.next) return max_of(number + 1, range.first);
  }
  return number == no_frame ? no_frame : next_touched_frame(no_frame);
}

FrameTotals frame_totals() {
  SpinGuard guard(lock);
  FrameTotals now = totals;
  now.referenced[0] = 0;
  for (const FrameState state : {FrameState::anonymous, FrameState::page_cache, FrameState::page_table})
    now.referenced[0] += now.of(state);
  for (unsigned bin = 1; bin < reference_bins; ++bin) now.referenced[0] -= now.referenced[bin];
  return now;
}

u64 frames_on_free_lists() {
  u64 frames = 0;
  for (const Untouched& range : untouched) frames += range.end - range.next;
  for (unsigned order = 0; order <= max_order; ++order)
    for (u32 at = free_lists[order]; at != 0; at = static_cast<u32>(origin_of(at).index))
      frames += u64{1} << order;
  return frames;
}

u64 free_frames() { return __atomic_load_n(&totals.of(FrameState::free), __ATOMIC_RELAXED); }

void trace_frames() {
  FrameTotals now = frame_totals();
  trace<Tracepoint::frames>(now.of(FrameState::free), now.of(FrameState::anonymous) - now.cow_shared,
                            now.cow_shared, now.of(FrameState::page_cache), now.of(FrameState::page_table),
                            now.of(FrameState::kernel) + now.of(FrameState::boot));
  const u64* of = now.referenced;
  trace<Tracepoint::frame_references>(of[0], of[1], of[2], of[3], of[4], of[5]);
  trace_reference_counts();
}

void arm_injection() {
  char value[32];
  if (!boot_argument("inject", value, sizeof value)) return;
  for (u8 what = 0; what < 3; ++what) {
    const u64 size = strlen(injections[what]);
    if (!starts_with(value, injections[what]) || value[size] != ':') continue;
    injected = static_cast<Injection>(what);
    attempts_until_failure = parse_number(value + size + 1);
  }
}

bool failure_is_due(Injection what) {
  if (what != injected || __atomic_load_n(&attempts_until_failure, __ATOMIC_RELAXED) == 0) return false;
  if (__atomic_sub_fetch(&attempts_until_failure, 1, __ATOMIC_RELAXED) != 0) return false;
  const Thread& self = current_thread();
  TextBuffer<96> text;
  text << "guestos: injected failure: " << injections[static_cast<u8>(what)] << " in ";
  if (self.in_system_call) text << "system call " << self.call_number << "\n";
  if (!self.in_system_call) text << "a page fault\n";
  firmware_console_write(text.c_str(), text.size());
  if (what == Injection::alloc) __atomic_store_n(&allocation_has_failed, 1, __ATOMIC_RELAXED);
  return true;
}

bool take_injected_failure() { return __atomic_exchange_n(&allocation_has_failed, 0, __ATOMIC_RELAXED) != 0; }

}  // namespace guestos

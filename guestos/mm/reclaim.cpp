#include "guestos/mm/reclaim.hpp"

#include "guestos/arch/tracepoint.hpp"
#include "guestos/fs/inode.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"

namespace guestos {

namespace {

constexpr u64 smallest_reserve = 64;
constexpr u64 largest_reserve = 1024;
constexpr u64 batch = 32;

constinit Mutex hand_mutex;  // protects the hand
constinit FrameNumber hand = no_frame;
constinit u64 reserve = 0;  // 0: there is no swap

enum class Verdict : u8 { not_ours, stays, busy, taken };

// Spaces whose entries have lost A: their TLBs must forget it, or the next use would not be seen.
class AgedSpaces {
 public:
  void add(AddressSpace& space) {
    for (unsigned i = 0; i < count_; ++i)
      if (spaces_[i] == &space) return;
    // With no room its pages look unused for one round: no harm but to speed.
    if (count_ == capacity || !space.add_reference_if_used()) return;
    spaces_[count_++] = &space;
  }
  // Without any space's mutex.
  void fence() {
    while (count_ != 0) {
      AddressSpace* space = spaces_[--count_];
      shoot_down_all(*space);
      space->drop_reference();
    }
  }

 private:
  static constexpr unsigned capacity = 16;
  AddressSpace* spaces_[capacity];
  unsigned count_ = 0;
};

bool is_locked(const Mappings& mappings) {
  for (const Mapping& mapping : mappings)
    if (mapping.vma->locked) return true;
  return false;
}

// A large page is looked at once a round, as a whole: when the hand comes to its first frame.
bool is_inside_large(const Mappings& mappings) {
  for (const Mapping& mapping : mappings)
    if (mapping.address % (page_size << mapping.order) != 0) return true;
  return false;
}

// The second chance.
bool was_used(const Mappings& mappings, AgedSpaces& aged) {
  bool used = false;
  for (const Mapping& mapping : mappings)
    if (mapping.first && (remove_leaf_bits({mapping.at, 0, mapping.order}, pte_a) & pte_a) != 0) used = true;
  if (used)
    for (const Mapping& mapping : mappings) aged.add(*mapping.space);
  return used;
}

// A large page goes by its pages of 4 KiB, when the hand comes to them. False: it is none.
bool split_large(const Mappings& mappings) {
  bool any = false;
  for (const Mapping& mapping : mappings) {
    any = any || mapping.order != 0;
    if (mapping.order != 0) split_page(*mapping.space, mapping.address);  // out of memory: it stays as it is
  }
  return any;
}

// Nobody may reach the frame through a TLB any more.
void fence_all_of(const Mappings& mappings) {
  for (const Mapping& mapping : mappings) shoot_down(*mapping.space, mapping.address, 1);
}

void forget_entries(FrameNumber frame, const Mappings& mappings) {
  for (unsigned i = 0; i < mappings.entries; ++i) {
    drop_map(frame);
    drop_reference(frame);
  }
}

// After the fence, so that no hart can still write the frame while it is being written out.
bool move_to_swap(FrameNumber frame, Mappings& mappings) {
  bool write = false;
  const u32 slot = slot_for(frame, mappings.entries, write);
  if (slot == 0) return false;
  for (Mapping& mapping : mappings)
    if (mapping.first) mapping.before = exchange_pte(mapping.at, swapped_pte(slot));
  fence_all_of(mappings);
  if (write && !write_slot(slot, frame)) {
    for (const Mapping& mapping : mappings)  // all is as it was
      if (mapping.first) set_pte(mapping.at, mapping.before);
    for (unsigned i = 0; i < mappings.entries; ++i) drop_slot_reference(slot);
    return false;
  }
  trace<Tracepoint::swap_out>(frame, slot, write ? 1 : 0, mappings.entries);
  forget_entries(frame, mappings);
  return true;
}

Verdict consider_anonymous(FrameNumber frame, AgedSpaces& aged) {
  Mappings mappings(frame);
  if (!mappings.whole) return mappings.busy ? Verdict::busy : Verdict::stays;
  if (references_of(frame) != mappings.entries || is_locked(mappings) || is_inside_large(mappings) ||
      was_used(mappings, aged) || split_large(mappings))
    return Verdict::stays;
  return move_to_swap(frame, mappings) ? Verdict::taken : Verdict::stays;
}

// Takes the page out of its file's cache, if cache and mappings are all that refer to it.
bool leave_cache(Inode& inode, FrameNumber frame, const Mappings& mappings) {
  SpinGuard guard(inode.lock);
  const u64 index = origin_of(frame).index;
  if (index >= inode.page_capacity || inode.pages[index] != frame) return false;
  if (references_of(frame) != mappings.entries + 1 || (frame_of(frame).flags & frame_dirty) != 0)
    return false;
  inode.pages[index] = 0;
  return true;
}

Verdict consider_cached(FrameNumber frame, AgedSpaces& aged) {
  auto* inode = reinterpret_cast<Inode*>(origin_of(frame).owner);
  if (inode == nullptr || !is_start_up_file(*inode)) return Verdict::not_ours;
  const Mappings mappings(frame);
  if (!mappings.whole) return mappings.busy ? Verdict::busy : Verdict::stays;
  if (is_locked(mappings) || was_used(mappings, aged) || !leave_cache(*inode, frame, mappings))
    return Verdict::stays;
  for (const Mapping& mapping : mappings) {
    if (mapping.first) clear_pte(mapping.at);
    --mapping.space->resident;
  }
  fence_all_of(mappings);
  forget_entries(frame, mappings);
  drop_reference(frame);
  return Verdict::taken;
}

Verdict consider(FrameNumber number, AgedSpaces& aged) {
  const Frame& frame = frame_of(number);
  if (frame.order != 0 || frame.pins != 0 || references_of(number) == 0) return Verdict::not_ours;
  if (frame.state == FrameState::page_cache) return consider_cached(number, aged);
  if (frame.state == FrameState::anonymous && swap_is_on()) return consider_anonymous(number, aged);
  return Verdict::not_ours;
}

}  // namespace

Reclaimed reclaim(u64 wanted) {
  Reclaimed done;
  AgedSpaces aged;
  hand_mutex.lock();
  // Two rounds: the first may find every page in use.
  for (u64 steps = 2 * frame_totals().total; steps != 0 && done.frames < wanted; --steps) {
    hand = next_touched_frame(hand);
    const Verdict verdict = hand == no_frame ? Verdict::not_ours : consider(hand, aged);
    if (verdict == Verdict::taken) ++done.frames;
    if (verdict == Verdict::busy) done.busy = true;
  }
  hand_mutex.unlock();
  aged.fence();
  return done;
}

void reclaim_open() {
  if (!swap_is_on()) return;
  reserve = min_of(max_of(frame_totals().total / 64, smallest_reserve), largest_reserve);
}

void keep_reserve(u64 more) {
  if (reserve == 0) return;
  const u64 wanted = reserve + more;
  if (free_frames() < wanted) reclaim(wanted - free_frames() + batch);
}

}  // namespace guestos


#include "guestos/mm/address_space.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr unsigned most_batches = 64;
constexpr unsigned most_retired = 128;
constexpr u64 most_frames = 512;  // of a batch: what waits is at most 128 MiB

struct Batch {
  const AddressSpace* space = nullptr;
  u64 id = 0;
  u64 asid = 0;
  u32 pid = 0;
  u64 start = 0;  // addresses that no page may be given meanwhile
  u64 end = 0;
  u64 waiting = 0;  // harts that have not passed yet; atomic: the last of them lets the frames go
  unsigned count = 0;
  RetiredPage retired[most_retired] = {};
};

constinit SpinLock lock;  // who makes a batch, or looks for those of a space
constinit Batch batches[most_batches] = {};
constinit u64 outstanding = 0;  // bit n: batches[n] is in use
// By hart: the batches that wait for it. Who takes a bit out, that hart or somebody in its place, acknowledges; so a
// batch is what it was until then.
constinit u64 inbox[max_harts] = {};

void drop_all(const RetiredPage* retired, unsigned count) {
  for (unsigned i = 0; i < count; ++i) each_frame(retired[i].first, retired[i].order, drop_reference);
}

void acknowledge(unsigned number, u64 harts) {
  Batch& batch = batches[number];
  if (harts == 0 || (__atomic_and_fetch(&batch.waiting, ~harts, __ATOMIC_SEQ_CST)) != 0) return;
  drop_all(batch.retired, batch.count);
  trace<Tracepoint::shootdown_end>(batch.id, batch.pid);
  __atomic_fetch_and(&outstanding, ~(u64{1} << number), __ATOMIC_SEQ_CST);
}

// In the place of these harts, of those at least that have not begun to.
void acknowledge_for(unsigned number, u64 harts) {
  const u64 bit = u64{1} << number;
  u64 taken = 0;
  for (u64 rest = harts; rest != 0; rest &= rest - 1)
    if ((__atomic_fetch_and(&inbox[lowest_bit(rest)], ~bit, __ATOMIC_SEQ_CST) & bit) != 0)
      taken |= rest & ~(rest - 1);
  acknowledge(number, taken);
}

template <typename Action>
void each_batch_of(const AddressSpace& space, Action action) {
  for (u64 rest = __atomic_load_n(&outstanding, __ATOMIC_SEQ_CST); rest != 0; rest &= rest - 1)
    if (batches[lowest_bit(rest)].space == &space) action(static_cast<unsigned>(lowest_bit(rest)));
}

u64 frames_in(const RetiredPage* retired, unsigned count) {
  u64 frames = 0;
  for (unsigned i = 0; i < count; ++i) frames += u64{1} << retired[i].order;
  return frames;
}

}  // namespace

bool defer_release(AddressSpace& space, u64 start, u64 pages, const RetiredPage* retired, unsigned count) {
  if (!shootdown_is_lazy() || count > most_retired || frames_in(retired, count) > most_frames) return false;
  SpinGuard guard(lock);
  const u64 used = __atomic_load_n(&outstanding, __ATOMIC_SEQ_CST);
  if (used == ~u64{0}) return false;
  const auto number = static_cast<unsigned>(lowest_bit(~used));
  const u64 self = u64{1} << this_hart().id;  // waits, too, until the batch is whole
  Batch& batch = batches[number];
  batch.asid = space.asid;
  batch.pid = current_pid();
  const u64 targets = begin_shootdown(space, start, pages, batch.id);
  fence_here(space, start, pages);
  batch.space = &space;
  batch.start = start;
  batch.end = start + pages * page_size;
  batch.count = count;
  for (unsigned i = 0; i < count; ++i) batch.retired[i] = retired[i];
  __atomic_store_n(&batch.waiting, targets | self, __ATOMIC_SEQ_CST);
  __atomic_fetch_or(&outstanding, u64{1} << number, __ATOMIC_SEQ_CST);
  for (u64 rest = targets; rest != 0; rest &= rest - 1)
    __atomic_fetch_or(&inbox[lowest_bit(rest)], u64{1} << number, __ATOMIC_SEQ_CST);
  if (kernel_is_broken("lazy-free-early")) {
    drop_all(batch.retired, count);
    batch.count = 0;
  }
  // Who has left the space meanwhile may never look again; the mark in stale_mask is there for its return.
  const u64 gone = targets & ~__atomic_load_n(&space.active, __ATOMIC_SEQ_CST);
  acknowledge_for(number, gone);
  hurry(targets & ~gone);
  acknowledge(number, self);
  return true;
}

// Without the lock: all that have been interrupted come at once.
void pass_deferred() {
  const u64 self = this_hart().id;
  if (__atomic_load_n(&inbox[self], __ATOMIC_SEQ_CST) == 0) return;
  for (u64 rest = __atomic_exchange_n(&inbox[self], 0, __ATOMIC_SEQ_CST); rest != 0; rest &= rest - 1) {
    const auto number = static_cast<unsigned>(lowest_bit(rest));
    trace<Tracepoint::shootdown_fence>(batches[number].id);
    fence_asid(batches[number].asid);
    trace<Tracepoint::shootdown_ack>(batches[number].id);
    acknowledge(number, u64{1} << self);
  }
}

void settle_deferred(AddressSpace& space, u64 start, u64 end) {
  if (__atomic_load_n(&outstanding, __ATOMIC_SEQ_CST) == 0) return;
  bool lingers = false;
  lock.lock();
  each_batch_of(space, [&](unsigned number) {
    lingers = lingers || (batches[number].start < end && start < batches[number].end);
  });
  lock.unlock();
  if (!lingers) return;
  shoot_down_all(space);
  release_deferred(space);
}

void release_deferred(AddressSpace& space) {
  SpinGuard guard(lock);
  each_batch_of(space, [](unsigned number) { acknowledge_for(number, batches[number].waiting); });
}

bool is_release_deferred() { return __atomic_load_n(&outstanding, __ATOMIC_SEQ_CST) != 0; }

}  // namespace guestos

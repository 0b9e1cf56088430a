
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr unsigned most_batches = 64;
constexpr unsigned most_retired = 128;
constexpr u64 most_frames = 512;  // of a batch: what waits is at most 128 MiB

struct Batch {
  const AddressSpace* space = nullptr;  // nullptr: free
  u64 id = 0;
  u64 asid = 0;
  u32 pid = 0;
  u64 start = 0;  // addresses that no page may be given meanwhile
  u64 end = 0;
  u64 waiting = 0;  // harts that have not passed yet
  unsigned count = 0;
  RetiredPage retired[most_retired] = {};
};

constinit SpinLock lock;
constinit Batch batches[most_batches] = {};
constinit u64 outstanding = 0;        // bit n: batches[n] is in use
constinit u64 inbox[max_harts] = {};  // by hart: the batches that wait for it

void drop_all(const RetiredPage* retired, unsigned count) {
  for (unsigned i = 0; i < count; ++i) each_frame(retired[i].first, retired[i].order, drop_reference);
}

// With the lock held, as all below.
void acknowledge(unsigned number, u64 harts) {
  Batch& batch = batches[number];
  for (u64 rest = harts; rest != 0; rest &= rest - 1)
    __atomic_fetch_and(&inbox[lowest_bit(rest)], ~(u64{1} << number), __ATOMIC_SEQ_CST);
  batch.waiting &= ~harts;
  if (batch.waiting != 0) return;
  drop_all(batch.retired, batch.count);
  trace<Tracepoint::shootdown_end>(batch.id, batch.pid);
  batch.space = nullptr;
  __atomic_fetch_and(&outstanding, ~(u64{1} << number), __ATOMIC_SEQ_CST);
}

template <typename Action>
void each_batch_of(const AddressSpace& space, Action action) {
  for (u64 rest = outstanding; rest != 0; rest &= rest - 1)
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
  if (outstanding == ~u64{0}) return false;
  const auto number = static_cast<unsigned>(lowest_bit(~outstanding));
  Batch& batch = batches[number];
  batch.asid = space.asid;
  batch.pid = current_pid();
  batch.waiting = begin_shootdown(space, start, pages, batch.id);
  fence_here(space, start, pages);
  batch.space = &space;
  batch.start = start;
  batch.end = start + pages * page_size;
  batch.count = count;
  for (unsigned i = 0; i < count; ++i) batch.retired[i] = retired[i];
  __atomic_fetch_or(&outstanding, u64{1} << number, __ATOMIC_SEQ_CST);
  for (u64 rest = batch.waiting; rest != 0; rest &= rest - 1)
    __atomic_fetch_or(&inbox[lowest_bit(rest)], u64{1} << number, __ATOMIC_SEQ_CST);
  if (kernel_is_broken("lazy-free-early")) {
    drop_all(batch.retired, count);
    batch.count = 0;
  }
  // Who has left the space meanwhile may never look again; the mark in stale_mask is there for its return.
  acknowledge(number, batch.waiting & ~__atomic_load_n(&space.active, __ATOMIC_SEQ_CST));
  if (batch.space != nullptr) hurry(batch.waiting);
  return true;
}

void pass_deferred() {
  const u64 self = this_hart().id;
  if (__atomic_load_n(&inbox[self], __ATOMIC_SEQ_CST) == 0) return;
  SpinGuard guard(lock);
  for (u64 rest = inbox[self]; rest != 0; rest &= rest - 1) {
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
  each_batch_of(space, [](unsigned number) { acknowledge(number, batches[number].waiting); });
}

bool is_release_deferred() { return __atomic_load_n(&outstanding, __ATOMIC_SEQ_CST) != 0; }

}  // namespace guestos

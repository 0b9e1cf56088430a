
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

constexpr u64 FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAIT_BITSET = 9,
              FUTEX_WAKE_BITSET = 10, FUTEX_PRIVATE = 128, FUTEX_REALTIME = 256;
constexpr unsigned bucket_count = 64;

// A word is the same for two threads if it is in the same place of the same memory: a private word of the
// same address space at the same address, or a shared one of the same file at the same offset.
struct Key {
  const void* memory = nullptr;
  u64 offset = 0;
  bool operator==(const Key&) const = default;
};

struct Sleeper {
  Key key;
  u32 bits = 0;
  bool woken = false;
  WaitQueue queue;  // of this one thread
  Links<Sleeper> links = {};
};

struct Bucket {
  SpinLock lock;
  List<Sleeper, &Sleeper::links> sleepers;
};

constinit Bucket buckets[bucket_count];

// By address and offset alone: which bucket a word falls into must not depend on where objects happen to lie.
Bucket& bucket_of(const Key& key) { return buckets[(key.offset >> 2 ^ key.offset >> 12) % bucket_count]; }

Key key_of(u64 address, bool is_private) {
  AddressSpace& space = *current_process().space;
  if (!is_private) {
    MutexGuard guard(space.mutex);
    const Vma* vma = space.find(address);
    if (vma != nullptr && vma->shared && vma->inode != nullptr)
      return {vma->inode, vma->offset + (address - vma->start)};
  }
  return {&space, address};
}

u64 wake_some(const Key& key, u64 most, u32 bits) {
  Bucket& bucket = bucket_of(key);
  SpinGuard guard(bucket.lock);
  u64 count = 0;
  for (Sleeper& sleeper : bucket.sleepers) {
    if (count == most || sleeper.key != key || (sleeper.bits & bits) == 0) continue;
    bucket.sleepers.remove(&sleeper);
    sleeper.woken = true;
    sleeper.queue.wake_one();
    ++count;
  }
  return count;
}

// The word, read under the bucket's lock; its page may have to be brought in first, without the lock.
i64 lock_and_compare(Bucket& bucket, u64 address, u32 expected) {
  for (;;) {
    u32 value = 0;
    if (get_user(value, address) != 0) return -EFAULT;
    bucket.lock.lock();
    if (read_user_word_now(address, value) == 0) {
      if (value == expected) return 0;
      bucket.lock.unlock();
      return -EAGAIN;
    }
    bucket.lock.unlock();
  }
}

i64 wait(const Key& key, u64 address, u32 expected, u32 bits, u64 deadline) {
  Bucket& bucket = bucket_of(key);
  if (const i64 error = lock_and_compare(bucket, address, expected); error != 0) return error;
  Sleeper sleeper;
  sleeper.key = key;
  sleeper.bits = bits;
  bucket.sleepers.push_back(&sleeper);
  const i64 error = sleeper.queue.wait_until(
      bucket.lock, [&] { return sleeper.woken; }, deadline);
  if (!sleeper.woken) bucket.sleepers.remove(&sleeper);
  bucket.lock.unlock();
  return sleeper.woken ? 0 : error == -EAGAIN ? -ETIMEDOUT : error;
}

i64 deadline_of(u64 timeout, u64 operation, u64& deadline) {
  if ((operation & 127) != FUTEX_WAIT_BITSET) return get_deadline(timeout, deadline);
  const bool real = (operation & FUTEX_REALTIME) != 0;
  return get_deadline(timeout, deadline, real ? realtime_nanoseconds() : monotonic_nanoseconds());
}

}  // namespace

void futex_wake_all(u64 address) {
  if (is_user_range(address, 4)) wake_some(key_of(address, false), ~u64{0}, ~u32{0});
}

i64 futex_call(u64 address, u64 operation, u32 value, u64 timeout, u32 third) {
  if ((address & 3) != 0 || !is_user_range(address, 4)) return (address & 3) != 0 ? -EINVAL : -EFAULT;
  const Key key = key_of(address, (operation & FUTEX_PRIVATE) != 0);
  const u64 kind = operation & 127;
  if (kind == FUTEX_WAIT || kind == FUTEX_WAIT_BITSET) {
    const u32 bits = kind == FUTEX_WAIT ? ~u32{0} : third;
    if (bits == 0) return -EINVAL;
    u64 deadline = 0;
    if (const i64 error = deadline_of(timeout, operation, deadline); error != 0) return error;
    return wait(key, address, value, bits, deadline);
  }
  if (kind == FUTEX_WAKE) return static_cast<i64>(wake_some(key, max_of<u64>(value, 1), ~u32{0}));
  if (kind == FUTEX_WAKE_BITSET) return third == 0 ? -EINVAL : static_cast<i64>(wake_some(key, value, third));
  if (kind == FUTEX_REQUEUE || kind == FUTEX_CMP_REQUEUE) {
    u32 now = 0;
    if (get_user(now, address) != 0) return -EFAULT;
    if (kind == FUTEX_CMP_REQUEUE && now != third) return -EAGAIN;
    // As nobody can tell a requeued waiter from one that woke up for nothing, those are woken, too; every user of
    // futexes looks at its word again.
    return static_cast<i64>(wake_some(key, value + timeout, ~u32{0}));
  }
  return -ENOSYS;
}

}  // namespace guestos

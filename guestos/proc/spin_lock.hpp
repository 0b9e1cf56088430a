// A ticket lock: harts enter in the order in which they came, so that a run does not depend on luck.
// The kernel runs with interrupts disabled, so a lock's holder is never interrupted and no variant is needed
// for it. Never held across anything that may sleep (a user copy, a Mutex, schedule()).
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

// Interrupts are disabled while a hart waits, so it looks itself whether another hart wants it to fence.
void answer_shootdowns();

class SpinLock {
 public:
  void lock() {
    const u32 ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&serving_, __ATOMIC_ACQUIRE) != ticket) answer_shootdowns();
  }
  void unlock() { __atomic_store_n(&serving_, serving_ + 1, __ATOMIC_RELEASE); }

 private:
  u32 next_ = 0;
  u32 serving_ = 0;
};

// Holds a lock as long as it lives.
template <typename Lock>
class Guard {
 public:
  explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
  ~Guard() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};
using SpinGuard = Guard<SpinLock>;

}  // namespace guestos

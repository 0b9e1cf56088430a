// Sleeping and waking. A wait queue belongs to a condition, and both are protected by the same spin lock (the
// guard).
#pragma once

#include "guestos/lib/list.hpp"
#include "guestos/proc/spin_lock.hpp"
#include "guestos/sys/linux.hpp"

namespace guestos {

struct Thread;

enum class Wake : u8 { condition, signal, timeout };

class WaitQueue {
 public:
  // Called with `guard` held; releases it while asleep and takes it again. The caller tests its condition in
  // a loop. Interruptible sleeps return `signal` when the thread has something to attend to. `deadline` is in
  // ticks.
  Wake sleep(SpinLock& guard, bool interruptible = true, u64 deadline = ~u64{0});
  // Interruptibly until ready(), which is asked with the guard held. 0, -ERESTARTSYS when a signal comes, or -EAGAIN
  // at the deadline; deadline 0: without waiting.
  template <typename Ready>
  i64 wait_until(SpinLock& guard, Ready ready, u64 deadline = ~u64{0}) {
    while (!ready()) {
      const Wake why = deadline != 0 ? sleep(guard, true, deadline) : Wake::timeout;
      if (why != Wake::condition) return why == Wake::signal ? -ERESTARTSYS : -EAGAIN;
    }
    return 0;
  }
  // Called with the guard held. Wakes in the order of arrival.
  void wake_one();
  void wake_all();

 private:
  struct Waiter {
    Thread* thread;
    bool queued;
    Links<Waiter> links;
  };
  List<Waiter, &Waiter::links> waiters_;
};

// A sleep lock: may be held across anything that sleeps. Not recursive.
class Mutex {
 public:
  void lock();
  bool try_lock();  // never sleeps
  void unlock();

 private:
  SpinLock guard_;
  bool held_ = false;
  WaitQueue waiters_;
};

using MutexGuard = Guard<Mutex>;

}  // namespace guestos

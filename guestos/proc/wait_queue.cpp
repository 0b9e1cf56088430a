#include "guestos/proc/wait_queue.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/proc/scheduler.hpp"

namespace guestos {

Wake WaitQueue::sleep(SpinLock& guard, bool interruptible, u64 deadline) {
  Thread& self = current_thread();
  Waiter waiter = {&self, true, {}};
  // Whoever wakes us takes self.lock, so from here on no wake-up is lost.
  self.lock.lock();
  if (interruptible && self.has_pending_work()) {
    self.lock.unlock();
    return Wake::signal;
  }
  self.state = ThreadState::sleeping;
  self.interruptible = interruptible;
  self.lock.unlock();
  waiters_.push_back(&waiter);
  Timer timer{deadline, &self};
  if (deadline != ~u64{0}) start_timer(timer);
  guard.unlock();
  schedule();
  if (deadline != ~u64{0}) cancel_timer(timer);
  guard.lock();
  if (!waiter.queued) return Wake::condition;
  waiters_.remove(&waiter);
  if (timer.expired) return Wake::timeout;
  return Wake::signal;
}

void WaitQueue::wake_one() {
  Waiter* waiter = waiters_.pop_front();
  if (waiter == nullptr) return;
  waiter->queued = false;
  wake(*waiter->thread);
}

void WaitQueue::wake_all() {
  while (!waiters_.empty()) wake_one();
}

void Mutex::lock() {
  guard_.lock();
  while (held_) waiters_.sleep(guard_, false);
  held_ = true;
  guard_.unlock();
}

bool Mutex::try_lock() {
  SpinGuard guard(guard_);
  if (held_) return false;
  held_ = true;
  return true;
}

void Mutex::unlock() {
  guard_.lock();
  held_ = false;
  waiters_.wake_one();
  guard_.unlock();
}

}  // namespace guestos

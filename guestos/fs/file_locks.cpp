// Advisory record locks (fcntl) and whole-file locks (flock).
#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

struct FileLock {
  LockRequest what;
  FileLock* next;
};

namespace {

constinit SpinLock lock;
constinit WaitQueue released;

bool overlaps(const LockRequest& a, const LockRequest& b) { return a.start <= b.end && b.start <= a.end; }

const FileLock* conflict_of(const Inode& inode, const LockRequest& request) {
  for (const FileLock* one = inode.locks; one != nullptr; one = one->next)
    if (one->what.owner != request.owner && one->what.is_flock == request.is_flock &&
        overlaps(one->what, request) && (one->what.exclusive || request.exclusive))
      return one;
  return nullptr;
}

// Takes the range out of the owner's locks; a lock that reaches beyond it on both sides needs `spare`.
void cut(Inode& inode, const LockRequest& request, FileLock*& spare) {
  for (FileLock** at = &inode.locks; *at != nullptr;) {
    FileLock* one = *at;
    LockRequest& have = one->what;
    const bool mine = have.owner == request.owner && overlaps(have, request);
    const bool before = mine && have.start < request.start;
    const bool after = mine && have.end > request.end;
    if (before && after) {
      *spare = *one;
      spare->what.start = request.end + 1;
      one->next = spare;
      spare = nullptr;
    }
    if (mine && !before && !after) {
      *at = one->next;
      destroy(one);
      continue;
    }
    if (before) {
      have.end = request.start - 1;
    } else if (after) {
      have.start = request.end + 1;
    }
    at = &one->next;
  }
}

}  // namespace

i64 lock_file(Inode& inode, const LockRequest& request, bool wait) {
  auto* fresh = create<FileLock>(FileLock{request, nullptr});
  auto* spare = create<FileLock>();
  i64 error = fresh == nullptr || spare == nullptr ? -ENOMEM : 0;
  lock.lock();
  if (error == 0)
    error = released.wait_until(
        lock, [&] { return !conflict_of(inode, request); }, wait ? ~u64{0} : 0);
  if (error == 0) {
    cut(inode, request, spare);
    fresh->next = inode.locks;
    inode.locks = fresh;
    fresh = nullptr;
    released.wake_all();
  }
  lock.unlock();
  destroy(fresh);
  destroy(spare);
  return error;
}

i64 unlock_file(Inode& inode, const LockRequest& request) {
  auto* spare = create<FileLock>();
  if (spare == nullptr) return -ENOMEM;
  lock.lock();
  cut(inode, request, spare);
  released.wake_all();
  lock.unlock();
  destroy(spare);
  return 0;
}

bool lock_conflict(Inode& inode, const LockRequest& request, LockRequest& other) {
  SpinGuard guard(lock);
  const FileLock* one = conflict_of(inode, request);
  if (one != nullptr) other = one->what;
  return one != nullptr;
}

void unlock_all(Inode& inode, const void* owner) {
  SpinGuard guard(lock);
  FileLock* none = nullptr;  // all of a lock goes, so none has to be cut in two
  cut(inode, {owner}, none);
  released.wake_all();
}

}  // namespace guestos

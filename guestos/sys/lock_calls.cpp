// mlock and its family: pages that are brought in and then stay.
#include "guestos/mm/populate.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4, MLOCK_ONFAULT = 1;

AddressSpace& space() { return *current_process().space; }

// Sets or clears the mark on [start, end), which must be mapped throughout.
i64 mark(AddressSpace& memory, u64 start, u64 end, bool locked) {
  MutexGuard guard(memory.mutex);
  for (u64 at = start; at < end;) {
    const Vma* vma = memory.find(at);
    if (vma == nullptr) return -ENOMEM;
    at = vma->end;
  }
  if (const i64 error = memory.split_at(start, end); error != 0) return error;
  for (Vma* vma = memory.find(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma))
    vma->locked = locked;
  return 0;
}

i64 lock_range(u64 address, u64 size, bool locked, bool fill) {
  const u64 start = page_down(address);
  const u64 end = page_up(address + size);
  if (size == 0) return 0;
  if (end <= start || end > user_end) return end < start ? -EINVAL : -ENOMEM;
  const i64 error = mark(space(), start, end, locked);
  return error != 0 || !fill ? error : populate(space(), start, end);
}

i64 sys_mlock(const Arguments& call) { return lock_range(call.a, call.b, true, true); }

i64 sys_mlock2(const Arguments& call) {
  if ((call.c & ~MLOCK_ONFAULT) != 0) return -EINVAL;
  return lock_range(call.a, call.b, true, (call.c & MLOCK_ONFAULT) == 0);
}

i64 sys_munlock(const Arguments& call) { return lock_range(call.a, call.b, false, false); }

void mark_all(AddressSpace& memory, bool locked) {
  MutexGuard guard(memory.mutex);
  for (Vma* vma = memory.vmas.first(); vma != nullptr; vma = VmaList::next(vma)) vma->locked = locked;
}

i64 sys_mlockall(const Arguments& call) {
  const u64 flags = call.a;
  if ((flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0 || (flags & (MCL_CURRENT | MCL_FUTURE)) == 0)
    return -EINVAL;
  AddressSpace& memory = space();
  memory.lock_future = (flags & MCL_FUTURE) != 0;
  if ((flags & MCL_CURRENT) == 0) return 0;
  mark_all(memory, true);
  if ((flags & MCL_ONFAULT) != 0) return 0;
  for (u64 at = 0;;) {  // range by range: populate takes the mutex itself, and ranges may come and go
    memory.mutex.lock();
    const Vma* vma = memory.find_from(at);
    const u64 start = vma != nullptr ? vma->start : 0;
    const u64 end = vma != nullptr ? vma->end : 0;
    memory.mutex.unlock();
    if (end == 0) return 0;
    populate(memory, start, end);  // as Linux: what allows no access is passed over
    at = end;
  }
}

i64 sys_munlockall(const Arguments&) {
  space().lock_future = false;
  mark_all(space(), false);
  return 0;
}

constexpr SystemCallRow rows[] = {
    {228, sys_mlock}, {229, sys_munlock}, {230, sys_mlockall}, {231, sys_munlockall}, {284, sys_mlock2},
};

}  // namespace

SystemCallRows lock_calls() { return {rows, sizeof rows / sizeof rows[0]}; }

}  // namespace guestos

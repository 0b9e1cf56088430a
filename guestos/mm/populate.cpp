#include "guestos/mm/populate.hpp"

#include "guestos/mm/fault.hpp"
#include "guestos/mm/oom.hpp"
#include "guestos/proc/scheduler.hpp"

namespace guestos {

namespace {

i64 provide_locked(AddressSpace& space, u64 page) {
  MutexGuard guard(space.mutex);
  const Vma* vma = space.find(page);
  if (vma == nullptr) return -EFAULT;
  return provide_page(space, page, (vma->protection & PROT_WRITE) != 0);
}

}  // namespace

i64 populate(AddressSpace& space, u64 start, u64 end) {
  for (u64 page = start; page < end; page += page_size) {
    i64 error = provide_locked(space, page);
    while (error == -ENOMEM && make_room_or_kill()) error = provide_locked(space, page);
    if (error != 0) return -ENOMEM;
    preemption_point();
  }
  return 0;
}

}  // namespace guestos

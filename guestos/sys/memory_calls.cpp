// brk, mmap and what belongs to them.
#include "guestos/arch/sbi.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/fault.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

constexpr u64 MADV_DONTNEED = 4, MADV_FREE = 8, MADV_REMOVE = 9, MADV_HUGEPAGE = 14, MADV_NOHUGEPAGE = 15,
              MADV_WIPEONFORK = 18, MADV_KEEPONFORK = 19, MADV_COLLAPSE = 25;
constexpr u64 MADV_HARTBEAT_64K = 1064;  // our own: as MADV_HUGEPAGE, but 64 KiB

AddressSpace& space() { return *current_process().space; }

// A page-aligned range of user addresses.
bool is_range(u64 start, u64 size) {
  return (start & (page_size - 1)) == 0 && size != 0 && start < user_end && size <= user_end - start;
}

// Memory for brk up to `end`.
bool grow_heap(AddressSpace& memory, u64 old_end, u64 end) {
  return memory.is_free(old_end, end) &&
         memory.add({.start = old_end,
                     .end = end,
                     .protection = PROT_READ | PROT_WRITE,
                     .locked = memory.lock_future,
                     .page_order = static_cast<u8>(default_page_order())}) == 0;
}

i64 sys_brk(const Arguments& call) {
  AddressSpace& memory = space();
  memory.mutex.lock();
  const u64 old_end = page_up(memory.brk);
  const u64 end = page_up(call.a);
  const bool done = call.a >= memory.brk_start && call.a < mmap_top &&
                    (end < old_end   ? memory.unmap(end, old_end) == 0
                     : end > old_end ? grow_heap(memory, old_end, end)
                                     : true);
  if (done) memory.brk = call.a;
  const u64 brk = memory.brk;
  const bool fill = done && memory.fill_future;
  memory.mutex.unlock();
  if (fill) populate(memory, old_end, end);
  return static_cast<i64>(brk);
}

// Where the mapping goes: exactly there (MAP_FIXED), there if possible, or anywhere. 0: no room; or a
// negative errno.
i64 place(AddressSpace& memory, u64 hint, u64 size, u64 flags, u64 alignment) {
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
    if (!is_range(hint, size) || hint < page_size || hint + size > trampoline_page) return -EINVAL;
    if ((flags & MAP_FIXED_NOREPLACE) != 0)
      return memory.is_free(hint, hint + size) ? static_cast<i64>(hint) : -EEXIST;
    if (const i64 error = memory.unmap(hint, hint + size); error != 0) return error;
    return static_cast<i64>(hint);
  }
  hint = page_up(hint);
  if (hint >= mmap_lowest && is_range(hint, size) && hint + size <= mmap_top &&
      memory.is_free(hint, hint + size))
    return static_cast<i64>(hint);
  const u64 found = memory.find_gap(size, size >= alignment ? alignment : page_size);
  return found != 0 ? static_cast<i64>(found) : -ENOMEM;
}

// The file behind a mapping, with a reference: none (nullptr, 0) for private anonymous memory, an unnamed
// file for shared. May a shared one be written?
i64 backing(const Arguments& call, InodeReference& inode, bool& writable) {
  const u64 flags = call.d;
  const bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
  if ((flags & MAP_ANONYMOUS) != 0) {
    if (!shared) return 0;
    inode = InodeReference(create_inode(S_IFREG | 0600));
    if (!inode) return -ENOMEM;
    inode->size = page_up(call.b);
    if (inode->size > largest_file) return -ENOMEM;
    inode->committed = inode->size >> page_bits;
    if (commit_pages(inode->committed)) return 0;
    inode->committed = 0;
    return -ENOMEM;
  }
  FileArgument file(call.e);
  if (!file) return -EBADF;
  Inode* found = file->inode();
  if (found != nullptr && found->device == Device::zero) return 0;  // as anonymous memory
  if (found == nullptr || !found->is_regular() || found->proc != nullptr) return -ENODEV;
  if (!file->can_read() || (shared && (call.c & PROT_WRITE) != 0 && !file->can_write())) return -EACCES;
  inode = InodeReference::share(found);
  writable = file->can_write();
  return 0;
}

i64 sys_mmap(const Arguments& call) {
  const u64 size = page_up(call.b);
  const u64 type = call.d & MAP_TYPE;
  if (call.b == 0 || (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
    return -EINVAL;
  if (size == 0 || size >= user_end) return -ENOMEM;
  if ((call.f & (page_size - 1)) != 0 || call.f + size < call.f) return -EINVAL;
  InodeReference inode;
  bool writable = true;
  if (const i64 error = backing(call, inode, writable); error != 0) return error;
  AddressSpace& memory = space();
  const bool may_be_large = type == MAP_PRIVATE && !inode && (call.d & MAP_GROWSDOWN) == 0;
  Vma vma{.protection = call.c & (PROT_READ | PROT_WRITE | PROT_EXEC),
          .shared = type != MAP_PRIVATE,
          .grows_down = (call.d & MAP_GROWSDOWN) != 0,
          .no_reserve = (call.d & MAP_NORESERVE) != 0,
          .unwritable = type != MAP_PRIVATE && !writable,
          .page_order = static_cast<u8>(may_be_large ? default_page_order() : 0),
          .inode = inode.get(),
          .offset = (call.d & MAP_ANONYMOUS) != 0 ? 0 : call.f};
  memory.mutex.lock();
  const bool fill = memory.fill_future || (call.d & (MAP_LOCKED | MAP_POPULATE)) != 0;
  vma.locked = memory.lock_future || (call.d & MAP_LOCKED) != 0;
  i64 start = place(memory, call.a, size, call.d, page_size << vma.page_order);
  if (start > 0) {
    vma.start = static_cast<u64>(start);
    vma.end = vma.start + size;
    if (const i64 error = memory.add(vma); error != 0) start = error;
  }
  memory.mutex.unlock();
  // As on Linux, a page that cannot be had now is no error: it is had, or not, when it is touched.
  if (start > 0 && fill) populate(memory, vma.start, vma.end);
  return start;
}

i64 sys_munmap(const Arguments& call) {
  const u64 size = page_up(call.b);
  if (!is_range(call.a, size) || call.a + size > trampoline_page) return -EINVAL;
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  return memory.unmap(call.a, call.a + size);
}

i64 sys_mprotect(const Arguments& call) {
  const u64 size = page_up(call.b);
  if ((call.a & (page_size - 1)) != 0 || (call.c & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) != 0)
    return -EINVAL;
  if (size == 0) return 0;
  if (!is_range(call.a, size) || call.a + size > trampoline_page) return -ENOMEM;
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  return memory.protect(call.a, call.a + size, call.c);
}

// What a range remembers: the size of pages that are not there yet, and what fork is to do.
i64 advise_range(AddressSpace& memory, u64 start, u64 end, u64 advice) {
  const unsigned order = advice == MADV_HUGEPAGE       ? megapage_order
                         : advice == MADV_HARTBEAT_64K ? supported_order(napot_order)
                                                       : 0;
  if (const i64 error = memory.split_at(start, end); error != 0) return error;
  for (Vma* vma = memory.find_from(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma)) {
    if (advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK) {
      if (vma->shared || vma->inode != nullptr) return -EINVAL;
      vma->wiped = advice == MADV_WIPEONFORK;
    } else if (may_have_large_pages(*vma)) {
      vma->page_order = static_cast<u8>(order);
    }
  }
  memory.join(start, end);
  return 0;
}

i64 drop_range(AddressSpace& memory, u64 start, u64 end) {
  for (Vma* vma = memory.find_from(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma)) {
    if (vma->locked || vma->frame != no_frame) return -EINVAL;
    if (const i64 error = memory.discard(max_of(start, vma->start), min_of(end, vma->end)); error != 0)
      return error;
  }
  return 0;
}

i64 sys_madvise(const Arguments& call) {
  const u64 size = page_up(call.b);
  const bool is_of_range = call.c == MADV_HUGEPAGE || call.c == MADV_NOHUGEPAGE ||
                           call.c == MADV_HARTBEAT_64K || call.c == MADV_WIPEONFORK ||
                           call.c == MADV_KEEPONFORK;
  if ((call.a & (page_size - 1)) != 0 || size < call.b || call.c == MADV_REMOVE) return -EINVAL;
  if (call.c > MADV_COLLAPSE && !is_of_range) return -EINVAL;
  if (size == 0) return 0;
  if (!is_range(call.a, size)) return -ENOMEM;
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  const u64 end = call.a + size;
  // As Linux: what is there is advised, whatever is not.
  const i64 unmapped = memory.is_mapped(call.a, end) ? 0 : -ENOMEM;
  i64 error = 0;
  if (is_of_range) error = advise_range(memory, call.a, end, call.c);
  if (call.c == MADV_DONTNEED || call.c == MADV_FREE) error = drop_range(memory, call.a, end);
  return error != 0 ? error : unmapped;
}

// With the mutex held.
i64 remap(AddressSpace& memory, u64 old_start, u64 old_size, u64 new_size, u64 flags, u64 fixed) {
  if (const i64 error = memory.split_at(old_start, old_start + old_size); error != 0) return error;
  Vma* vma = memory.find(old_start);
  if (vma == nullptr || vma->end != old_start + old_size || vma->frame != no_frame) return -EFAULT;
  const u64 old_end = old_start + old_size;
  u64 to = old_start;
  i64 error = 0;
  if ((flags & MREMAP_FIXED) != 0) {
    to = fixed;
    if (!is_range(to, new_size) || to + new_size > trampoline_page) return -EINVAL;
    if (to < old_end && old_start < to + new_size) return -EINVAL;
    error = memory.unmap(to, to + new_size);
  } else if (new_size <= old_size) {
    error = new_size == old_size ? 0 : memory.unmap(old_start + new_size, old_end);
  } else if (old_start + new_size <= mmap_top && memory.is_free(old_end, old_start + new_size)) {
    if (!commit_growth(*vma, (new_size - old_size) >> page_bits)) return -ENOMEM;
    vma->end = old_start + new_size;
  } else {
    to = (flags & MREMAP_MAYMOVE) != 0 ? memory.find_gap(new_size) : 0;
    if (to == 0) return -ENOMEM;
  }
  if (error == 0 && to != old_start) error = memory.move(vma, to, new_size);
  if (error == 0) memory.join(to, to + new_size);
  return error != 0 ? error : static_cast<i64>(to);
}

i64 sys_mremap(const Arguments& call) {
  const u64 old_size = page_up(call.b);
  const u64 new_size = page_up(call.c);
  if (!is_range(call.a, old_size) || new_size == 0 || new_size >= user_end) return -EINVAL;
  if ((call.d & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) != 0 || (call.d & 3) == MREMAP_FIXED) return -EINVAL;
  AddressSpace& memory = space();
  memory.mutex.lock();
  const i64 to = remap(memory, call.a, old_size, new_size, call.d, call.e);
  const bool fill = to > 0 && memory.find(static_cast<u64>(to))->locked;
  memory.mutex.unlock();
  if (fill)
    populate(memory, static_cast<u64>(to) + min_of(old_size, new_size), static_cast<u64>(to) + new_size);
  return to;
}

// Memory is the file: there is nothing to write.
i64 sys_msync(const Arguments& call) {
  constexpr u64 MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4;
  const bool both = (call.c & MS_ASYNC) != 0 && (call.c & MS_SYNC) != 0;
  if ((call.a & (page_size - 1)) != 0 || (call.c & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || both)
    return -EINVAL;
  const u64 size = page_up(call.b);
  if (size == 0) return call.b == 0 ? 0 : -ENOMEM;
  MutexGuard guard(space().mutex);
  return is_range(call.a, size) && space().is_mapped(call.a, call.a + size) ? 0 : -ENOMEM;
}

// The file is mapped for a moment and written from there: its pages are copied once.
i64 sys_sendfile(const Arguments& call) {
  constexpr u64 piece = u64{1} << 20;
  FileArgument from(call.b);
  FileArgument to(call.a);
  u64 offset = 0;
  if (!from || !to || !from->can_read() || !to->can_write()) return -EBADF;
  const Inode* file = from->inode();
  if (file == nullptr || !file->is_regular() || file->proc != nullptr) return -EINVAL;
  if (call.c == 0) offset = static_cast<u64>(from->seek(0, 1));
  if (call.c != 0 && get_user(offset, call.c) != 0) return -EFAULT;
  i64 result = 0;
  u64 done = 0;
  while (done < call.d && offset + done < file->size) {
    const u64 at = offset + done;
    const u64 size = min_of(min_of(call.d - done, piece), file->size - at);
    const u64 skipped = at & (page_size - 1);
    result = sys_mmap({0, skipped + size, PROT_READ, MAP_SHARED, call.b, at - skipped, call.frame});
    if (result < 0) break;
    const u64 mapped = static_cast<u64>(result);
    result = to->write(mapped + skipped, size);
    sys_munmap({mapped, skipped + size, 0, 0, 0, 0, call.frame});
    if (result > 0) done += static_cast<u64>(result);
    if (result != static_cast<i64>(size) || current_thread().has_pending_work()) break;
  }
  if (done == 0) return min_of<i64>(result, 0);
  if (call.c == 0) from->seek(static_cast<i64>(done), 1);
  return call.c != 0 && put_user(call.c, offset + done) != 0 ? -EFAULT : static_cast<i64>(done);
}

// --- mlock and its family: pages that are brought in and then stay

constexpr u64 MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4, MLOCK_ONFAULT = 1;

// Sets or clears the mark on [start, end), which must be mapped throughout.
i64 mark(AddressSpace& memory, u64 start, u64 end, bool locked) {
  MutexGuard guard(memory.mutex);
  if (!memory.is_mapped(start, end)) return -ENOMEM;
  if (const i64 error = memory.split_at(start, end); error != 0) return error;
  for (Vma* vma = memory.find(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma))
    vma->locked = locked;
  memory.join(start, end);
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
  for (Vma& vma : memory.vmas) vma.locked = locked;
  memory.join(page_size, user_end);
}

i64 sys_mlockall(const Arguments& call) {
  const u64 flags = call.a;
  if ((flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0 || (flags & (MCL_CURRENT | MCL_FUTURE)) == 0)
    return -EINVAL;
  AddressSpace& memory = space();
  memory.lock_future = (flags & MCL_FUTURE) != 0;
  memory.fill_future = memory.lock_future && (flags & MCL_ONFAULT) == 0;
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
  space().lock_future = space().fill_future = false;
  mark_all(space(), false);
  return 0;
}

i64 sys_flush_icache(const Arguments&) {
  fence_instructions();
  if (other_harts() != 0) sbi::remote_fence_i(other_harts());
  return 0;
}

constexpr SystemCallRow rows[] = {
    {71, sys_sendfile}, {214, sys_brk},          {215, sys_munmap},     {216, sys_mremap},
    {222, sys_mmap},    {226, sys_mprotect},     {227, sys_msync},      {228, sys_mlock},
    {229, sys_munlock}, {230, sys_mlockall},     {231, sys_munlockall}, {284, sys_mlock2},
    {233, sys_madvise}, {259, sys_flush_icache},
};

}  // namespace

constinit const SystemCallRows memory_calls = rows;

}  // namespace guestos

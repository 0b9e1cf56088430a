// brk, mmap and what belongs to them.
#include "guestos/arch/csr.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/fs/file_table.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/populate.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 MADV_DONTNEED = 4, MADV_FREE = 8, MADV_REMOVE = 9, MADV_HUGEPAGE = 14, MADV_NOHUGEPAGE = 15;
constexpr u64 MADV_HARTBEAT_64K = 1064;  // our own: as MADV_HUGEPAGE, but 64 KiB

AddressSpace& space() { return *current_process().space; }

// A page-aligned range of user addresses.
bool is_range(u64 start, u64 size) {
  return (start & (page_size - 1)) == 0 && size != 0 && start < user_end && size <= user_end - start;
}

i64 sys_brk(const Arguments& call) {
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  const u64 wanted = call.a;
  if (wanted < memory.brk_start || wanted >= mmap_top) return static_cast<i64>(memory.brk);
  const u64 old_end = page_up(memory.brk);
  const u64 new_end = page_up(wanted);
  if (new_end < old_end) {
    if (memory.unmap(new_end, old_end) != 0) return static_cast<i64>(memory.brk);
  } else if (new_end > old_end) {
    if (!memory.is_free(old_end, new_end)) return static_cast<i64>(memory.brk);
    Vma* below = old_end > memory.brk_start ? memory.find(old_end - 1) : nullptr;
    if (below != nullptr && below->inode == nullptr && !below->shared &&
        below->protection == (PROT_READ | PROT_WRITE)) {
      if (!commit_growth(*below, (new_end - old_end) >> page_bits)) return static_cast<i64>(memory.brk);
      below->end = new_end;
    } else {
      Vma* vma = create<Vma>();
      if (vma == nullptr) return static_cast<i64>(memory.brk);
      vma->start = old_end;
      vma->end = new_end;
      vma->protection = PROT_READ | PROT_WRITE;
      vma->page_order = static_cast<u8>(default_page_order());
      vma->locked = memory.lock_future;
      if (!commit_range(*vma)) {
        destroy(vma);
        return static_cast<i64>(memory.brk);
      }
      memory.insert(vma);
    }
  }
  memory.brk = wanted;
  return static_cast<i64>(wanted);
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
// file for shared.
i64 backing(const Arguments& call, Inode*& inode) {
  const u64 flags = call.d;
  const bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
  inode = nullptr;
  if ((flags & MAP_ANONYMOUS) != 0) {
    if (!shared) return 0;
    inode = create_inode(S_IFREG | 0600);
    if (inode == nullptr) return -ENOMEM;
    inode->size = page_up(call.b);
    inode->committed = inode->size >> page_bits;
    if (commit_pages(inode->committed)) return 0;
    inode->committed = 0;
    release_inode(inode);
    return -ENOMEM;
  }
  File* file = current_process().files->get(call.e);
  if (file == nullptr) return -EBADF;
  i64 error = 0;
  Inode* found = file->inode();
  if (found != nullptr && found->device == Device::zero) {
    error = 0;  // as anonymous memory
  } else if (found == nullptr || !found->is_regular() || found->proc != ProcNode::none) {
    error = -ENODEV;
  } else if (!file->can_read() || (shared && (call.c & PROT_WRITE) != 0 && !file->can_write())) {
    error = -EACCES;
  } else {
    add_inode_reference(found);
    inode = found;
  }
  file->drop_reference();
  return error;
}

i64 sys_mmap(const Arguments& call) {
  const u64 size = page_up(call.b);
  const u64 type = call.d & MAP_TYPE;
  if (call.b == 0 || (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
    return -EINVAL;
  if (size == 0 || size >= user_end) return -ENOMEM;
  if ((call.f & (page_size - 1)) != 0 || call.f + size < call.f) return -EINVAL;
  Inode* inode = nullptr;
  if (const i64 error = backing(call, inode); error != 0) return error;
  Vma* vma = create<Vma>();
  if (vma == nullptr) {
    if (inode != nullptr) release_inode(inode);
    return -ENOMEM;
  }
  AddressSpace& memory = space();
  memory.mutex.lock();
  vma->locked = memory.lock_future || (call.d & MAP_LOCKED) != 0;
  const bool fill = vma->locked || (call.d & MAP_POPULATE) != 0;
  const bool may_be_large = type == MAP_PRIVATE && inode == nullptr && (call.d & MAP_GROWSDOWN) == 0;
  const unsigned order = may_be_large ? default_page_order() : 0;
  i64 start = place(memory, call.a, size, call.d, page_size << order);
  if (start > 0) {
    vma->start = static_cast<u64>(start);
    vma->end = vma->start + size;
    vma->protection = call.c & (PROT_READ | PROT_WRITE | PROT_EXEC);
    vma->shared = type != MAP_PRIVATE;
    vma->grows_down = (call.d & MAP_GROWSDOWN) != 0;
    vma->page_order = static_cast<u8>(order);
    vma->inode = inode;
    vma->offset = (call.d & MAP_ANONYMOUS) != 0 ? 0 : call.f;
    vma->no_reserve = (call.d & MAP_NORESERVE) != 0;
    if (commit_range(*vma)) {
      memory.insert(vma);
    } else {
      start = -ENOMEM;
    }
  }
  memory.mutex.unlock();
  if (start > 0) {
    // As on Linux, a page that cannot be had now is no error: it is had, or not, when it is touched.
    if (fill) populate(memory, static_cast<u64>(start), static_cast<u64>(start) + size);
    return start;
  }
  if (inode != nullptr) release_inode(inode);
  destroy(vma);
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

// For pages that are not there yet.
i64 advise_page_size(AddressSpace& memory, u64 start, u64 end, unsigned order) {
  if (const i64 error = memory.split_at(start, end); error != 0) return error;
  for (Vma* vma = memory.find_from(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma))
    if (may_have_large_pages(*vma)) vma->page_order = static_cast<u8>(order);
  return 0;
}

i64 sys_madvise(const Arguments& call) {
  const u64 size = page_up(call.b);
  if ((call.a & (page_size - 1)) != 0) return -EINVAL;
  if (size == 0) return 0;
  if (!is_range(call.a, size)) return -ENOMEM;
  if (call.c == MADV_REMOVE) return -EINVAL;
  const bool page_size_only =
      call.c == MADV_HUGEPAGE || call.c == MADV_NOHUGEPAGE || call.c == MADV_HARTBEAT_64K;
  if (call.c != MADV_DONTNEED && call.c != MADV_FREE && !page_size_only) return 0;
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  if (page_size_only)
    return advise_page_size(memory, call.a, call.a + size,
                            call.c == MADV_HUGEPAGE       ? megapage_order
                            : call.c == MADV_HARTBEAT_64K ? supported_order(napot_order)
                                                          : 0);
  for (u64 at = call.a; at < call.a + size;) {
    const Vma* vma = memory.find(at);
    if (vma == nullptr) return -ENOMEM;
    const u64 end = min_of(vma->end, call.a + size);
    if (vma->frame == no_frame)
      if (const i64 error = memory.discard(at, end); error != 0) return error;
    at = end;
  }
  return 0;
}

// With the mutex held.
i64 remap(AddressSpace& memory, u64 old_start, u64 old_size, u64 new_size, u64 flags, u64 fixed) {
  if (const i64 error = memory.split_at(old_start, old_start + old_size); error != 0) return error;
  Vma* vma = memory.find(old_start);
  if (vma == nullptr || vma->end != old_start + old_size || vma->frame != no_frame) return -EFAULT;
  if ((flags & MREMAP_FIXED) != 0) {
    if (!is_range(fixed, new_size) || fixed + new_size > trampoline_page) return -EINVAL;
    if (fixed < old_start + old_size && old_start < fixed + new_size) return -EINVAL;
    if (const i64 error = memory.unmap(fixed, fixed + new_size); error != 0) return error;
    const i64 error = memory.move(vma, fixed, new_size);
    return error != 0 ? error : static_cast<i64>(fixed);
  }
  if (new_size <= old_size) {
    const i64 error = new_size == old_size ? 0 : memory.unmap(old_start + new_size, old_start + old_size);
    return error != 0 ? error : static_cast<i64>(old_start);
  }
  const u64 old_end = old_start + old_size;
  if (old_start + new_size <= mmap_top && memory.is_free(old_end, old_start + new_size)) {
    if (!commit_growth(*vma, (new_size - old_size) >> page_bits)) return -ENOMEM;
    vma->end = old_start + new_size;
    return static_cast<i64>(old_start);
  }
  if ((flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;
  const u64 to = memory.find_gap(new_size);
  if (to == 0) return -ENOMEM;
  const i64 error = memory.move(vma, to, new_size);
  return error != 0 ? error : static_cast<i64>(to);
}

i64 sys_mremap(const Arguments& call) {
  const u64 old_size = page_up(call.b);
  const u64 new_size = page_up(call.c);
  if (!is_range(call.a, old_size) || new_size == 0 || new_size >= user_end) return -EINVAL;
  if ((call.d & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) != 0 || (call.d & 3) == MREMAP_FIXED) return -EINVAL;
  AddressSpace& memory = space();
  MutexGuard guard(memory.mutex);
  return remap(memory, call.a, old_size, new_size, call.d, call.e);
}

// The file is mapped for a moment and written from there: its pages are copied once.
i64 sys_sendfile(const Arguments& call) {
  constexpr u64 piece = u64{1} << 20;
  FileTable& files = *current_process().files;
  File* from = files.get(call.b);
  File* to = files.get(call.a);
  u64 offset = 0;
  i64 result = from == nullptr || to == nullptr || !from->can_read() || !to->can_write() ? -EBADF : 0;
  const Inode* file = result == 0 ? from->inode() : nullptr;
  if (result == 0 && (file == nullptr || !file->is_regular() || file->proc != ProcNode::none))
    result = -EINVAL;
  if (result == 0 && call.c != 0 && get_user(offset, call.c) != 0) result = -EFAULT;
  if (result == 0 && call.c == 0) result = from->seek(0, 1);
  if (result > 0) offset = static_cast<u64>(result);
  u64 done = 0;
  while (result >= 0 && done < call.d && offset + done < from->inode()->size) {
    const u64 at = offset + done;
    const u64 size = min_of(min_of(call.d - done, piece), from->inode()->size - at);
    const u64 skipped = at & (page_size - 1);
    result = sys_mmap({0, skipped + size, PROT_READ, MAP_SHARED, call.b, at - skipped, call.frame});
    if (result < 0) break;
    const u64 mapped = static_cast<u64>(result);
    result = to->write(mapped + skipped, size);
    sys_munmap({mapped, skipped + size, 0, 0, 0, 0, call.frame});
    if (result > 0) done += static_cast<u64>(result);
    if (result != static_cast<i64>(size) || current_thread().has_pending_work()) break;
  }
  if (done != 0 && call.c == 0) from->seek(static_cast<i64>(done), 1);
  if (done != 0 && call.c != 0 && put_user(call.c, offset + done) != 0) result = -EFAULT;
  if (from != nullptr) from->drop_reference();
  if (to != nullptr) to->drop_reference();
  return done != 0 || result >= 0 ? static_cast<i64>(done) : result;
}

i64 sys_nothing(const Arguments&) { return 0; }

i64 sys_flush_icache(const Arguments&) {
  fence_instructions();
  const u64 others = online_harts() & ~(u64{1} << this_hart().id);
  if (others != 0) sbi::remote_fence_i(others);
  return 0;
}

constexpr SystemCallRow rows[] = {
    {71, sys_sendfile}, {214, sys_brk},          {215, sys_munmap},  {216, sys_mremap},
    {222, sys_mmap},    {226, sys_mprotect},     {227, sys_nothing},  // msync: memory is the file
    {233, sys_madvise}, {259, sys_flush_icache},
};

}  // namespace

SystemCallRows memory_calls() { return {rows, sizeof rows / sizeof rows[0]}; }

}  // namespace guestos

#include "guestos/fs/inode.hpp"

#include "guestos/fs/file.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/mm/reverse_map.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

constinit u64 last_number = 1;

// Room for page `index`; with the lock held, so that the old index is not read meanwhile.
bool reserve_index(Inode& inode, u64 index) {
  if (index < inode.page_capacity) return true;
  u64 capacity = max_of<u64>(inode.page_capacity * 2, 8);
  while (capacity <= index) capacity *= 2;
  if (inode.page_capacity == 0)
    capacity = max_of(capacity, min_of<u64>(page_up(inode.size) >> page_bits, 1024));
  if (!grow_array(inode.pages, inode.page_capacity, capacity)) return false;
  inode.page_capacity = capacity;
  return true;
}

void fill_page(const Inode& inode, u64 index, u8* page) {
  const u64 start = index << page_bits;
  const u64 known = inode.archive_size > start ? min_of(inode.archive_size - start, page_size) : 0;
  if (known != 0) memcpy(page, inode.archive + start, known);
  if (known != page_size) memset(page + known, 0, page_size - known);
}

void drop_pages(Inode& inode, u64 first) {
  for (u64 i = first; i < inode.page_capacity; ++i) {
    if (inode.pages[i] == 0) continue;
    drop_reference(inode.pages[i]);
    inode.pages[i] = 0;
  }
}

}  // namespace

bool is_start_up_file(const Inode& inode) { return heap_is_boot_object(&inode) && inode.archive != nullptr; }

Inode* create_inode(u32 mode) {
  auto* inode = create<Inode>();
  if (inode == nullptr) return nullptr;
  inode->number = __atomic_fetch_add(&last_number, 1, __ATOMIC_RELAXED);
  inode->mode = mode;
  inode->modified = inode->changed = inode->accessed = realtime_nanoseconds();
  return inode;
}

void add_inode_reference(Inode* inode) { __atomic_fetch_add(&inode->references, 1, __ATOMIC_RELAXED); }

void release_inode(Inode* inode) {
  if (__atomic_fetch_sub(&inode->references, 1, __ATOMIC_ACQ_REL) != 1) return;
  uncommit_pages(inode->committed);
  forget_pages(*inode);
  if (inode->fifo != nullptr) drop_pipe(inode->fifo);
  inode->fifo = nullptr;
  if (heap_is_boot_object(inode)) return;  // stays where it is
  heap_release(inode->target);
  destroy(inode);
}

void forget_pages(Inode& inode) {
  SpinGuard guard(inode.lock);  // reclaim may look at a start-up file's pages at any time
  drop_pages(inode, 0);
  heap_release(inode.pages);
  inode.pages = nullptr;
  inode.page_capacity = 0;
}

FrameNumber cached_page(Inode& inode, u64 index) {
  inode.lock.lock();
  if (index < inode.page_capacity && inode.pages[index] != 0) {
    const FrameNumber frame = add_reference(inode.pages[index]) ? inode.pages[index] : no_frame;
    inode.lock.unlock();
    return frame;
  }
  inode.lock.unlock();
  const FrameNumber fresh = allocate_frame(FrameState::page_cache);
  if (fresh == no_frame) return no_frame;
  fill_page(inode, index, direct_page<u8>(fresh));
  set_origin(fresh, inode, index);
  SpinGuard guard(inode.lock);
  if (!reserve_index(inode, index)) {
    drop_reference(fresh);
    return no_frame;
  }
  if (inode.pages[index] != 0) {  // somebody was faster
    drop_reference(fresh);
  } else {
    inode.pages[index] = static_cast<u32>(fresh);
  }
  return add_reference(inode.pages[index]) ? inode.pages[index] : no_frame;
}

u64 read_inode(Inode& inode, u64 offset, void* to, u64 size) {
  size = offset < inode.size ? min_of(size, inode.size - offset) : 0;
  return each_page_part(offset, size, [&](u64 at, u64 done, u64 part) -> u64 {
    const FrameNumber frame = cached_page(inode, at >> page_bits);
    if (frame == no_frame) return 0;
    memcpy(static_cast<u8*>(to) + done, direct_page<u8>(frame) + (at & (page_size - 1)), part);
    drop_reference(frame);
    return part;
  });
}

i64 resize_inode(Inode& inode, u64 size) {
  if (inode.running != 0) return -ETXTBSY;
  if (size > largest_file) return -EFBIG;
  SpinGuard guard(inode.lock);
  if (size < inode.size) {
    drop_pages(inode, page_up(size) >> page_bits);
    const u64 tail = size & (page_size - 1);
    const u64 index = size >> page_bits;
    if (tail != 0 && index < inode.page_capacity && inode.pages[index] != 0)
      memset(direct_page<u8>(inode.pages[index]) + tail, 0, page_size - tail);
    inode.archive_size = min_of(inode.archive_size, size);
  }
  inode.size = size;
  return 0;
}

// Takes the pages from `first` on out of every address space that maps the file.
void unmap_everywhere(const Inode& inode, u64 first) {
  for (u32 last = 0;;) {
    AddressSpace* space = nullptr;
    process_lock().lock();
    const Process* next = nullptr;
    for (const Process* p = all_processes().first(); p != nullptr; p = ProcessList::next(p))
      if (p->pid > last && p->space != nullptr && (next == nullptr || p->pid < next->pid)) next = p;
    if (next != nullptr) last = next->pid, space = next->space, space->add_reference();
    process_lock().unlock();
    if (space == nullptr) return;
    space->mutex.lock();
    for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma)) {
      if (vma->inode != &inode || vma->page_index(vma->start) + vma->pages() <= first) continue;
      const u64 index = vma->page_index(vma->start);
      space->discard(vma->start + (first > index ? first - index : 0) * page_size, vma->end);
    }
    space->mutex.unlock();
    space->drop_reference();
  }
}

i64 cut_inode(Inode& inode, u64 size) {
  const bool shrinks = size < inode.size;
  const i64 error = resize_inode(inode, size);
  if (error == 0 && shrinks) unmap_everywhere(inode, page_up(size) >> page_bits);
  return error;
}

// Calls copy(frame, bytes in it, offset of these in the request, size) for each page of the request. Bytes, or an errno.
template <typename Copy>
i64 each_cached_part(Inode& inode, u64 offset, u64 size, i64 no_memory, Copy copy) {
  i64 error = 0;
  const u64 done = each_page_part(offset, size, [&](u64 at, u64 before, u64 part) -> u64 {
    const FrameNumber frame = current_process().ending ? no_frame : cached_page(inode, at >> page_bits);
    error = frame == no_frame ? no_memory : 0;
    if (error != 0) return 0;
    const u64 copied = copy(frame, direct_page<u8>(frame) + (at & (page_size - 1)), before, part);
    drop_reference(frame);
    preemption_point();
    keep_reserve();
    error = copied != part ? -EFAULT : 0;
    return copied;
  });
  return done != 0 ? static_cast<i64>(done) : error;
}

i64 read_inode_to_user(Inode& inode, u64 offset, u64 to, u64 size) {
  size = offset < inode.size ? min_of(size, inode.size - offset) : 0;
  return each_cached_part(inode, offset, size, -ENOMEM, [&](FrameNumber, u8* bytes, u64 before, u64 part) {
    return copy_to_user_partly(to + before, bytes, part);
  });
}

i64 write_inode_from_user(Inode& inode, u64 offset, u64 from, u64 size) {
  if (offset > largest_file || size > largest_file - offset) return -EFBIG;
  auto copy = [&](FrameNumber frame, u8* bytes, u64 before, u64 part) {
    frame_of(frame).flags |= frame_dirty;
    const u64 copied = copy_from_user_partly(bytes, from + before, part);
    SpinGuard guard(inode.lock);
    inode.size = max_of(inode.size, offset + before + copied);
    return copied;
  };
  const i64 done = each_cached_part(inode, offset, size, -ENOSPC, copy);
  if (done > 0) touch_inode(inode);
  return done;
}

void touch_inode(Inode& inode) { inode.modified = inode.changed = realtime_nanoseconds(); }

}  // namespace guestos

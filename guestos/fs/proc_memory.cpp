// /proc/PID/{maps,smaps,pagemap,cmdline}: other processes' address spaces, looked at with a reference and their mutex.
#include "guestos/fs/proc_text.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

// The address space of a process, locked; empty when there is no such process.
class SpaceOf {
 public:
  explicit SpaceOf(u32 pid) {
    process_lock().lock();
    Process* process = find_process(pid);
    if (process != nullptr) space_ = process->space;
    if (space_ != nullptr) space_->add_reference();
    process_lock().unlock();
    if (space_ != nullptr) space_->mutex.lock();
  }
  ~SpaceOf() {
    if (space_ == nullptr) return;
    space_->mutex.unlock();
    space_->drop_reference();
  }
  SpaceOf(const SpaceOf&) = delete;
  SpaceOf& operator=(const SpaceOf&) = delete;
  explicit operator bool() const { return space_ != nullptr; }
  AddressSpace* operator->() const { return space_; }

 private:
  AddressSpace* space_ = nullptr;
};

// The entry of a page of 4 KiB, as if it were none of a large one: V = 0 if it is in swap, 0 if it is nowhere.
Pte leaf_of(const AddressSpace& space, u64 address) {
  const Leaf leaf = find_leaf(space.root, address);
  const Pte pte = leaf.at != nullptr ? load_pte(leaf.at) : 0;
  return (pte & pte_v) != 0 ? make_pte(leaf.frame_at(address), pte & pte_flags) : pte;
}

bool is_table_shared(const AddressSpace& space, u64 address) {
  const Pte* entry = find_table_entry(space.root, address);
  return entry != nullptr && *entry != 0 && !is_leaf(*entry) && references_of(pte_frame(*entry)) > 1;
}

struct PageSums {
  u64 resident = 0, proportional = 0, anonymous = 0, swapped = 0, locked = 0;
  u64 by_kind[4] = {};  // shared clean and dirty, private clean and dirty
};

void add_page(const AddressSpace& space, const Leaf& leaf, PageSums& sums) {
  const Pte pte = load_pte(leaf.at);
  if (is_swapped(pte)) {
    ++sums.swapped;
    return;
  }
  const bool is_table_or_shared = leaf.order != megapage_order && is_table_shared(space, leaf.start);
  each_frame(leaf.frame(), leaf.order, [&](FrameNumber frame) {
    const u64 maps = max_of<u64>(maps_of(frame), 1);
    const bool is_anonymous = frame_of(frame).state == FrameState::anonymous;
    const bool is_dirty = is_anonymous || (pte & pte_d) != 0;
    ++sums.resident;
    sums.proportional += page_size / maps;
    sums.anonymous += is_anonymous ? 1 : 0;
    ++sums.by_kind[(maps > 1 || is_table_or_shared ? 0 : 2) + (is_dirty ? 1 : 0)];
  });
}

void add_range(const AddressSpace& space, const Vma& vma, PageSums& sums) {
  const u64 before = sums.resident;
  each_leaf(space.root, vma.start, vma.end, [&](const Leaf& leaf) { add_page(space, leaf, sums); });
  if (vma.locked) sums.locked += sums.resident - before;
}

void write_sums(Text& text, const PageSums& sums) {
  const struct {
    const char* name;
    u64 kilobytes;
  } lines[] = {{"Rss:", sums.resident * 4},
               {"Pss:", sums.proportional / 1024},
               {"Shared_Clean:", sums.by_kind[0] * 4},
               {"Shared_Dirty:", sums.by_kind[1] * 4},
               {"Private_Clean:", sums.by_kind[2] * 4},
               {"Private_Dirty:", sums.by_kind[3] * 4},
               {"Referenced:", sums.resident * 4},
               {"Anonymous:", sums.anonymous * 4},
               {"Swap:", sums.swapped * 4},
               {"Locked:", sums.locked * 4}};
  for (const auto& line : lines)
    text << line.name << Padded{line.kilobytes, 24 - strlen(line.name)} << " kB\n";
}

void write_range(Text& text, const AddressSpace& space, const Vma& vma, char* path) {
  auto right = [&](u64 bit, char letter) { return (vma.protection & bit) != 0 ? letter : '-'; };
  text << Hex{vma.start, 8} << '-' << Hex{vma.end, 8} << ' ' << right(PROT_READ, 'r')
       << right(PROT_WRITE, 'w') << right(PROT_EXEC, 'x') << (vma.shared ? 's' : 'p') << ' '
       << Hex{vma.offset, 8} << " 00:01 " << (vma.inode != nullptr ? vma.inode->number : 0);
  if (vma.frame != no_frame) text << " [vdso]";
  if (vma.grows_down) text << " [stack]";
  if (vma.start < space.brk && vma.end > space.brk_start && vma.inode == nullptr) text << " [heap]";
  if (vma.inode != nullptr && path_of(vma.inode, path, NAME_MAX) > 0) text << " " << path;
  text << "\n";
}

// Bytes of another process's memory that are there; the number of them.
u64 read_memory_of(const AddressSpace& space, u64 address, char* to, u64 size) {
  return each_page_part(address, size, [&](u64 at, u64 done, u64 part) -> u64 {
    const Pte pte = leaf_of(space, page_down(at));
    if ((pte & pte_v) == 0) return 0;
    memcpy(to + done, direct_page<char>(pte_frame(pte)) + (at & (page_size - 1)), part);
    return part;
  });
}

void write_ranges(Text& text, u32 pid, bool with_sums) {
  HeapBuffer<char> path(NAME_MAX);
  SpaceOf space(pid);
  if (!space || !path) return;
  for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma)) {
    write_range(text, *space.operator->(), *vma, path.get());
    if (!with_sums) continue;
    PageSums sums;
    add_range(*space.operator->(), *vma, sums);
    text << "Size: " << vma->pages() * 4 << " kB\nKernelPageSize: 4 kB\nMMUPageSize: 4 kB\n";
    write_sums(text, sums);
  }
}

}  // namespace

MemorySizes sizes_of(u32 pid) {
  MemorySizes sizes;
  SpaceOf space(pid);
  if (!space) return sizes;
  PageSums sums;
  for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma)) {
    sizes.pages += vma->pages();
    if (swap_is_on() || vma->locked) add_range(*space.operator->(), *vma, sums);
  }
  sizes.ranges = space->range_count;
  sizes.swapped = sums.swapped;
  sizes.locked = sums.locked;
  sizes.resident = space->resident - sums.swapped;  // it counts both
  return sizes;
}

void write_maps(Text& text, const Inode& inode) { write_ranges(text, inode.proc_pid, false); }
void write_smaps(Text& text, const Inode& inode) { write_ranges(text, inode.proc_pid, true); }

void write_smaps_rollup(Text& text, const Inode& inode) {
  SpaceOf space(inode.proc_pid);
  if (!space) return;
  PageSums all;
  for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma))
    add_range(*space.operator->(), *vma, all);
  text << "00000000-ffffffffffff ---p 00000000 00:00 0 [rollup]\n";
  write_sums(text, all);
}

void write_command_line(Text& text, const Inode& inode) {
  constexpr u64 most = 4096;
  HeapBuffer<char> bytes(most);
  SpaceOf space(inode.proc_pid);
  if (!space || !bytes) return;
  process_lock().lock();
  const Process* process = find_process(inode.proc_pid);
  const u64 start = process != nullptr ? process->arguments_start : 0;
  const u64 end = process != nullptr ? process->arguments_end : 0;
  process_lock().unlock();
  const u64 size = read_memory_of(*space.operator->(), start, bytes.get(), min_of(end - start, most));
  for (u64 i = 0; i < size; ++i) text << bytes[i];
}

// Linux's Documentation/admin-guide/mm/pagemap.rst: one u64 per page of the address space.
class PagemapFile final : public InodeFile {
 public:
  using InodeFile::InodeFile;
  i64 read_at(u64 offset, u64 to, u64 size) override {
    constexpr u64 present = u64{1} << 63, swapped = u64{1} << 62, of_file = u64{1} << 61,
                  exclusive = u64{1} << 56;
    if (offset % 8 != 0 || size % 8 != 0) return -EINVAL;
    u64 words[64];
    u64 done = 0;
    while (done < size && (offset + done) / 8 < user_end >> page_bits) {
      const u64 first = (offset + done) / 8;
      const u64 count = min_of<u64>((size - done) / 8, sizeof words / 8);
      {
        SpaceOf space(inode_->proc_pid);
        for (u64 i = 0; i < count; ++i) {
          const u64 address = (first + i) << page_bits;
          const Pte pte = space && address < user_end ? leaf_of(*space.operator->(), address) : 0;
          const FrameNumber frame = pte_frame(pte);
          words[i] = pte == 0 ? 0 : is_swapped(pte) ? swapped | u64{slot_of(pte)} << 5 : present | frame;
          if ((pte & pte_v) == 0) continue;
          if (frame_of(frame).state != FrameState::anonymous) words[i] |= of_file;
          if (maps_of(frame) == 1) words[i] |= exclusive;
        }
      }
      if (copy_to_user(to + done, words, count * 8) != 0) return -EFAULT;
      done += count * 8;
    }
    return static_cast<i64>(done);
  }
};

File* open_pagemap(InodeReference inode) { return create<PagemapFile>(static_cast<InodeReference&&>(inode)); }

}  // namespace guestos

#include "guestos/mm/address_space.hpp"

#include <initializer_list>

#include "guestos/arch/csr.hpp"
#include "guestos/fs/inode.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/pin.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"

namespace guestos {

constinit SpinLock all_spaces_lock;
constinit List<AddressSpace, &AddressSpace::all> all_spaces;

namespace {

constinit u64 last_family = 0;

// Frames whose last translation must be forgotten everywhere before they may be used for something else.
class RetiredFrames {
 public:
  explicit RetiredFrames(AddressSpace& space) : space_(space) {}
  ~RetiredFrames() { flush(); }

  void add(const Leaf& leaf, FrameNumber first) {
    if (count_ == capacity) flush();
    if (count_ == 0) start_ = leaf.start;
    end_ = leaf.end();
    pages_[count_++] = {first, leaf.order};
  }

  void add_table(FrameNumber table) {
    if (table_count_ == table_capacity) flush();
    tables_[table_count_++] = table;
  }

  void flush() {
    const u64 size = count_ != 0 ? (end_ - start_) >> page_bits : 0;
    if (table_count_ == 0 && count_ != 0 && defer_release(space_, start_, size, pages_, count_)) {
      count_ = 0;
      return;
    }
    if (kernel_is_broken("no-unmap-flush")) {
      // The frames go back while other harts may still have them in their TLBs.
    } else if (table_count_ != 0) {
      shoot_down_all(space_);
    } else if (count_ != 0) {
      shoot_down(space_, start_, size);
    }
    for (unsigned i = 0; i < count_; ++i) each_frame(pages_[i].first, pages_[i].order, drop_reference);
    for (unsigned i = 0; i < table_count_; ++i) drop_table(tables_[i]);
    count_ = table_count_ = 0;
  }

 private:
  static constexpr unsigned capacity = 128;
  static constexpr unsigned table_capacity = 64;
  AddressSpace& space_;
  RetiredPage pages_[capacity];
  FrameNumber tables_[table_capacity];
  unsigned count_ = 0;
  unsigned table_count_ = 0;
  u64 start_ = 0;
  u64 end_ = 0;
};

// What is left of the range from `cut` on.
void begin_at(Vma& vma, u64 cut) {
  if (vma.inode != nullptr) vma.offset += cut - vma.start;
  vma.start = cut;
}

}  // namespace

AddressSpace* AddressSpace::make() {
  auto* space = create<AddressSpace>();
  if (space == nullptr) return nullptr;
  space->root = create_root();
  if (space->root == no_frame) {
    destroy(space);
    return nullptr;
  }
  SpinGuard guard(all_spaces_lock);
  space->family = ++last_family;
  all_spaces.push_back(space);
  return space;
}

bool AddressSpace::add_reference_if_used() {
  u32 before = references();
  while (before != 0 && !__atomic_compare_exchange_n(&references_, &before, before + 1, false,
                                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    continue;
  return before != 0;
}

void AddressSpace::release_vma(Vma* vma) {
  uncommit_range(*vma);
  if (vma->inode != nullptr) release_inode(vma->inode);
  destroy(vma);
}

void AddressSpace::drop_reference() {
  if (__atomic_fetch_sub(&references_, 1, __ATOMIC_ACQ_REL) != 1) return;
  mutex.lock();  // whoever looks for the mappings of a frame may be here
  release_pins(*this);
  release_deferred(*this);
  // No hart translates with this space any more, and its ASID is not given out again before all have fenced.
  each_middle_entry(root, [](const Pte* entry, u64) {
    if (!is_leaf(*entry)) return drop_table(pte_frame(*entry));
    each_frame(pte_frame(*entry), megapage_order, drop_map);
    each_frame(pte_frame(*entry), megapage_order, guestos::drop_reference);
  });
  while (Vma* vma = vmas.pop_front()) release_vma(vma);
  if (program != nullptr) {
    __atomic_fetch_sub(&program->running, 1, __ATOMIC_RELAXED);
    release_inode(program);
  }
  all_spaces_lock.lock();
  all_spaces.remove(this);
  all_spaces_lock.unlock();
  mutex.unlock();
  destroy_root(root);
  destroy(this);
}

void AddressSpace::set_program(Inode* inode) {
  add_inode_reference(inode);
  __atomic_fetch_add(&inode->running, 1, __ATOMIC_RELAXED);
  program = inode;
}

Vma* AddressSpace::find_from(u64 address) const {
  Vma* vma = vmas.first();
  while (vma != nullptr && vma->end <= address) vma = VmaList::next(vma);
  return vma;
}

Vma* AddressSpace::find(u64 address) const {
  Vma* vma = find_from(address);
  return vma != nullptr && vma->start <= address ? vma : nullptr;
}

void AddressSpace::insert(Vma* after, Vma* vma) {
  while (after != nullptr && after->start > vma->start) after = VmaList::previous(after);
  vmas.insert_after(after, vma);
  ++range_count;
}

void AddressSpace::remove(Vma* vma) {
  vmas.remove(vma);
  --range_count;
}

i64 AddressSpace::add(const Vma& pattern) {
  Vma* vma = range_count < most_ranges ? create<Vma>(pattern) : nullptr;
  if (vma == nullptr || !commit_range(*vma)) {
    destroy(vma);
    return -ENOMEM;
  }
  if (vma->inode != nullptr) add_inode_reference(vma->inode);
  insert(vmas.last(), vma);
  Vma* before = VmaList::previous(vma);
  join_from(before != nullptr ? before : vma, vma->end);
  return 0;
}

void AddressSpace::join_from(Vma* low, u64 end) {
  while (low != nullptr && low->end <= end) {
    Vma* high = VmaList::next(low);
    if (high == nullptr) return;
    Vma expected = *low;  // as split_at would have made it
    begin_at(expected, low->end);
    expected.end = high->end;
    expected.links = high->links;
    if (low->grows_down || low->frame != no_frame || expected != *high) {
      low = high;
      continue;
    }
    low->end = high->end;
    remove(high);
    if (high->inode != nullptr) release_inode(high->inode);
    destroy(high);
  }
}

void AddressSpace::join(u64 start, u64 end) { join_from(find_from(start - 1), end); }

bool AddressSpace::is_free(u64 start, u64 end) const {
  const Vma* vma = find_from(start);
  return vma == nullptr || vma->start >= end;
}

bool AddressSpace::is_mapped(u64 start, u64 end) const {
  const Vma* vma = find(start);
  while (vma != nullptr && vma->end < end) vma = find(vma->end);
  return vma != nullptr;
}

u64 AddressSpace::find_gap(u64 size, u64 alignment) const {
  auto highest = [&](u64 end) { return end >= size ? align_down(end - size, alignment) : 0; };
  u64 top = mmap_top;
  for (const Vma* vma = vmas.last(); vma != nullptr; vma = VmaList::previous(vma)) {
    if (vma->start >= top) continue;
    if (vma->end <= top && top - vma->end >= size && highest(top) >= vma->end) return highest(top);
    top = vma->start;
  }
  return highest(top) >= mmap_lowest ? highest(top) : 0;
}

i64 AddressSpace::split_at(u64 start, u64 end) {
  for (const u64 cut : {start, end}) {
    Vma* low = find(cut);
    if (low == nullptr || low->start == cut) continue;
    const bool has_room = range_count < most_ranges && split_page_across(*this, cut);
    Vma* high = has_room ? create<Vma>(*low) : nullptr;
    if (high == nullptr) {
      join(start, end);
      return -ENOMEM;
    }
    begin_at(*high, cut);
    if (high->inode != nullptr) add_inode_reference(high->inode);
    low->end = cut;
    insert(low, high);
  }
  return 0;
}

// The tables at both ends, unless the range takes in their whole 2 MiB.
bool AddressSpace::own_edges(u64 start, u64 end) {
  for (const u64 edge : {start, end})
    if (edge % megapage_size != 0 && (!own_table(*this, edge) || !split_page_across(*this, edge)))
      return false;
  return true;
}

i64 AddressSpace::discard(u64 start, u64 end) {
  if (!own_edges(start, end)) return -ENOMEM;
  RetiredFrames retired(*this);
  auto discard_page = [&](const Leaf& leaf) {
    resident -= leaf.pages();
    if (const Pte old = load_pte(leaf.at); is_swapped(old)) {
      clear_pte(leaf.at);
      return drop_slot_reference(slot_of(old));
    }
    const FrameNumber first = leaf.frame();
    clear_leaf(leaf);
    each_frame(first, leaf.order, drop_map);
    retired.add(leaf, first);
  };
  for (u64 at = start; at < end;) {
    const u64 next = min_of(align_down(at, megapage_size) + megapage_size, end);
    Pte* entry = find_table_entry(root, at);
    FrameNumber table = no_frame;
    if (entry != nullptr && *entry != 0) {
      if (next - at == megapage_size && take_shared_table(*this, entry, table)) {
        retired.add_table(table);
      } else {
        each_leaf(root, at, next, discard_page);
      }
    }
    at = next;
  }
  return 0;
}

i64 AddressSpace::unmap(u64 start, u64 end) {
  if (const i64 error = split_at(start, end); error != 0) return error;
  Vma* vma = find_from(start);
  if (vma == nullptr || vma->start >= end) return 0;
  if (const i64 error = discard(start, end); error != 0) return error;
  while (vma != nullptr && vma->start < end) {
    Vma* next = VmaList::next(vma);
    remove(vma);
    release_vma(vma);
    vma = next;
  }
  RetiredFrames retired(*this);
  // A table without entries costs nothing but its frame; taking it away would interrupt the others after all.
  if (!shootdown_is_lazy())
    retire_empty_tables(root, start, end, [&](FrameNumber table) { retired.add_table(table); });
  return 0;
}

Pte leaf_flags(const Vma& vma, bool writable) {
  Pte flags = pte_v | pte_u | pte_a;
  if ((vma.protection & (PROT_READ | PROT_WRITE)) != 0) flags |= pte_r;
  if ((vma.protection & PROT_EXEC) != 0) flags |= pte_x;
  if (writable && (vma.protection & PROT_WRITE) != 0) flags |= pte_w | pte_d;
  return flags;
}

// What becomes writable is promised as a whole, or nothing is.
bool AddressSpace::commit_writable(u64 start, u64 end, u64 protection) {
  u64 pages = 0;
  auto each_new = [&](auto action) {
    for (Vma* vma = find(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma)) {
      Vma wanted = *vma;
      wanted.protection = protection;
      if (needs_commit(wanted)) action(*vma);
    }
  };
  each_new([&](const Vma& vma) { pages += vma.pages(); });
  if (!commit_pages(pages)) return false;
  each_new([](Vma& vma) { vma.committed = true; });
  return true;
}

i64 AddressSpace::protect(u64 start, u64 end, u64 protection) {
  if (!is_mapped(start, end)) return -ENOMEM;
  for (const Vma* vma = find(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma))
    if (vma->unwritable && (protection & PROT_WRITE) != 0) return -EACCES;
  if (const i64 error = split_at(start, end); error != 0) return error;
  if (!own_tables(*this, start, end) || !commit_writable(start, end, protection)) return -ENOMEM;
  bool changed = false;
  for (Vma* vma = find(start); vma != nullptr && vma->start < end; vma = VmaList::next(vma)) {
    vma->protection = protection;
    each_leaf(root, max_of(vma->start, start), min_of(vma->end, end), [&](const Leaf& leaf) {
      const Pte old = load_pte(leaf.at);
      if (is_swapped(old)) return;
      // A private page that could not be written stays so: whether it is ours alone is the store fault's
      // question.
      const bool mine = vma->shared || (old & pte_w) != 0;
      Pte flags = leaf_flags(*vma, mine) | (old & pte_d);
      // Without any permission the entry keeps its frame but nobody may use it: user mode not, because U = 0,
      // and the kernel's loads and stores not, because it is execute-only.
      if (protection == 0) flags = pte_v | pte_x | pte_a | (old & pte_d);
      if (flags == (old & pte_flags)) return;
      if (vma->shared && (flags & pte_w) != 0) frame_of(leaf.frame()).flags |= frame_dirty;
      set_leaf(leaf, leaf.frame(), flags);
      changed = true;
    });
  }
  join(start, end);
  if ((protection & PROT_EXEC) != 0) fence_instructions();
  if (changed) shoot_down(*this, start, (end - start) >> page_bits);
  return 0;
}

i64 AddressSpace::move(Vma* vma, u64 to, u64 new_size) {
  const u64 from = vma->start;
  const u64 size = min_of(vma->end - vma->start, new_size);
  const u64 growth = new_size > size ? (new_size - size) >> page_bits : 0;
  // Tables first: from there on nothing can fail.
  for (u64 at = align_down(to, megapage_size); at < to + size; at += megapage_size)
    if (!own_table(*this, max_of(at, to)) || provide_pte(root, max_of(at, to)) == nullptr) return -ENOMEM;
  if (!own_tables(*this, from, vma->end) || !split_pages(*this, from, vma->end) ||
      !commit_growth(*vma, growth))
    return -ENOMEM;
  each_leaf(root, from, from + size,
            [&](const Leaf& leaf) { set_pte(find_pte(root, leaf.start - from + to), clear_pte(leaf.at)); });
  discard(from + size, vma->end);
  const u64 old_end = vma->end;
  if (vma->committed) uncommit_pages((old_end - from - size) >> page_bits);
  vma->moved += from - to;
  remove(vma);
  if (vma->file_end != ~u64{0}) vma->file_end = vma->file_end - from + to;
  vma->start = to;
  vma->end = to + new_size;
  insert(vmas.last(), vma);
  shoot_down_all(*this);
  RetiredFrames retired(*this);
  retire_empty_tables(root, from, old_end, [&](FrameNumber table) { retired.add_table(table); });
  return 0;
}

}  // namespace guestos

#include "guestos/mm/large_page.hpp"

#include "guestos/mm/cow.hpp"
#include "guestos/mm/shared_tables.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constinit unsigned default_order = 0;

constexpr u64 index_in_table(u64 address) { return address >> page_bits & (entries_per_table - 1); }

// Where a page of this order would go; `at` is nullptr if something is mapped there, or there is no memory for
// the tables above it.
Leaf find_room(AddressSpace& space, u64 start, unsigned order) {
  Leaf leaf{nullptr, start, order};
  Pte* at = order == megapage_order ? provide_table_entry(space.root, start) : provide_pte(space.root, start);
  if (at == nullptr) return leaf;
  // A page of 2 MiB is there already, and not the one that is looked for.
  if (order == napot_order && is_leaf(*find_table_entry(space.root, start))) return leaf;
  for (u64 i = 0; i < leaf.entries(); ++i)
    if (load_pte(at + i) != 0) return leaf;
  leaf.at = at;
  return leaf;
}

}  // namespace

void large_pages_open() {
  const unsigned orders[] = {0, supported_order(napot_order), megapage_order};
  default_order = orders[boot_choice("pages", {"4k", "64k", "2m"})];
}

unsigned default_page_order() { return default_order; }

unsigned supported_order(unsigned order) { return order == napot_order && !boot_info().svnapot ? 0 : order; }

bool may_have_large_pages(const Vma& vma) {
  return vma.inode == nullptr && vma.frame == no_frame && !vma.shared && !vma.grows_down;
}

Leaf find_leaf(FrameNumber root, u64 address) {
  Pte* middle = find_table_entry(root, address);
  if (middle == nullptr || *middle == 0) return {nullptr, page_down(address), 0};
  if (is_leaf(*middle)) return {middle, align_down(address, megapage_size), megapage_order};
  Pte* at = direct_page<Pte>(pte_frame(*middle)) + index_in_table(address);
  if ((load_pte(at) & pte_n) == 0) return {at, page_down(address), 0};
  const u64 start = align_down(address, page_size << napot_order);
  return {at - (index_in_table(address) - index_in_table(start)), start, napot_order};
}

void clear_leaf(const Leaf& leaf) {
  for (u64 i = 0; i < leaf.entries(); ++i) clear_pte(leaf.at + i);
}

void add_leaf_bits(const Leaf& leaf, Pte bits) {
  for (u64 i = 0; i < leaf.entries(); ++i) add_pte_bits(leaf.at + i, bits);
}

FrameNumber fill_large_page(AddressSpace& space, const Vma& vma, u64 address) {
  const unsigned order = vma.page_order;
  const u64 size = page_size << order;
  const u64 start = align_down(address, size);
  if (order == 0 || start < vma.start || vma.end - start < size) return no_frame;
  const Leaf leaf = find_room(space, start, order);
  if (leaf.at == nullptr) return no_frame;
  const FrameNumber first = allocate_page(order, FrameState::anonymous);
  trace_large_page(start, order, first != no_frame ? LargePageEvent::filled : LargePageEvent::fell_back,
                   first);
  if (first == no_frame) return no_frame;
  each_frame(first, order, [](FrameNumber frame) { clear_page(direct_page(frame)); });
  give_origin(first, order, space, vma, start);
  map_page(space, leaf, first, leaf_flags(vma, true));
  return first;
}

bool split_page(AddressSpace& space, u64 address) {
  if (!own_table(space, address)) return false;
  const Leaf leaf = find_leaf(space.root, address);
  if (leaf.at == nullptr || leaf.order == 0) return true;
  const FrameNumber first = leaf.frame();
  const Pte flags = load_pte(leaf.at) & pte_flags;
  const bool mega = leaf.order == megapage_order;
  const FrameNumber table = mega ? allocate_zeroed_frame(FrameState::page_table) : no_frame;
  if (mega && table == no_frame) return false;
  if ((frame_of(first).flags & frame_exclusive) != 0) each_frame(first, leaf.order, mark_exclusive);
  // Old and new entries mean the same frames and rights: it does not matter which of them a hart uses until
  // the fence.
  Pte* const entries = mega ? direct_page<Pte>(table) : leaf.at;
  for (u64 i = 0; i < leaf.pages(); ++i) set_pte(entries + i, make_pte(first + i, flags));
  if (mega) set_pte(leaf.at, make_pte(table, pte_v));
  shoot_down(space, leaf.start, leaf.pages());
  trace_large_page(leaf.start, leaf.order, LargePageEvent::split, first);
  return true;
}

bool split_page_across(AddressSpace& space, u64 cut) {
  const Leaf leaf = find_leaf(space.root, cut);
  return leaf.at == nullptr || leaf.start == cut || split_page(space, cut);
}

bool split_pages(AddressSpace& space, u64 start, u64 end) {
  for (u64 at = start; at < end;) {
    const Leaf leaf = find_leaf(space.root, at);
    if (leaf.order != 0 && !split_page(space, at)) return false;
    at = leaf.at == nullptr ? align_down(at, megapage_size) + megapage_size : leaf.end();
  }
  return true;
}

void trace_large_page(u64 address, unsigned order, LargePageEvent event, FrameNumber first) {
  trace<Tracepoint::large_page>(current_pid(), address, order, static_cast<u64>(event), first);
}

}  // namespace guestos

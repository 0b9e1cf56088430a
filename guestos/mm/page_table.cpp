#include "guestos/mm/page_table.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/lib/memory.hpp"

extern "C" guestos::u64 kernel_root[];

namespace guestos {

namespace {

constexpr u64 index_at(u64 address, unsigned level) {
  return address >> (page_bits + 9 * level) & (entries_per_table - 1);
}

Frame& table_of(const Pte* at) { return frame_of(physical_of(at) >> page_bits); }

Pte* table_at(FrameNumber number) { return direct_page<Pte>(number); }

}  // namespace

void set_pte(Pte* at, Pte value) {
  const Pte old = __atomic_exchange_n(at, value, __ATOMIC_ACQ_REL);
  if (old == 0 && value != 0) ++table_of(at).maps;
}

Pte clear_pte(Pte* at) {
  const Pte old = __atomic_exchange_n(at, 0, __ATOMIC_ACQ_REL);
  if (old != 0) --table_of(at).maps;
  return old;
}

FrameNumber create_root() {
  const FrameNumber root = allocate_zeroed_frame(FrameState::page_table);
  if (root == no_frame) return no_frame;
  const u64 used = (boot_info().memory.end + (u64{1} << 30) - 1) >> 30;
  Pte* table = table_at(root);
  for (u64 i = entries_per_table / 2; i < entries_per_table / 2 + used; ++i) table[i] = kernel_root[i];
  return root;
}

Pte* find_table_entry(FrameNumber root, u64 address) {
  const Pte high = table_at(root)[index_at(address, 2)];
  return high != 0 ? &table_at(pte_frame(high))[index_at(address, 1)] : nullptr;
}

Pte* provide_table_entry(FrameNumber root, u64 address) {
  Pte* high = &table_at(root)[index_at(address, 2)];
  if (*high == 0) {
    const FrameNumber next = allocate_zeroed_frame(FrameState::page_table);
    if (next == no_frame) return nullptr;
    set_pte(high, make_pte(next, pte_v));
  }
  return &table_at(pte_frame(*high))[index_at(address, 1)];
}

Pte* find_pte(FrameNumber root, u64 address) {
  const Pte* middle = find_table_entry(root, address);
  if (middle == nullptr || *middle == 0) return nullptr;
  if (is_leaf(*middle)) return find_table_entry(root, address);
  return &table_at(pte_frame(*middle))[index_at(address, 0)];
}

Pte* provide_pte(FrameNumber root, u64 address) {
  Pte* middle = provide_table_entry(root, address);
  if (middle == nullptr) return nullptr;
  if (*middle == 0) {
    const FrameNumber next = allocate_zeroed_frame(FrameState::page_table);
    if (next == no_frame) return nullptr;
    set_pte(middle, make_pte(next, pte_v));
  }
  if (is_leaf(*middle)) return middle;
  return &table_at(pte_frame(*middle))[index_at(address, 0)];
}

void retire_empty_tables(FrameNumber root, u64 start, u64 end, RetiredTables& retired) {
  auto retire = [&](Pte* at) {
    const FrameNumber number = pte_frame(clear_pte(at));
    *table_at(number) = retired.first << 10;  // the chain is in its first entry, with V = 0
    retired.first = number;
  };
  for (u64 address = align_down(start, megapage_size); address < end; address += megapage_size) {
    Pte* high = &table_at(root)[index_at(address, 2)];
    if ((*high & pte_v) == 0) {
      address = align_down(address, u64{1} << 30) + (u64{1} << 30) - megapage_size;
      continue;
    }
    Pte* middle = &table_at(pte_frame(*high))[index_at(address, 1)];
    const Frame* table = *middle != 0 && !is_leaf(*middle) ? &frame_of(pte_frame(*middle)) : nullptr;
    if (table != nullptr && table->maps == 0 && references_of(pte_frame(*middle)) == 1) retire(middle);
    if (frame_of(pte_frame(*high)).maps == 0) retire(high);
  }
}

void release_tables(RetiredTables& retired) {
  while (retired.first != no_frame) {
    const FrameNumber number = retired.first;
    retired.first = *table_at(number) >> 10;
    drop_reference(number);
  }
}

void destroy_root(FrameNumber root) {
  const Pte* top = table_at(root);
  for (u64 i = 0; i < entries_per_table / 2; ++i)
    if (top[i] != 0) drop_reference(pte_frame(top[i]));
  drop_reference(root);
}

}  // namespace guestos

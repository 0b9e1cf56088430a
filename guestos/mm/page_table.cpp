#include "guestos/mm/page_table.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/lib/memory.hpp"

extern "C" guestos::u64 kernel_root[];

namespace guestos {

namespace {

constexpr u64 index_at(u64 address, unsigned level) {
  return address >> (page_bits + 9 * level) & (entries_per_table - 1);
}

Pte* table_at(FrameNumber number) { return direct_page<Pte>(number); }

}  // namespace

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

void destroy_root(FrameNumber root) {
  const Pte* top = table_at(root);
  for (u64 i = 0; i < entries_per_table / 2; ++i)
    if (top[i] != 0) drop_reference(pte_frame(top[i]));
  drop_reference(root);
}

}  // namespace guestos

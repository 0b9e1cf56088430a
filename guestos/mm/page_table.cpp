#include "guestos/mm/page_table.hpp"

#include "guestos/arch/boot_info.hpp"

extern "C" guestos::u64 kernel_root[];

namespace guestos {

namespace {

constexpr u64 index_at(u64 address, unsigned level) {
  return address >> (page_bits + 9 * level) & (entries_per_table - 1);
}

Pte* table_at(FrameNumber number) { return direct_page<Pte>(number); }

// A table below this entry; false: out of memory.
bool provide_table(Pte* entry) {
  if (*entry != 0) return true;
  const FrameNumber next = allocate_zeroed_frame(FrameState::page_table);
  if (next != no_frame) set_pte(entry, make_pte(next, pte_v));
  return next != no_frame;
}

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
  return provide_table(high) ? &table_at(pte_frame(*high))[index_at(address, 1)] : nullptr;
}

Pte* find_pte(FrameNumber root, u64 address) {
  Pte* middle = find_table_entry(root, address);
  if (middle == nullptr || *middle == 0) return nullptr;
  return is_leaf(*middle) ? middle : &table_at(pte_frame(*middle))[index_at(address, 0)];
}

Pte* provide_pte(FrameNumber root, u64 address) {
  Pte* middle = provide_table_entry(root, address);
  if (middle == nullptr || !provide_table(middle)) return nullptr;
  return is_leaf(*middle) ? middle : &table_at(pte_frame(*middle))[index_at(address, 0)];
}

void destroy_root(FrameNumber root) {
  const Pte* top = table_at(root);
  for (u64 i = 0; i < entries_per_table / 2; ++i)
    if (top[i] != 0) drop_reference(pte_frame(top[i]));
  drop_reference(root);
}

}  // namespace guestos

#include "emu/hart/memory.hpp"

#include <bit>
#include <cstring>

#include "emu/hart/csr_bits.hpp"
#include "emu/hart/system.hpp"
#include "emu/isa/cache_block.hpp"

namespace hartbeat {
namespace {

using mmu::Access;
using mmu::Translation;

// What the walker reads and writes: RAM, under PMP as a supervisor's access (privileged spec, "PMP and paging").
struct WalkMemory {
  Hart& hart;
  std::uint64_t now;

  bool read_pte(PhysAddr address, std::uint64_t& pte) {
    const Ram& ram = hart.system->ram;
    if (!ram.contains(address, sizeof pte)) return false;
    if (!hart.pmp.allows(address, sizeof pte, Access::load, Privilege::supervisor)) return false;
    std::memcpy(&pte, ram.host(address), sizeof pte);
    return true;
  }
  // The compare-and-swap of step 9; harts interleave between instructions, so nothing comes between.
  bool update_pte(PhysAddr address, std::uint64_t expected, std::uint64_t desired) {
    (void)expected;
    if (!hart.pmp.allows(address, sizeof desired, Access::store, Privilege::supervisor)) return false;
    std::memcpy(hart.system->ram.host(address), &desired, sizeof desired);
    if (hart.system->written(&hart, now, address.value, sizeof desired)) hart.pending = Pending::boundary;
    return true;
  }
};

std::uint64_t page_fault_of(Access access) {
  return access == Access::fetch  ? cause::fetch_page_fault
         : access == Access::load ? cause::load_page_fault
                                  : cause::store_page_fault;
}

std::uint64_t access_fault_of(Access access) {
  return access == Access::fetch  ? cause::fetch_access
         : access == Access::load ? cause::load_access
                                  : cause::store_access;
}

// The subset caches forget what has left a TLB.
void forget(Hart& hart, const mmu::TlbEntry& entry, mmu::TlbKind kind) {
  if (kind == mmu::TlbKind::second_level) return;
  if (kind == mmu::TlbKind::instruction) {
    (*hart.jump_tables)[0].clear();
    (*hart.jump_tables)[1].clear();
    return;
  }
  const std::uint64_t first = entry.virtual_page << page_shift;
  const unsigned pages = entry.page_shift <= 16 ? 1u << (entry.page_shift - 12) : 0;
  for (unsigned table = 0; table < 3; ++table) {
    FastTable& fast = (*hart.fast_tables)[table];
    if (!fast.dirty) continue;
    if (pages == 0) fast.clear();
    for (unsigned i = 0; i < pages; ++i) fast.remove(first + i * page_size);
  }
}

TlbOccupancy held_by(const mmu::TranslationUnit& unit) {
  return {unit.itlb().size(), unit.dtlb().size(), unit.l2() != nullptr ? unit.l2()->size() : 0};
}

// What a fence removes.
struct Forgetful {
  Hart& hart;
  void operator()(mmu::TlbKind kind, const mmu::TlbEntry& entry) const { forget(hart, entry, kind); }
};

void tell_fence(Hart& hart, std::uint64_t now, std::uint64_t pc, const FenceOperands& operands,
                unsigned removed) {
  const auto& listeners = hart.system->events.fences();
  if (listeners.empty()) return;
  const FenceEvent event{hart.system->site(hart, now, pc), operands.address.has_value(),
                         operands.asid.has_value(),        operands.address.value_or(VirtAddr{}),
                         operands.asid.value_or(0),        removed,
                         held_by(hart.translation)};
  hart.system->events.emit(listeners, event);
}

void tell_walk(Hart& hart, std::uint64_t now, std::uint64_t va, Access access) {
  const auto& listeners = hart.system->events.walks();
  if (listeners.empty()) return;
  const std::uint64_t pc = hart.current_pc;
  hart.system->events.emit(listeners, WalkEvent{hart.system->site(hart, now, pc), VirtAddr{va}, access,
                                                &hart.translation.last_walk(), held_by(hart.translation)});
}

// Where replacement looks at hits, an access to another page than the last one must reach the TLB. M-mode's never do.
void rest_last_page(Hart& hart, std::uint64_t va) {
  if (((va ^ hart.last_fast_va) & ~page_offset_mask) == 0) return;
  for (unsigned table = 0; table < 3; ++table) (*hart.fast_tables)[table].rest(hart.last_fast_va);
  hart.last_fast_va = va;
}

void forget_last_fetch_page(Hart& hart, std::uint64_t va) {
  const std::uint64_t page = va & ~page_offset_mask;
  if (page == hart.last_fetch_page) return;
  for (unsigned table = 0; table < 2; ++table) (*hart.jump_tables)[table].clear();
  hart.last_fetch_page = page;
}

// Translates and checks PMP. On failure raises the trap for `fault_va` and returns false.
bool translate(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, Access access,
               const mmu::Context& context, Translation& out) {
  WalkMemory memory{hart, now};
  if (hart.fast_only_last && access != Access::fetch && mmu::translates(context)) rest_last_page(hart, va);
  const std::uint64_t walks = hart.translation.counters().walks;
  out = hart.translation.translate(memory, context, VirtAddr{va}, access);
  for (const mmu::TlbEntry& entry : out.evicted) {
    forget(hart, entry, access == Access::fetch ? mmu::TlbKind::instruction : mmu::TlbKind::data);
  }
  if (hart.translation.counters().walks != walks) tell_walk(hart, now, va, access);
  if (out.fault != mmu::Fault::none) [[unlikely]] {
    const bool page = out.fault == mmu::Fault::page;
    raise(hart, page ? page_fault_of(access) : access_fault_of(access), va, true);
    return false;
  }
  if (!hart.pmp.allows(out.address, size, access, context.privilege)) [[unlikely]] {
    raise(hart, access_fault_of(access), va);
    return false;
  }
  return true;
}

// Lets the fast table serve this page from now on, for as much as the TLB entry and PMP allow.
void fill_fast(Hart& hart, std::uint64_t va, const Translation& t) {
  FastTable& fast = *hart.fast;
  if (&fast == hart.fast_none.get()) return;
  System& system = *hart.system;
  const PhysAddr page{t.address.value & ~page_offset_mask};
  if (!system.ram.contains(page, page_size) || !hart.pmp.uniform(page)) return;
  const mmu::Context& context = hart.data_context;
  const auto allows = [&](Access access) {
    if (!hart.pmp.allows(page, page_size, access, context.privilege)) return false;
    return t.entry == nullptr || mmu::allowed(t.entry->permissions, context, access);
  };
  const std::uint64_t virtual_page = va & ~page_offset_mask;
  const FastEntry entry{virtual_page, reinterpret_cast<std::uint64_t>(system.ram.host(page)) - virtual_page};
  const unsigned index = FastTable::index(va);
  fast.dirty = true;
  if (allows(Access::load)) fast.read[index] = entry;
  if (allows(Access::store) && !system.stores_need_notice(page)) fast.write[index] = entry;
}

bool crosses_page(std::uint64_t va, unsigned size) { return (va & page_offset_mask) + size > page_size; }

// A naturally aligned or page-contained access at a translated address that is not RAM.
AccessResult device_load(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, PhysAddr physical) {
  System& system = *hart.system;
  system.begin_access(hart, now);
  const bool answered = system.platform.read(physical, size, Cycle{now}, hart.slow_value);
  system.accessing = false;
  if (!answered) {
    raise(hart, cause::load_access, va);
    return AccessResult::trapped;
  }
  hart.pending = Pending::boundary;
  return AccessResult::boundary;
}

AccessResult device_store(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, std::uint64_t value,
                          PhysAddr physical) {
  System& system = *hart.system;
  system.begin_access(hart, now);
  const bool answered = system.platform.write(physical, size, value, Cycle{now});
  system.accessing = false;
  if (!answered) {
    raise(hart, cause::store_access, va);
    return AccessResult::trapped;
  }
  hart.pending = Pending::boundary;
  return AccessResult::boundary;
}

// Both halves of an access that crosses a page are translated and checked before anything happens.
struct Halves {
  unsigned first_size;
  PhysAddr first, second;
};

bool translate_halves(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, Access access,
                      Halves& out) {
  out.first_size = static_cast<unsigned>(page_size - (va & page_offset_mask));
  Translation t;
  if (!translate(hart, now, va, out.first_size, access, hart.data_context, t)) return false;
  out.first = t.address;
  if (!translate(hart, now, va + out.first_size, size - out.first_size, access, hart.data_context, t))
    return false;
  out.second = t.address;
  const Ram& ram = hart.system->ram;
  const bool first_there = ram.contains(out.first, out.first_size);
  if (first_there && ram.contains(out.second, size - out.first_size)) return true;
  // mtval names the portion that faulted (privileged spec, 3.1.16).
  raise(hart, access_fault_of(access), first_there ? va + out.first_size : va);
  return false;
}

AccessResult crossing_load(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size) {
  Halves halves;
  if (!translate_halves(hart, now, va, size, Access::load, halves)) return AccessResult::trapped;
  std::uint64_t value = 0;
  auto* bytes = reinterpret_cast<std::uint8_t*>(&value);
  const Ram& ram = hart.system->ram;
  std::memcpy(bytes, ram.host(halves.first), halves.first_size);
  std::memcpy(bytes + halves.first_size, ram.host(halves.second), size - halves.first_size);
  hart.slow_value = value;
  hart.last_physical = halves.first;
  return hart.pending == Pending::none ? AccessResult::done : AccessResult::boundary;
}

AccessResult crossing_store(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size,
                            std::uint64_t value) {
  Halves halves;
  if (!translate_halves(hart, now, va, size, Access::store, halves)) return AccessResult::trapped;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  const Ram& ram = hart.system->ram;
  std::memcpy(ram.host(halves.first), bytes, halves.first_size);
  std::memcpy(ram.host(halves.second), bytes + halves.first_size, size - halves.first_size);
  hart.last_physical = halves.first;
  const bool first = store_done(hart, now, halves.first, halves.first_size);
  const bool second = store_done(hart, now, halves.second, size - halves.first_size);
  return first && second ? AccessResult::done : AccessResult::boundary;
}

// Misaligned accesses: trap, or count and go on. False: trapped.
bool accept_misaligned(Hart& hart, std::uint64_t va, unsigned size, std::uint64_t trap_code) {
  if ((va & (size - 1)) == 0) return true;
  if (hart.config.misaligned_traps) {
    raise(hart, trap_code, va);
    return false;
  }
  ++hart.counters.misaligned;
  return true;
}

}  // namespace

void raise(Hart& hart, std::uint64_t code, std::uint64_t value, bool has_walk) {
  hart.trap = {code, value, has_walk};
  hart.pending = Pending::trap;
}

AccessResult slow_load(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size) {
  ++hart.counters.loads;
  if (!accept_misaligned(hart, va, size, cause::load_misaligned)) return AccessResult::trapped;
  if (crosses_page(va, size)) return crossing_load(hart, now, va, size);
  Translation t;
  if (!translate(hart, now, va, size, Access::load, hart.data_context, t)) return AccessResult::trapped;
  hart.last_physical = t.address;
  if (!hart.system->ram.contains(t.address, size)) return device_load(hart, now, va, size, t.address);
  fill_fast(hart, va, t);
  hart.slow_value = 0;
  std::memcpy(&hart.slow_value, hart.system->ram.host(t.address), size);
  return hart.pending == Pending::none ? AccessResult::done : AccessResult::boundary;
}

AccessResult slow_store(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, std::uint64_t value) {
  ++hart.counters.stores;
  if (!accept_misaligned(hart, va, size, cause::store_misaligned)) return AccessResult::trapped;
  if (crosses_page(va, size)) return crossing_store(hart, now, va, size, value);
  Translation t;
  if (!translate(hart, now, va, size, Access::store, hart.data_context, t)) return AccessResult::trapped;
  hart.last_physical = t.address;
  if (!hart.system->ram.contains(t.address, size)) return device_store(hart, now, va, size, value, t.address);
  fill_fast(hart, va, t);
  std::memcpy(hart.system->ram.host(t.address), &value, size);
  return store_done(hart, now, t.address, size) ? AccessResult::done : AccessResult::boundary;
}

bool store_done(Hart& hart, std::uint64_t now, PhysAddr physical, unsigned size) {
  const bool dropped = hart.system->written(&hart, now, physical.value, size);
  if (!dropped && hart.pending == Pending::none) return true;
  hart.pending = Pending::boundary;
  return false;
}

std::uint8_t* atomic_place(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, Access access,
                           PhysAddr& physical) {
  const bool load = access == Access::load;
  ++(load ? hart.counters.loads : hart.counters.stores);
  if ((va & (size - 1)) != 0) {
    raise(hart, load ? cause::load_misaligned : cause::store_misaligned, va);
    return nullptr;
  }
  Translation t;
  if (!translate(hart, now, va, size, access, hart.data_context, t)) return nullptr;
  if (!hart.system->ram.contains(t.address, size)) {
    raise(hart, access_fault_of(access), va);  // no device here supports atomics (PMA)
    return nullptr;
  }
  fill_fast(hart, va, t);
  physical = t.address;
  hart.last_physical = t.address;
  return hart.system->ram.host(t.address);
}

AccessResult zero_block(Hart& hart, std::uint64_t now, std::uint64_t va) {
  ++hart.counters.stores;
  Translation t;
  if (!translate(hart, now, va, 1, Access::store, hart.data_context, t)) return AccessResult::trapped;
  const PhysAddr block{t.address.value & ~(isa::cache_block_bytes - 1)};
  const bool allowed =
      hart.pmp.allows(block, isa::cache_block_bytes, Access::store, hart.data_context.privilege);
  if (!allowed || !hart.system->ram.contains(block, isa::cache_block_bytes)) {
    raise(hart, cause::store_access, va);
    return AccessResult::trapped;
  }
  hart.last_physical = block;
  std::memset(hart.system->ram.host(block), 0, isa::cache_block_bytes);
  return store_done(hart, now, block, isa::cache_block_bytes) ? AccessResult::done : AccessResult::boundary;
}

// Permitted wherever a load or a store is, so wherever a load is: neither page tables nor PMP can allow stores alone. What
// is not permitted is reported as a store (CMO, "Traps").
AccessResult manage_block(Hart& hart, std::uint64_t now, std::uint64_t va) {
  Translation t;
  if (translate(hart, now, va, 1, Access::load, hart.data_context, t)) {
    return hart.pending == Pending::none ? AccessResult::done : AccessResult::boundary;
  }
  hart.trap.code = hart.trap.code == cause::load_page_fault ? cause::store_page_fault : cause::store_access;
  return AccessResult::trapped;
}

void set_reservation(Hart& hart, PhysAddr physical) {
  hart.reservation_valid = true;
  hart.reservation = physical.value & ~(reservation_granule - 1);
  hart.system->reserving_harts |= std::uint64_t{1} << hart.id.value;
}

void clear_reservation(Hart& hart) {
  hart.reservation_valid = false;
  hart.system->reserving_harts &= ~(std::uint64_t{1} << hart.id.value);
}

void rouse_page(Hart& hart, std::uint64_t va) {
  hart.translation.touch(hart.data_context, VirtAddr{va}, Access::load);
  rest_last_page(hart, va);
  hart.fast->rouse(va);
}

bool fetch_address(Hart& hart, std::uint64_t now, std::uint64_t va, unsigned size, PhysAddr& physical) {
  Translation t;
  if (hart.fast_only_last && mmu::translates(hart.fetch_context)) forget_last_fetch_page(hart, va);
  if (!translate(hart, now, va, size, Access::fetch, hart.fetch_context, t)) return false;
  hart.pending = Pending::none;  // no block has been entered yet that would have to end
  physical = t.address;
  return true;
}

void fence_translations(Hart& hart, std::uint64_t now, std::uint64_t pc, FenceOperands operands) {
  ++hart.counters.sfence_vma;
  const unsigned removed = hart.translation.fence(operands.address, operands.asid, Forgetful{hart});
  tell_fence(hart, now, pc, operands, removed);
}

void extend_fence(Hart& hart, std::uint64_t now, std::uint64_t pc, FenceOperands operands) {
  const unsigned removed = hart.translation.extend_fence(operands.address, operands.asid, Forgetful{hart});
  tell_fence(hart, now, pc, operands, removed);  // it is over now
}

void fold_access_counts(Hart& hart) {
  const bool translated = hart.csr.satp >> 60 != 0;
  for (unsigned i = 0; i < hart.fast_tables->size(); ++i) {
    FastTable& table = (*hart.fast_tables)[i];
    hart.counters.loads += table.loads;
    hart.counters.stores += table.stores;
    if (translated && i < 3) {
      hart.translation.absorbed_hits(Access::load, table.loads);
      hart.translation.absorbed_hits(Access::store, table.stores);
    }
    table.loads = table.stores = 0;
  }
}

}  // namespace hartbeat

// What both engines do between blocks: due events, interrupts, fetching, and time that nobody uses.
#include <algorithm>
#include <cstring>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/engine.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/trap.hpp"

namespace hartbeat {
namespace {

// Cycles between two questions to the host (signals, timeout).
constexpr std::uint64_t poll_interval = 1u << 22;

bool limits_reached(const System& system, const Hart& hart) {
  return hart.clock >= system.clock_limit || hart.instret_at(hart.clock) >= system.instret_limit;
}

bool poll_host(System& system, std::uint64_t clock) {
  if (clock < system.poll_at) return true;
  system.poll_at = clock + poll_interval;
  system.telling = nullptr;
  if (!system.keep_going || system.keep_going()) return true;
  system.end(Stop::interrupted, 130);
  return false;
}

void trap_fetch(Hart& hart) {
  const TrapCause trap = hart.trap;
  hart.pending = Pending::none;
  enter_trap(
      hart, hart.clock,
      {false, trap.code, trap.value, hart.pc, trap.has_walk ? &hart.translation.last_walk() : nullptr});
  ++hart.clock;  // the attempt costs a cycle and retires nothing
  ++hart.unretired;
}

// Frees dropped blocks. `current` is between blocks; nobody else may stay inside one.
void collect_code(System& system) {
  for (const auto& hart : system.harts) system.look_up(*hart);
  if (system.current->op != system.arrival) system.current->op = nullptr;
  system.code.collect();
}

// One instruction that is not kept: its bits may come from two pages, or from the boot ROM.
bool fetch_bits(System& system, Hart& hart, PhysAddr physical, std::uint32_t& bits) {
  const std::uint8_t* low = system.platform.fetchable(physical, 2);
  std::uint16_t half = 0;
  if (low == nullptr) {
    raise(hart, cause::fetch_access, hart.pc);
    return false;
  }
  std::memcpy(&half, low, sizeof half);
  bits = half;
  if ((half & 3) != 3) return true;
  const std::uint64_t second_va = hart.pc + 2;
  PhysAddr second{physical.value + 2};
  if ((second_va & page_offset_mask) == 0) {
    if (!fetch_address(hart, hart.clock, second_va, 2, second)) return false;
  } else if (!hart.pmp.allows(second, 2, mmu::Access::fetch, hart.privilege)) {
    raise(hart, cause::fetch_access, second_va);
    return false;
  }
  const std::uint8_t* high = system.platform.fetchable(second, 2);
  if (high == nullptr) {
    raise(hart, cause::fetch_access, second_va);
    return false;
  }
  std::memcpy(&half, high, sizeof half);
  bits |= std::uint32_t{half} << 16;
  return true;
}

Block* scratch_from_bits(System& system, Hart& hart, std::uint32_t bits) {
  const auto offset = static_cast<std::uint16_t>(hart.pc & page_offset_mask);
  Op* ops = hart.scratch.block.ops();
  system.code.decode(bits, offset, 0, ops[0]);
  system.code.end_without_jump(ops[1], static_cast<std::uint16_t>(offset + ops[0].length), 1);
  return &hart.scratch.block;
}

Block* scratch_from_op(System& system, Hart& hart, const Op& op) {
  Op* ops = hart.scratch.block.ops();
  ops[0] = op;
  ops[0].index = 0;
  system.code.end_without_jump(ops[1], static_cast<std::uint16_t>(op.page_offset + op.length), 1);
  return &hart.scratch.block;
}

bool crosses_page(const Ram& ram, PhysAddr physical) {
  if ((physical.value & page_offset_mask) != page_size - 2) return false;
  return (*ram.host(physical) & 3) == 3;
}

Block* keep_block(System& system, Hart& hart, std::uint64_t physical) {
  Block* const block = system.code.at(physical);
  if (system.code.take_new_code_page()) system.forget_fast_stores();
  hart.jump->put(hart.pc, block);
  return block;
}

Block* fetch_block(System& system, Hart& hart) {
  PhysAddr physical;
  hart.current_pc = hart.pc;
  if (!fetch_address(hart, hart.clock, hart.pc, 2, physical)) return nullptr;
  const bool whole_page = hart.pmp.uniform(physical);
  if (!system.ram.contains(PhysAddr{physical.value & ~page_offset_mask}, page_size) || !whole_page ||
      crosses_page(system.ram, physical)) {
    std::uint32_t bits = 0;
    if (!fetch_bits(system, hart, physical, bits)) return nullptr;
    ++hart.slow_fetches;
    return scratch_from_bits(system, hart, bits);
  }
  ++hart.slow_fetches;
  hart.jump->page = hart.pc & ~page_offset_mask;
  hart.jump->physical_page = physical.value & ~page_offset_mask;
  return keep_block(system, hart, physical.value);
}

}  // namespace

bool service(System& system, Hart& hart) {
  system.current = &hart;
  if (system.next_event <= hart.clock) system.handle_events(hart.clock, false);
  if (system.stop == Stop::none && limits_reached(system, hart)) system.end(Stop::limit, 0);
  if (system.stop != Stop::none || !poll_host(system, hart.clock)) return false;
  if (system.code.wants_collection()) collect_code(system);
  const int interrupt = interrupt_to_take(hart);
  if (interrupt >= 0) {
    enter_trap(hart, hart.clock, {true, static_cast<std::uint64_t>(interrupt), 0, hart.pc, nullptr});
    if (hart.op != system.arrival)
      hart.op = nullptr;  // the observed engine's place in a block is no longer valid
  }
  system.set_deadline(hart);
  return true;
}

Block* block_in_page(System& system, Hart& hart) {
  const std::uint64_t offset = hart.pc & page_offset_mask;
  if (hart.pc - offset != hart.jump->page || offset == page_size - 2) return nullptr;
  ++hart.slow_fetches;
  if (mmu::translates(hart.fetch_context)) hart.translation.absorbed_hits(mmu::Access::fetch, 1);
  return keep_block(system, hart, hart.jump->physical_page + offset);
}

Block* whole_block_at(System& system, Hart& hart) {
  const JumpEntry& known = hart.jump->slots[JumpTable::index(hart.pc)];
  Block* block = known.pc == hart.pc ? known.block : block_in_page(system, hart);
  if (block == nullptr) block = fetch_block(system, hart);
  if (block == nullptr) {
    trap_fetch(hart);
    return nullptr;
  }
  hart.page_pc = hart.pc & ~page_offset_mask;
  return block;
}

Block* block_at(System& system, Hart& hart) {
  Block* const block = whole_block_at(system, hart);
  if (block == nullptr || hart.clock + block->instructions <= hart.deadline || block->instructions == 1)
    return block;
  return scratch_from_op(system, hart, block->ops()[0]);
}

bool idle(System& system) {
  while (system.awake == 0) {
    if (system.stop != Stop::none) return false;
    const std::uint64_t next = system.next_event;
    if (next == never.value) {
      system.end(Stop::deadlock, 1);
      return false;
    }
    if (next >= system.clock_limit) {
      system.end(Stop::limit, 0);
      return false;
    }
    if (!poll_host(system, next)) return false;
    system.handle_events(next, true);
  }
  return true;
}

}  // namespace hartbeat

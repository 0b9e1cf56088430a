// The two engines that run harts. Both give the same clocks, registers and memory; only their speed and what they tell
// differ.
//
// fast: threaded code. Each operation's handler calls the next as a tail call; with one hart straight on, with several
//   round the ring of awake harts, so that every hart executes one instruction in each cycle, in the order of ids.
// observed: one instruction at a time with a record of what it did, for traces and for cycle models.
#pragma once

#include "emu/hart/memory.hpp"
#include "emu/hart/system.hpp"

namespace hartbeat {

const HandlerSet& fast_handlers(bool ring);

// Runs until System::stop is set.
void run_fast(System& system);
// One instruction, or one trap in its place, of the observed engine.
struct Step {
  const Op* op = nullptr;  // what was executed; null when the fetch trapped
  std::uint64_t pc = 0;
  std::uint64_t next_pc = 0;
  Privilege privilege = Privilege::machine;  // before
  bool trapped = false;                      // did not retire; hart.pc is the handler
  bool waits = false;                        // wfi: the caller puts the hart to sleep
  TrapCause cause;                           // with trapped
};

// Executes the instruction at hart.pc with hart.clock as its time, and records what it did in *hart.recorder (which must be
// set). Moves hart.pc, not the clock: the caller knows what the instruction costs and tells it with `spend`.
// Precondition: nothing is due (hart.clock < hart.deadline or service() has been called).
Step step(System& system, Hart& hart);
// The block at hart.pc when it lies in the page that was fetched last (JumpTable::page), decoded now if it is new; else null.
Block* block_in_page(System& system, Hart& hart);
// The operation at hart.pc, when it is an instruction with these bits in code that is known already; else null. Precondition:
// hart.op is as step() leaves it.
inline const Op* known_op(System& system, Hart& hart, std::uint32_t bits) {
  const Op* op = hart.op;
  if (op == nullptr) {
    const JumpEntry& known = hart.jump->slots[JumpTable::index(hart.pc)];
    Block* const block = known.pc == hart.pc ? known.block : block_in_page(system, hart);
    if (block == nullptr) return nullptr;
    hart.page_pc = hart.pc & ~page_offset_mask;
    op = block->ops();
  } else if (hart.pc_of(op) != hart.pc) {
    return nullptr;
  }
  return op->bits == bits && !system.code.is_illegal(*op) && !hart.hpm.each_instruction ? op : nullptr;
}
// The fast table has the page of this access, so that it neither traps nor reaches a device, and concerns no reservation of
// another hart. Precondition: the access is made next; the D-TLB's replacement hears of it here, where it looks at hits.
inline bool serves(Hart& hart, std::uint64_t address, unsigned size_log2, bool store) {
  const FastTable& table = *hart.fast;
  const FastEntry& entry = (store ? table.write : table.read)[FastTable::index(address)];
  if (store && (hart.system->reserving_harts & ~(std::uint64_t{1} << hart.id.value)) != 0) return false;
  const std::uint64_t tag = address & (~page_offset_mask | ((std::uint64_t{1} << size_log2) - 1));
  if (tag == entry.tag) return true;
  if ((tag | FastEntry::resting) != entry.tag) return false;
  rouse_page(hart, address);
  return true;
}
// step() for an operation from there that only computes, branches or jumps, on a hart that has C, or that loads or stores an
// integer register where the fast table serves it: it cannot trap, and its time does not matter.
void step_plainly(Hart& hart, const Op& op);
// The same at `clock`, recorded and told to the listeners; hart.clock may stay behind.
void step_plainly_and_tell(Hart& hart, const Op& op, std::uint64_t clock);
// Moves the hart's time without retiring anything.
inline void set_clock(Hart& hart, std::uint64_t clock) {
  hart.unretired += clock - hart.clock;
  hart.clock = clock;
}
// The instruction has taken the hart's clock to `clock`.
inline void spend(Hart& hart, const Step& step, std::uint64_t clock) {
  hart.unretired += clock - hart.clock - (step.trapped ? 0 : 1);
  hart.clock = clock;
}

// Runs until System::stop is set, telling the listeners of retired instructions. One instruction, or one trap in its place,
// is one cycle.
void run_observed(System& system);

// --- shared by the engines
// What is due at the start of a hart's turn with clock >= deadline: devices' events, limits, an interrupt.
// False: the run stops here.
bool service(System& system, Hart& hart);
// The block to execute at hart.pc (a scratch block when needed); Hart::page_pc is set. nullptr: the fetch trapped, and
// the handler's address is in hart.pc.
Block* block_at(System& system, Hart& hart);
// The same for an engine that looks up behind every instruction: deadlines do not cut the block.
Block* whole_block_at(System& system, Hart& hart);
// Nobody is awake: time passes until an event wakes somebody. False: the run stops here.
bool idle(System& system);

// Without C an instruction's address is a multiple of 4: a jump or taken branch elsewhere traps (unprivileged spec, "Control
// Transfer Instructions").
inline bool is_misaligned_target(const Hart& hart, std::uint64_t target) {
  return (target & 2) != 0 && !hart.config.extensions.has(isa::Extension::c);
}

// The hart whose turn it is: awake, smallest clock, smallest id. Null when all sleep.
inline Hart* next_in_line(System& system) {
  Hart* first = nullptr;
  for (const auto& hart : system.harts) {
    if (!hart->sleeping && (first == nullptr || hart->clock < first->clock)) first = hart.get();
  }
  return first;
}
void tell_retired(System& system, Hart& hart, const Step& step);

}  // namespace hartbeat

#include <array>
#include <utility>

#include "emu/hart/engine.hpp"
#include "emu/hart/view.hpp"
#include "emu/isa/table.hpp"

// Tail calls need an optimising compiler that keeps no frames alive; elsewhere a loop calls the handlers.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define HARTBEAT_TAIL_CALLS 1
#else
#define HARTBEAT_TAIL_CALLS 0
#endif

namespace hartbeat {
namespace {

using isa::Flow;
using isa::Kind;

template <Mode M>
Hart* arrive(Hart* h, const Op*);

constexpr Op arrival_op(Handler handler) {
  Op op;
  op.handler = handler;
  return op;
}
constexpr Op ring_arrival = arrival_op(&arrive<Mode::ring>);
constexpr Op single_arrival = arrival_op(&arrive<Mode::single>);

template <Mode M>
constexpr const Op* arrival() {
  return M == Mode::ring ? &ring_arrival : &single_arrival;
}

// Executes `op` within the same turn.
[[gnu::always_inline]] inline Hart* perform(Hart* h, const Op* op) {
#if HARTBEAT_TAIL_CALLS
  return op->handler(h, op);
#else
  h->op = op;
  return h;
#endif
}

// `op` is the hart's next; the turn goes on to the next hart in the ring.
template <Mode M>
[[gnu::always_inline]] inline Hart* advance(Hart* h, const Op* op) {
  if constexpr (M == Mode::single) return perform(h, op);
  h->op = op;
  h = h->ring_next;
  return perform(h, h->op);
}

// Leaves the block for hart.pc; what that costs is found out at the start of the hart's next turn.
template <Mode M>
[[gnu::always_inline]] inline Hart* leave(Hart* h, std::uint64_t pc) {
  h->pc = pc;
  return advance<M>(h, arrival<M>());
}

template <Mode M>
Hart* stop_here(Hart* h) {
  h->op = arrival<M>();
  h->system->current = h;
  return nullptr;
}

template <Mode M>
Hart* arrive(Hart* h, const Op*) {
  System& system = *h->system;
  if (h->clock >= h->deadline && !service(system, *h)) return stop_here<M>(h);
  Block* block = block_at(system, *h);
  if (block == nullptr) return system.stop == Stop::none ? advance<M>(h, arrival<M>()) : stop_here<M>(h);
  return perform(h, block->ops());
}

template <Mode M>
[[gnu::noinline]] Hart* failed(Hart* h, const Op* op) {
  const std::uint64_t now = h->now(op);
  const std::uint64_t pc = h->pc_of(op);
  const Pending pending = h->pending;
  h->pending = Pending::none;
  h->clock = now + 1;
  if (pending == Pending::boundary) {
    h->pc = pc + op->length;
    if (h->system->stop != Stop::none) return stop_here<M>(h);
    return leave<M>(h, pc + op->length);
  }
  const TrapCause trap = h->trap;
  ++h->fetched_in_vain;
  enter_trap(*h, now,
             {false, trap.code, trap.value, pc, trap.has_walk ? &h->translation.last_walk() : nullptr});
  ++h->unretired;
  if (h->system->stop != Stop::none) return stop_here<M>(h);
  return leave<M>(h, h->pc);
}

// A jump or branch to where no instruction can be: as if it had not been executed. The clock is already behind it.
template <Mode M>
[[gnu::noinline]] Hart* misaligned(Hart* h, const Op* op, std::uint64_t target) {
  h->clock -= op->index + 1u;
  raise(*h, cause::fetch_misaligned, target);
  return failed<M>(h, op);
}

// A jump to code that the jump table does not know. `link`: what rd held before.
template <Mode M>
[[gnu::noinline]] Hart* jump_far(Hart* h, const Op* op, std::uint64_t target, std::uint64_t link) {
  if (!is_misaligned_target(*h, target)) return leave<M>(h, target);
  h->x[op->operands.rd] = link;
  return misaligned<M>(h, op, target);
}

// Takes the link to a block in the same page when it is known and ends before the deadline.
template <Mode M>
[[gnu::noinline]] Hart* branch_far(Hart* h, const Op* op, bool taken) {
  const std::uint64_t pc = h->pc_of(op);
  const std::uint64_t target = pc + (taken ? static_cast<std::uint64_t>(op->operands.imm) : op->length);
  if (taken && is_misaligned_target(*h, target)) return misaligned<M>(h, op, target);
  Block* block = Block::of(op);
  const bool near =
      (target & ~page_offset_mask) == h->page_pc && (target & page_offset_mask) != page_size - 2;
  if (near && block->linkable) {
    CodeCache& code = h->system->code;
    Block* next = code.at((block->physical & ~page_offset_mask) | (target & page_offset_mask));
    (taken ? block->taken : block->fall) = next;
  }
  return leave<M>(h, target);
}

template <Mode M>
[[gnu::noinline]] Hart* system_done(Hart* h, const Op* op, Flow flow) {
  if (flow == Flow::trapped) return failed<M>(h, op);
  const std::uint64_t next_pc = h->pc_of(op) + op->length;
  h->clock += op->index + 1u;
  if (flow == Flow::redirect) return leave<M>(h, h->pc);
  h->pc = next_pc;
  if (flow == Flow::next) return h->system->stop == Stop::none ? leave<M>(h, next_pc) : stop_here<M>(h);
  h->op = arrival<M>();
  Hart* next = h->ring_next;
  h->system->sleep(*h);
  if (M == Mode::single || h->system->awake == 0) return nullptr;
  return perform(next, next->op);
}

template <Mode M, std::size_t I>
Hart* execute(Hart* h, const Op* op) {
  constexpr const auto& row = isa::row_at<I>();
  constexpr Kind kind = std::remove_cvref_t<decltype(row)>::kind;
  View<M> view{h, op};
  if constexpr (kind == Kind::compute) {
    row.body(view, op->operands);
    return advance<M>(h, op + 1);
  } else if constexpr (kind == Kind::memory || kind == Kind::fp) {
    if (!row.body(view, op->operands)) [[unlikely]]
      return failed<M>(h, op);
    return advance<M>(h, op + 1);
  } else if constexpr (kind == Kind::branch) {
    const bool taken = row.body(view, op->operands);
    Block* const block = Block::of(op);
    Block* const next = taken ? block->taken : block->fall;
    h->clock += op->index + 1u;
    if (next != nullptr && h->clock + next->instructions <= h->deadline) [[likely]] {
      return advance<M>(h, next->ops());
    }
    return branch_far<M>(h, op, taken);
  } else if constexpr (kind == Kind::jump) {
    const std::uint64_t link = h->x[op->operands.rd];
    const std::uint64_t target = row.body(view, op->operands);
    h->clock += op->index + 1u;
    const JumpEntry& known = h->jump->slots[JumpTable::index(target)];
    if (known.pc == target && h->clock + known.block->instructions <= h->deadline) [[likely]] {
      h->page_pc = target & ~page_offset_mask;
      return advance<M>(h, known.block->ops());
    }
    return jump_far<M>(h, op, target, link);
  } else {
    return system_done<M>(h, op, row.body(view, op->operands));
  }
}

template <Mode M>
Hart* illegal(Hart* h, const Op* op) {
  SystemCalls::illegal(*h, op);
  return failed<M>(h, op);
}

// Behind the last instruction of a block that does not jump: the next block, in the same turn.
template <Mode M>
Hart* fall(Hart* h, const Op* op) {
  Block* const block = Block::of(op);
  h->clock += op->index;
  if (block->fall != nullptr && h->clock + block->fall->instructions <= h->deadline) {
    return perform(h, block->fall->ops());
  }
  h->pc = h->page_pc + op->page_offset;  // may be the first byte behind the page
  const bool near = op->page_offset < page_size - 2 && block->linkable;
  if (near) block->fall = h->system->code.at((block->physical & ~page_offset_mask) | op->page_offset);
  h->op = arrival<M>();
  return perform(h, h->op);
}

template <Mode M, std::size_t... I>
constexpr std::array<Handler, sizeof...(I)> handlers_of(std::index_sequence<I...>) {
  return {&execute<M, I>...};
}

template <Mode M>
constexpr std::array<Handler, isa::row_count> handlers =
    handlers_of<M>(std::make_index_sequence<isa::row_count>());

template <Mode M>
constexpr HandlerSet handler_set{handlers<M>.data(), &fall<M>, &illegal<M>};

}  // namespace

const HandlerSet& fast_handlers(bool ring) {
  return ring ? handler_set<Mode::ring> : handler_set<Mode::single>;
}

namespace {

// Brings every hart to a state that any engine can go on from: hart.pc and hart.clock exact.
void settle(System& system) {
  for (const auto& hart : system.harts) {
    if (hart->op != system.arrival && !hart->sleeping) {
      hart->pc = hart->pc_of(hart->op);
      hart->clock += hart->op->index;
    }
    hart->op = nullptr;
  }
  system.in_blocks = false;
}

void run_blocks(System& system) {
  system.in_blocks = system.ring;
  system.arrival = system.ring ? arrival<Mode::ring>() : arrival<Mode::single>();
  for (const auto& hart : system.harts) {
    hart->op = system.arrival;  // pc and clock are exact, also when the other engine stood within a block
    system.set_deadline(*hart);
  }
  while (system.stop == Stop::none) {
    if (system.awake == 0 && !idle(system)) return;
    Hart* hart = next_in_line(system);
    system.current = hart;
    while (hart != nullptr) hart = hart->op->handler(hart, hart->op);
  }
}

}  // namespace

void run_fast(System& system) {
  run_blocks(system);
  settle(system);
}

}  // namespace hartbeat

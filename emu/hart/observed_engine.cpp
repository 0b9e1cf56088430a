#include <array>
#include <utility>

#include "emu/hart/engine.hpp"
#include "emu/hart/view.hpp"
#include "emu/isa/csr_names.hpp"
#include "emu/isa/table.hpp"

namespace hartbeat {
namespace {

using isa::Flow;
using isa::Kind;

// What a body asks for, without the engine that does it.
struct Outcome {
  Flow flow = Flow::next;
  std::uint64_t next_pc = 0;
};

Outcome jump_to(Hart& h, std::uint64_t target) {
  if (!is_misaligned_target(h, target)) return {Flow::next, target};
  raise(h, cause::fetch_misaligned, target);
  return {Flow::trapped, 0};
}

// Floating-point instructions change fflags and mstatus.FS beside their result; a commit log names both.
void record_float_state(Hart& hart, std::uint32_t fflags_before) {
  Recorder& recorder = *hart.recorder;
  const std::uint32_t raised = hart.csr.fflags;
  hart.csr.fflags = fflags_before | raised;
  if (raised != 0) {
    hart.csr.mstatus |= mstatus::FS;
    recorder.csr_effect(static_cast<std::uint16_t>(isa::Csr::fflags), hart.csr.fflags);
  }
}

using Observe = Outcome (*)(Hart*, const Op*);

template <Mode M, std::size_t I>
Outcome observe(Hart* h, const Op* op) {
  constexpr const auto& row = isa::row_at<I>();
  constexpr Kind kind = std::remove_cvref_t<decltype(row)>::kind;
  View<M> view{h, op};
  const std::uint64_t next_pc = view.next_pc();
  if constexpr (kind == Kind::compute) {
    row.body(view, op->operands);
    return {Flow::next, next_pc};
  } else if constexpr (kind == Kind::fp) {
    const std::uint32_t fflags = std::exchange(h->csr.fflags, 0);
    row.body(view, op->operands);
    record_float_state(*h, fflags);
    return {h->pending == Pending::trap ? Flow::trapped : Flow::next, next_pc};
  } else if constexpr (kind == Kind::memory) {
    row.body(view, op->operands);
    return {h->pending == Pending::trap ? Flow::trapped : Flow::next, next_pc};
  } else if constexpr (kind == Kind::branch) {
    if (!row.body(view, op->operands)) return {Flow::next, next_pc};
    return jump_to(*h, view.pc() + static_cast<std::uint64_t>(op->operands.imm));
  } else if constexpr (kind == Kind::jump) {
    const std::uint64_t link = h->x[op->operands.rd];
    const Outcome outcome = jump_to(*h, row.body(view, op->operands));
    if (outcome.flow == Flow::trapped) h->x[op->operands.rd] = link;
    return outcome;
  } else {
    return {row.body(view, op->operands), next_pc};
  }
}

// Computes, branches, jumps, loads or stores: for step_plainly.
template <std::size_t I>
constexpr Observe plain_observer() {
  constexpr Kind kind = std::remove_cvref_t<decltype(isa::row_at<I>())>::kind;
  if constexpr (kind == Kind::compute || kind == Kind::memory || kind == Kind::branch || kind == Kind::jump)
    return &observe<Mode::ring, I>;
  else
    return nullptr;
}

template <std::size_t... I>
constexpr std::array<Observe, sizeof...(I)> observers_of(std::index_sequence<I...>) {
  return {&observe<Mode::observed, I>...};
}
template <std::size_t... I>
constexpr std::array<Observe, sizeof...(I)> plain_observers_of(std::index_sequence<I...>) {
  return {plain_observer<I>()...};
}
constexpr auto observers = observers_of(std::make_index_sequence<isa::row_count>());
constexpr auto plain_observers = plain_observers_of(std::make_index_sequence<isa::row_count>());

void count_before(Hart& hart, const Op& op, std::uint64_t times) {
  const isa::Unit unit = isa::row_infos[op.operands.row].unit;
  if (unit != isa::Unit::csr) hpm::count_unit(hart, static_cast<unsigned>(unit), times);
}

void count_after(Hart& hart, const Op& op, bool taken) {
  const isa::Unit unit = isa::row_infos[op.operands.row].unit;
  if (unit == isa::Unit::csr) hpm::count_unit(hart, static_cast<unsigned>(unit), 1);
  if (unit == isa::Unit::branch) hart.hpm.taken += taken;
}

void take_pending_trap(Hart& hart, Step& step) {
  step.trapped = true;
  step.cause = hart.trap;
  hart.pending = Pending::none;
  ++hart.fetched_in_vain;
  enter_trap(hart, hart.clock,
             {false, hart.trap.code, hart.trap.value, step.pc,
              hart.trap.has_walk ? &hart.translation.last_walk() : nullptr});
  step.next_pc = hart.pc;
}

#define HARTBEAT_INLINE [[gnu::always_inline]] inline

HARTBEAT_INLINE Step step_on(System& system, Hart& hart) {
  Step step;
  step.pc = hart.pc;
  step.privilege = hart.privilege;
  hart.recorder->clear();
  // The block's next operation if the hart stands on it, else whatever is at pc.
  const Op* op = hart.op;
  const bool in_block = op != nullptr && op != system.arrival && op->index < Block::of(op)->instructions &&
                        hart.pc_of(op) == hart.pc;
  if (!in_block) {
    const std::uint64_t clock = hart.clock, unretired = hart.unretired;
    Block* block = whole_block_at(system, hart);
    if (block == nullptr) {
      hart.clock = clock;
      hart.unretired = unretired;
      hart.op = nullptr;
      step.trapped = true;
      step.cause = hart.trap;
      step.next_pc = hart.pc;
      return step;
    }
    op = block->ops();
  }
  step.op = op;
  const std::uint64_t clock = hart.clock;
  hart.clock = clock - op->index;  // bodies see clock + index
  // Counted before, so that what changes privilege belongs to the old one; a CSR instruction does not see itself.
  const bool counts = hart.hpm.each_instruction;
  if (counts) [[unlikely]]
    count_before(hart, *op, 1);
  Outcome outcome;
  if (system.code.is_illegal(*op)) {
    outcome.flow = SystemCalls::illegal(hart, op);
  } else {
    outcome = observers[op->operands.row](&hart, op);
  }
  hart.clock = clock;
  const bool boundary = hart.pending == Pending::boundary;
  if (outcome.flow == Flow::trapped) {
    if (counts) count_before(hart, *op, ~std::uint64_t{0});
    take_pending_trap(hart, step);
    hart.op = nullptr;
    return step;
  }
  if (hart.hpm.each_instruction) [[unlikely]]
    count_after(hart, *op, outcome.next_pc != step.pc + op->length);
  hart.pending = Pending::none;
  step.waits = outcome.flow == Flow::wait;
  step.next_pc = outcome.flow == Flow::redirect ? hart.pc : outcome.next_pc;
  hart.pc = step.next_pc;
  const bool straight = !boundary && op->index + 1u < Block::of(op)->instructions;
  hart.op = straight ? op + 1 : nullptr;
  return step;
}

// The event is filled in its place, field by field: what is copied in wider pieces than it was written in waits for the
// host's store buffer, and that was a third of a trace's time.
HARTBEAT_INLINE void tell(System& system, Hart& hart, const Op& op, std::uint64_t pc, std::uint64_t next_pc,
                          Privilege privilege) {
  Recorder& recorder = *hart.recorder;
  RetireEvent& event = recorder.event;
  system.telling = &hart;
  system.telling_clock = hart.clock;
  event.site.hart = hart.id;
  event.site.cycle.value = hart.clock;
  event.site.instret = hart.instret_at(hart.clock);
  event.site.pc.value = pc;
  event.site.privilege = privilege;
  event.site.satp = hart.csr.satp;
  event.bits = op.bits;
  event.length = op.length;
  event.operands = &op.operands;
  event.next_pc.value = next_pc;
  event.memory = {recorder.memory.data(), recorder.memory_count};
  event.csrs = {recorder.csrs.data(), recorder.csr_count};
  system.events.emit(system.events.retired(), event);
}

HARTBEAT_INLINE void step_plainly_by(const Observe body, Hart& hart, const Op& op) {
  hart.pc = body(&hart, &op).next_pc;
  hart.op = op.index + 1u < Block::of(&op)->instructions ? &op + 1 : nullptr;
}

// The instruction in short, to who wants it so.
HARTBEAT_INLINE bool is_taken(const Recorder& recorder, const Op& op, std::uint64_t next_pc,
                              std::uint64_t clock) {
  if (recorder.sink == nullptr || recorder.csr_count != 0) return false;
  const std::uint64_t value = recorder.event.rd_value;
  if (recorder.memory_count == 0) return recorder.sink->on_plain(op.bits, next_pc, clock, value);
  return recorder.memory_count == 1 &&
         recorder.sink->on_access(op.bits, next_pc, clock, value, recorder.memory[0]);
}

#undef HARTBEAT_INLINE

[[gnu::noinline]] void tell_plain(Hart& hart, const Op& op, std::uint64_t clock) {
  set_clock(hart, clock);
  tell(*hart.system, hart, op, hart.pc_of(&op), hart.pc, hart.privilege);
}

}  // namespace

Step step(System& system, Hart& hart) { return step_on(system, hart); }
void step_plainly(Hart& hart, const Op& op) { step_plainly_by(plain_observers[op.operands.row], hart, op); }

void step_plainly_and_tell(Hart& hart, const Op& op, std::uint64_t clock) {
  hart.recorder->clear();
  step_plainly_by(observers[op.operands.row], hart, op);
  if (!is_taken(*hart.recorder, op, hart.pc, clock)) tell_plain(hart, op, clock);
}

void tell_retired(System& system, Hart& hart, const Step& step) {
  if (is_taken(*hart.recorder, *step.op, step.next_pc, hart.clock)) return;
  tell(system, hart, *step.op, step.pc, step.next_pc, step.privilege);
}

void run_observed(System& system) {
  const bool tells = system.events.wants_retired();
  for (const auto& hart : system.harts) system.set_deadline(*hart);
  while (system.stop == Stop::none) {
    Hart* hart = next_in_line(system);
    if (hart == nullptr) {
      if (!idle(system)) return;
      continue;
    }
    system.current = hart;
    if (hart->clock >= hart->deadline && !service(system, *hart)) return;
    const Step done = step_on(system, *hart);
    if (tells && !done.trapped) tell(system, *hart, *done.op, done.pc, done.next_pc, done.privilege);
    spend(*hart, done, hart->clock + 1);
    if (done.waits) system.sleep(*hart);
  }
}

}  // namespace hartbeat

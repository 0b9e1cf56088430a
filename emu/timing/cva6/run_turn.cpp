// One turn of Cva6Run: the functional core executes an instruction, or takes a trap, and the model is told.
#include <algorithm>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/trap.hpp"
#include "emu/timing/cva6/lane.hpp"

namespace hartbeat::timing::cva6 {
namespace {

bool reads_cycle(const Decoded& d) {
  return d.fu == Fu::csr && (d.op == Op::csr_read || d.op == Op::csr_write) &&
         (d.csr == 0xB00 || d.csr == 0xC00 || d.csr == 0xC01);
}

}  // namespace

// Executes the load, store or access to a CSR at hand, or a plain instruction whose code is not known yet. False: it has trapped, or is another one and nothing has been done.
bool Cva6Run::perform_usually(Lane& lane) {
  const Decoded& d = lane.core->issue_decoded();
  const bool csr = d.fu == Fu::csr && (d.op == Op::csr_read || d.op == Op::csr_write) && !d.flushes;
  if (!csr && !d.plain && (!d.accesses_memory || d.is_amo())) return false;
  Retirement& out = lane.core->record();
  before(lane.hart, d, out);
  if (reads_time(d, out)) return false;
  --lane.due_after;
  return !perform(lane, d, out);
}

// The instruction that before() has begun to tell of. True: it has trapped.
bool Cva6Run::perform(Lane& lane, const Decoded& d, Retirement& out) {
  Hart& hart = lane.hart;
  const Step done = step(system_, hart);
  after(hart, done, d.fu == Fu::csr, out);
  if (d.op == Op::amo_sc && !done.trapped && lane.recorder.event.writes_x)
    out.sc_failed = lane.recorder.event.rd_value != 0;
  if (listens_ && !done.trapped) tell_retired(system_, hart, done);
  spend(hart, done, hart.clock);
  lane.core->given();
  look_around(lane, done, d.fu == Fu::csr);
  return done.trapped;
}

void Cva6Run::turn(Lane& lane) {
  set_clock(lane.hart, lane.core->cycle());
  const int cause = lane.core->interrupt();
  if (cause < 0 || !displaces(lane.hart, cause)) return execute(lane);
  interrupt(lane, cause);
}

// A level that a device has taken back meanwhile displaces nothing.
bool Cva6Run::displaces(const Hart& hart, int cause) {
  return cause == irq::MTI || cause == irq::MSI || ((pending_interrupts(hart) >> cause) & 1) != 0;
}

// What is behind an instruction that can have changed anything besides registers and pc; `state_told`: the model has been
// told of the CSRs.
void Cva6Run::look_around(Lane& lane, const Step& done, bool state_told) {
  Hart& hart = lane.hart;
  if (hart.privilege != done.privilege) settle(lane, done.privilege);
  if (state_told || done.trapped) {
    lane.seen_mip = pending_interrupts(hart) & told_lines;
    lane.hears_at = never_cycle;
    keep_due(lane);  // which CSRs have a part in
  }
  for (unsigned i = 0; i < lane.recorder.memory_count; ++i) {
    const MemoryEffect& effect = lane.recorder.memory[i];
    if (system_.ram.contains(effect.physical, effect.size)) continue;
    tell_lines(hart.clock);
    keep_due(lane);
    lane.device_store |= effect.store;
    device_stores_ |= effect.store;
  }
  if (limit_reached(hart)) system_.end(Stop::limit, 0);
}

// What the model looks at of the hart's state.
void Cva6Run::tell_state(const Hart& hart, Retirement& out) {
  out.satp = hart.csr.satp;
  out.mstatus = hart.csr.mstatus;
  out.mie = hart.csr.mie;
  out.mideleg = hart.csr.mideleg;
  out.mip = pending_interrupts(hart);
  out.frm = static_cast<std::uint8_t>(hart.csr.frm);
  out.privilege_after = static_cast<std::uint8_t>(hart.privilege);
}

void Cva6Run::before(const Hart& hart, const Decoded& d, Retirement& out) {
  out.pc = VirtAddr{hart.pc};
  out.trapped = out.interrupt = out.sc_failed = false;
  out.operand_a = d.rs1_fpr ? hart.f[d.rs1] : hart.x[d.rs1];
  out.operand_b = d.rs2_fpr ? hart.f[d.rs2] : hart.x[d.rs2];
  // Of each instruction, as Core::given_plainly() has it: the front end may have led another one here, and what that one is said to
  // access must not be what was left behind.
  out.data_address =
      VirtAddr{out.operand_a + static_cast<std::uint64_t>(static_cast<std::int64_t>(d.immediate))};
  out.store_value = out.operand_b;
  out.next_pc = VirtAddr{hart.pc + d.length};
  out.frm = static_cast<std::uint8_t>(hart.csr.frm);
}

// The model looks at the CSRs only behind a trap and an instruction that may change them.
void Cva6Run::after(const Hart& hart, const Step& step, bool may_write_csr, Retirement& out) {
  out.next_pc = VirtAddr{step.next_pc};
  out.trapped = step.trapped;
  out.cause = static_cast<std::uint8_t>(step.cause.code);
  if (step.trapped || may_write_csr) tell_state(hart, out);
}

void Cva6Run::interrupt(Lane& lane, int cause) {
  Hart& hart = lane.hart;
  Step step;
  step.pc = hart.pc;
  step.privilege = hart.privilege;
  step.trapped = true;
  Retirement& out = lane.core->record();
  before(hart, lane.core->issue_decoded(), out);
  enter_trap(hart, hart.clock, {true, static_cast<std::uint64_t>(cause), 0, hart.pc, nullptr});
  hart.op = nullptr;
  step.next_pc = hart.pc;
  after(hart, step, true, out);
  out.interrupt = true;
  out.cause = static_cast<std::uint8_t>(cause);
  lane.core->given();
  lane.recorder.clear();
  look_around(lane, step, true);
}

// From when on somebody else than its timer, which the model knows, may wake a hart.
std::uint64_t Cva6Run::others_may_wake(unsigned index) const {
  constexpr std::uint64_t wire =
      4;  // cycles by which the board's timer event and the model's wire may differ
  const std::uint64_t rise = timing_->interconnect().clint.next_rise(index, timing_->core(index).cycle());
  const bool timer_is_next = rise != never_cycle && system_.next_event + wire >= rise;
  return timer_is_next ? horizon_ : std::min(horizon_, system_.next_event);
}

bool Cva6Run::reads_time(const Decoded& d, const Retirement& out) {
  if (d.fu == Fu::load) return out.data_address.value - (ClintWires::base + 0xBFF8) < 8;
  return reads_cycle(d);
}

// An instruction that reads the time: what it will read is the model's, which lies ahead. False: it cannot be
// told yet.
bool Cva6Run::foretell(Lane& lane, const Decoded& d, Retirement& out) {
  Hart& hart = lane.hart;
  const unsigned index = hart.id.value;
  if (reads_cycle(d)) {
    out.satp = hart.csr.satp;
    out.mstatus = hart.csr.mstatus;
    out.mie = out.mideleg = out.mip = 0;
    out.cause = 0;
    out.privilege_after = static_cast<std::uint8_t>(hart.privilege);
    const std::optional<std::uint64_t> commit = timing_->predict_commit(index, out, others_may_wake(index));
    if (!commit) return false;
    set_clock(hart, *commit);
  } else {
    out.satp = out.mstatus = out.mie = out.mideleg = out.mip = 0;
    out.cause = 0;
    out.privilege_after = 3;
    set_clock(hart, timing_->predict_device_read(index, out));
  }
  return true;
}

void Cva6Run::execute(Lane& lane) {
  Hart& hart = lane.hart;
  const Decoded& d = lane.core->issue_decoded();
  Retirement& out = lane.core->record();
  before(hart, d, out);
  if (reads_time(d, out) && !foretell(lane, d, out)) return;
  if (is_tracepoint(d)) settle(lane, hart.privilege);  // whoever listens reads the counters
  perform(lane, d, out);
}

}  // namespace hartbeat::timing::cva6

#include "emu/timing/cva6/run.hpp"

#include <algorithm>
#include <cstring>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/trap.hpp"

namespace hartbeat::timing::cva6 {
namespace {

// Cycles between two questions to the host.
constexpr std::uint64_t poll_interval = 1u << 20;

bool reads_cycle(const Decoded& d) {
  return d.fu == Fu::csr && (d.op == Op::csr_read || d.op == Op::csr_write) &&
         (d.csr == 0xB00 || d.csr == 0xC00 || d.csr == 0xC01);
}

// SSIP, STIP, SEIP, MEIP: the lines that are not the CLINT's.
constexpr std::uint64_t told_lines = 0xA22;

// slti x0, rs1, imm (guestos/abi/tracepoints.hpp)
bool is_tracepoint(const Decoded& d) { return (d.bits & 0x7FFF) == 0x2013; }

// The core's fence, on the functional TLBs: usually what SFENCE.VMA has done already, sometimes more
// (core.cpp, fence_operand).
void repeat_fence(Hart& hart, const TlbFlush& fence) {
  const std::uint64_t address = fence.address, asid = fence.asid;
  fence_translations(hart, hart.clock, hart.pc, address ? &address : nullptr, asid ? &asid : nullptr);
  --hart.counters.sfence_vma;
}

// Moves the hart's time without retiring anything.
void set_clock(Hart& hart, std::uint64_t clock) {
  hart.unretired += clock - hart.clock;
  hart.clock = clock;
}

}  // namespace

class Cva6Run::View final : public HartView {
 public:
  explicit View(const Hart& hart) : hart_(hart) {}
  std::uint64_t read_physical(PhysAddr address) const override {
    const Ram& ram = hart_.system->ram;
    const std::uint8_t* host = nullptr;
    if (ram.contains(address, 8))
      host = ram.host(address);
    else
      host = hart_.system->platform.fetchable(address, 8);
    std::uint64_t value = 0;
    if (host) std::memcpy(&value, host, sizeof value);
    return value;
  }
  std::uint64_t integer_register(unsigned index) const override { return hart_.x[index]; }
  std::uint64_t float_register(unsigned index) const override { return hart_.f[index]; }

 private:
  const Hart& hart_;
};

struct Cva6Run::Lane {
  explicit Lane(Hart& h) : hart(h), view(h) {}
  Hart& hart;
  View view;
  Recorder recorder;
  Core* core = nullptr;
  std::uint64_t seen_mip = 0;
  std::uint64_t seen_fences = 0;
  bool sleeps = false, poked = false;  // in wfi with nothing in flight; but a line has changed
  bool plain = false;                  // its last instruction has touched neither memory nor CSRs
  std::uint64_t due_at = 0,
                due_after = 0;  // while it is plain: when due() is next asked, and in how many turns
  std::uint64_t moment = 0;     // when it wants its turn
  // What has been given to the hart's counters.
  StallCounters stalls;
  std::uint64_t cycle = 0;
  std::array<std::uint64_t, 4> cycles_by_privilege{};
};

Cva6Run::Cva6Run(System& system, Cva6Parameters parameters) : system_(system) {
  std::vector<const HartView*> views;
  for (const auto& hart : system.harts) {
    lanes_.push_back(std::make_unique<Lane>(*hart));
    hart->recorder = &lanes_.back()->recorder;
    views.push_back(&lanes_.back()->view);
  }
  parameters.boot_address = system.harts.front()->pc;
  // The functional core executes from all RAM, and so must the model; the RTL has one GiB of it.
  parameters.executable_length = std::max(parameters.executable_length, system.ram.size());
  timing_ = std::make_unique<Cva6Timing>(parameters, views, system.harts[0]->config.extensions);
  std::uint64_t now = 0;  // those that sleep have stayed behind
  for (const auto& hart : system.harts) now = std::max(now, hart->clock);
  for (const auto& lane : lanes_) {
    Hart& hart = lane->hart;
    if (hart.sleeping) system.wake(hart, now, nullptr);
    account_privilege(hart, hart.clock);
    hart.op = nullptr;
    lane->core = &timing_->core(hart.id.value);
    Retirement state;
    tell_state(hart, state);
    lane->core->take_over(hart.clock, hart.pc, state);
    lane->cycle = hart.clock;
    lane->cycles_by_privilege = hart.counters.cycles_by_privilege;
  }
  moments_.resize(lanes_.size());
  system.in_blocks = false;
  take_over_clint();
}

Cva6Run::~Cva6Run() {
  for (const auto& lane : lanes_) lane->hart.recorder = nullptr;
}

// The interrupt wires as the functional run left them.
void Cva6Run::take_over_clint() {
  ClintWires& wires = timing_->interconnect().clint;
  std::uint64_t now = 0;
  for (const auto& lane : lanes_) now = std::max(now, lane->hart.clock);
  if (now == 0) return;  // reset
  const auto copy = [&](std::uint64_t offset, std::uint64_t more) {
    std::uint64_t value = 0;
    if (system_.platform.read(PhysAddr{ClintWires::base + offset}, 8, Cycle{now}, value))
      wires.write(ClintWires::base + offset, value + more, 0xFF, now);
  };
  for (unsigned hart = 0; hart < lanes_.size(); ++hart) {
    if (hart % 2 == 0) copy(4 * hart, 0);
    copy(0x4000 + 8 * hart, 0);
  }
  copy(0xBFF8, 1);  // a write takes the cycle
}

void Cva6Run::run() {
  some_sleep_ = true;  // somebody else may have moved the harts
  while (system_.stop == Stop::none) {
    const std::optional<unsigned> first = next_lane();
    if (!first) return system_.end(Stop::deadlock, 1);
    Lane& lane = *lanes_[*first];
    if (lane.sleeps) lane.core->sleep_until(lane.moment);
    lane.poked = false;
    last_ = *first;
    const bool goes_on = advance(lane);
    now_ = lane.core->cycle();
    if (!goes_on) return;
  }
}

// The turns of one hart until another's is due. False: the run stops.
bool Cva6Run::advance(Lane& lane) {
  Core& core = *lane.core;
  const unsigned index = lane.hart.id.value;
  system_.current = &lane.hart;
  lane.plain = false;
  for (;;) {
    const std::uint64_t cycle = core.cycle();
    const std::uint64_t horizon =
        std::max(std::min({horizon_, system_.next_event, cycle + poll_interval}), cycle + 1);
    // A sleeper is due now, though its pipeline does not move.
    if (lane.sleeps && core.wake() > cycle) return due(lane);
    if (!timing_->run(index, horizon)) return due(lane);
    turn(lane);
    // Only a sleeper's moment depends on what this hart does.
    if (some_sleep_ || core.cycle() >= horizon_ || system_.stop != Stop::none) return true;
  }
}

// The hart whose turn it is: the smallest moment, ties to the smallest id; the others' set the horizon. None
// when all sleep and nothing will wake one.
std::optional<unsigned> Cva6Run::next_lane() {
  unsigned first = 0;
  if (!some_sleep_ && !lanes_[last_]->core->asleep()) {  // only the last one has moved
    moments_[last_] = lanes_[last_]->core->cycle();
    for (unsigned i = 1; i < moments_.size(); ++i)
      if (moments_[i] < moments_[first]) first = i;
    horizon_ = never_cycle;
    for (unsigned i = 0; i < moments_.size(); ++i)
      if (i != first) horizon_ = std::min(horizon_, moments_[i] + (first < i ? 1 : 0));
    return first;
  }
  all_asleep_ = true;
  some_sleep_ = false;
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    lane.moment = moments_[i] = next_moment(lane);
    all_asleep_ = all_asleep_ && lane.sleeps;
    some_sleep_ = some_sleep_ || lane.core->asleep();
    if (lane.moment < lanes_[first]->moment) first = i;
  }
  const std::uint64_t moment = lanes_[first]->moment;
  horizon_ = never_cycle;
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    if (i == first) continue;
    Lane& lane = *lanes_[i];
    if (lane.moment != never_cycle) horizon_ = std::min(horizon_, lane.moment + (first < i ? 1 : 0));
    if (lane.sleeps && moment != never_cycle) lane.core->sleep_until(std::min(moment, lane.moment));
  }
  return moment == never_cycle ? std::nullopt : std::optional(first);
}

// When a hart has something to do.
std::uint64_t Cva6Run::next_moment(Lane& lane) {
  Core& core = *lane.core;
  lane.sleeps = core.asleep() && core.dormant();
  if (!lane.sleeps) return core.cycle();
  if ((pending_interrupts(lane.hart) & told_lines) != lane.seen_mip) {  // somebody else's doing, just now
    core.sleep_until(now_ + (lane.hart.id.value < last_ ? 1 : 0));
    hear_lines(lane);
    lane.poked = true;
  }
  lane.sleeps = !lane.poked;
  if (lane.poked) return core.cycle();
  return std::max(core.cycle(), std::min({core.wake(), system_.next_event, system_.clock_limit}));
}

void Cva6Run::hear_lines(Lane& lane) {
  const std::uint64_t mip = pending_interrupts(lane.hart) & told_lines;
  if (mip == lane.seen_mip) return;
  lane.seen_mip = mip;
  lane.core->set_external_lines(mip);
}

void Cva6Run::drain() {
  for (const auto& lane : lanes_) {
    if (!lane->core->asleep()) timing_->drain(lane->hart.id.value);
  }
  settle();
}

void Cva6Run::settle() {
  for (const auto& lane : lanes_) {
    set_clock(lane->hart, lane->core->cycle());
    account_privilege(lane->hart, lane->hart.clock);  // instructions
    settle(*lane, lane->hart.privilege);
  }
}

void Cva6Run::count_stalls(bool on) {
  settle();
  if (on && !counting_) uncounted_ = timing_->interconnect().counters();
  counting_ = on;
}

// Gives the cycles since the last time, and their causes, to a privilege. The model's cycles are what counts:
// the functional core sees an instruction's clock only while it executes.
void Cva6Run::settle(Lane& lane, Privilege privilege) {
  const unsigned level = static_cast<unsigned>(privilege);
  HartCounters& counters = lane.hart.counters;
  const StallCounters& stalls = lane.core->stalls();
  for (unsigned i = 0; i < stalls.cycles.size(); ++i) {
    const std::uint64_t more = stalls.cycles[i] - lane.stalls.cycles[i];
    if (counting_) counters.stalls[level][i] += more;
    if (static_cast<Stall>(i) == Stall::wfi) counters.wfi_cycles += more;
  }
  lane.stalls = stalls;
  lane.cycles_by_privilege[level] += lane.core->cycle() - lane.cycle;
  lane.cycle = lane.core->cycle();
  counters.cycles_by_privilege = lane.cycles_by_privilege;
  lane.hart.stats_clock = lane.cycle;
}

// Device events and limits at the model's time. False: the run stops.
bool Cva6Run::due(Lane& lane) {
  Hart& hart = lane.hart;
  const std::uint64_t clock = lane.core->cycle();
  set_clock(hart, clock);
  const bool any = system_.next_event <= clock || clock >= system_.clock_limit ||
                   hart.instret_at(clock) >= system_.instret_limit || clock >= system_.poll_at ||
                   system_.code.wants_collection() || lane.core->fences() != lane.seen_fences ||
                   (pending_interrupts(hart) & told_lines) != lane.seen_mip;
  if (any) attend(lane);
  return system_.stop == Stop::none;
}

void Cva6Run::attend(Lane& lane) {
  Hart& hart = lane.hart;
  if (system_.next_event <= hart.clock) {
    system_.handle_events(hart.clock, all_asleep_);
    hart.op = nullptr;  // a device may have written over its block
  }
  if (hart.clock >= system_.clock_limit || hart.instret_at(hart.clock) >= system_.instret_limit)
    system_.end(Stop::limit, 0);
  if (hart.clock >= system_.poll_at) {
    system_.poll_at = hart.clock + poll_interval;
    if (system_.keep_going && !system_.keep_going()) system_.end(Stop::interrupted, 130);
  }
  if (system_.code.wants_collection()) {
    for (const auto& each : system_.harts) each->op = nullptr;
    system_.code.collect();
  }
  if (lane.core->fences() != lane.seen_fences) {
    lane.seen_fences = lane.core->fences();
    repeat_fence(hart, lane.core->last_fence());
  }
  hear_lines(lane);
}

void Cva6Run::turn(Lane& lane) {
  Hart& hart = lane.hart;
  if (lane.plain && lane.core->cycle() < lane.due_at && lane.due_after-- != 0)
    set_clock(hart, lane.core->cycle());
  else if (!due(lane))
    return;
  const int cause = lane.core->interrupt();
  if (cause < 0 || !displaces(hart, cause)) return execute(lane);
  interrupt(lane, cause);
}

// A level that a device has taken back meanwhile displaces nothing.
bool Cva6Run::displaces(const Hart& hart, int cause) {
  return cause == irq::MTI || cause == irq::MSI || ((pending_interrupts(hart) >> cause) & 1) != 0;
}

// What is behind an instruction that can have changed anything besides registers and pc.
void Cva6Run::look_around(Lane& lane, Privilege before) {
  const Hart& hart = lane.hart;
  if (hart.privilege != before) settle(lane, before);
  lane.seen_mip = pending_interrupts(hart) & told_lines;
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
  if (d.accesses_memory) {
    out.data_address =
        VirtAddr{out.operand_a + static_cast<std::uint64_t>(static_cast<std::int64_t>(d.immediate))};
    out.store_value = out.operand_b;
  }
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
  lane.plain = false;
  look_around(lane, step.privilege);
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
  if (reads_time(d, out) && !foretell(lane, d, out)) {
    lane.plain = false;
    return;
  }
  if (is_tracepoint(d)) settle(lane, hart.privilege);  // whoever listens reads the counters
  const Step done = step(system_, hart);
  after(hart, done, d.fu == Fu::csr, out);
  if (d.op == Op::amo_sc && !done.trapped && lane.recorder.event.writes_x)
    out.sc_failed = lane.recorder.event.rd_value != 0;
  if (system_.events.wants_retired() && !done.trapped) tell_retired(system_, hart, done);
  spend(hart, done, hart.clock);
  lane.core->given();
  const bool plain = !d.accesses_memory && d.fu != Fu::csr && !done.trapped;
  if (!plain) look_around(lane, done.privilege);
  if (plain && !lane.plain) {  // behind due()
    lane.due_at = std::min({system_.next_event, system_.clock_limit, system_.poll_at});
    lane.due_after = system_.instret_limit - hart.instret_at(hart.clock);
  }
  lane.plain = plain;
}

}  // namespace hartbeat::timing::cva6

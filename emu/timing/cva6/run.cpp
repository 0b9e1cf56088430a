#include "emu/timing/cva6/run.hpp"

#include <algorithm>
#include <cstring>

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

 private:
  const Hart& hart_;
};

struct Cva6Run::Lane {
  explicit Lane(Hart& h) : hart(h), view(h) {}
  Hart& hart;
  View view;
  Recorder recorder;
  std::uint64_t seen_mip = 0;
  std::uint64_t seen_fences = 0;
};

Cva6Run::Cva6Run(System& system, Cva6Parameters parameters) : system_(system) {
  std::vector<const HartView*> views;
  for (const auto& hart : system.harts) {
    lanes_.push_back(std::make_unique<Lane>(*hart));
    hart->recorder = &lanes_.back()->recorder;
    views.push_back(&lanes_.back()->view);
  }
  parameters.boot_address = system.harts.front()->pc;
  timing_ = std::make_unique<Cva6Timing>(parameters, views);
}

Cva6Run::~Cva6Run() {
  for (const auto& lane : lanes_) lane->hart.recorder = nullptr;
}

void Cva6Run::run() {
  const unsigned harts = static_cast<unsigned>(lanes_.size());
  while (system_.stop == Stop::none) {
    // The hart with the smallest clock; the next in line is its horizon.
    unsigned first = 0;
    std::uint64_t horizon = never_cycle;
    for (unsigned i = 1; i < harts; ++i) {
      if (timing_->core(i).cycle() < timing_->core(first).cycle()) first = i;
    }
    for (unsigned i = 0; i < harts; ++i) {
      if (i != first) horizon = std::min(horizon, timing_->core(i).cycle() + (first < i ? 1 : 0));
    }
    horizon = std::min({horizon, std::max(system_.next_event, timing_->core(first).cycle() + 1),
                        timing_->core(first).cycle() + poll_interval});
    if (harts > 1) horizon = std::max(horizon, timing_->core(first).cycle() + 1);
    if (timing_->run(first, horizon))
      turn(first);
    else if (!due(lanes_[first]->hart))
      return;
  }
}

// Device events and limits at the model's time. False: the run stops.
bool Cva6Run::due(Hart& hart) {
  Core& core = timing_->core(hart.id.value);
  Lane& lane = *lanes_[hart.id.value];
  set_clock(hart, core.cycle());
  system_.current = &hart;
  if (system_.next_event <= hart.clock) system_.handle_events(hart.clock, false);
  if (hart.clock >= system_.clock_limit || hart.instret_at(hart.clock) >= system_.instret_limit)
    system_.end(Stop::limit, 0);
  if (hart.clock >= system_.poll_at) {
    system_.poll_at = hart.clock + poll_interval;
    if (system_.keep_going && !system_.keep_going()) system_.end(Stop::interrupted, 130);
  }
  if (core.fences() != lane.seen_fences) {
    lane.seen_fences = core.fences();
    repeat_fence(hart, core.last_fence());
  }
  const std::uint64_t mip = hart.csr.mip & 0xA22;
  if (mip != lane.seen_mip) {
    lane.seen_mip = mip;
    core.set_external_lines(mip);
  }
  if (core.asleep() && core.wake() == never_cycle && lanes_.size() == 1 && system_.next_event == never.value)
    system_.end(Stop::deadlock, 1);
  return system_.stop == Stop::none;
}

void Cva6Run::turn(unsigned index) {
  Hart& hart = lanes_[index]->hart;
  if (!due(hart)) return;
  const int cause = timing_->core(index).interrupt();
  if (cause >= 0)
    interrupt(index, cause);
  else
    execute(index);
  lanes_[index]->seen_mip = hart.csr.mip & 0xA22;
}

Retirement Cva6Run::before(const Hart& hart, const Decoded& d) const {
  Retirement out;
  out.pc = VirtAddr{hart.pc};
  out.bits = d.bits;
  out.length = d.length;
  out.privilege = static_cast<std::uint8_t>(hart.privilege);
  out.operand_a = d.rs1_fpr ? hart.f[d.rs1] : hart.x[d.rs1];
  out.operand_b = d.rs2_fpr ? hart.f[d.rs2] : hart.x[d.rs2];
  out.accesses_memory = d.fu == Fu::load || d.fu == Fu::store;
  if (out.accesses_memory) {
    out.data_address =
        VirtAddr{out.operand_a + static_cast<std::uint64_t>(static_cast<std::int64_t>(d.immediate))};
    out.store_value = out.operand_b;
  }
  out.next_pc = VirtAddr{hart.pc + d.length};
  out.frm = static_cast<std::uint8_t>(hart.csr.frm);
  return out;
}

void Cva6Run::after(const Hart& hart, const Step& step, Retirement& out) const {
  out.next_pc = VirtAddr{step.next_pc};
  out.trapped = step.trapped;
  out.cause = static_cast<std::uint8_t>(step.cause.code);
  out.satp = hart.csr.satp;
  out.mstatus = hart.csr.mstatus;
  out.mie = hart.csr.mie;
  out.mideleg = hart.csr.mideleg;
  out.mip = hart.csr.mip;
  out.privilege_after = static_cast<std::uint8_t>(hart.privilege);
}

void Cva6Run::interrupt(unsigned index, int cause) {
  Hart& hart = lanes_[index]->hart;
  Step step;
  step.pc = hart.pc;
  step.privilege = hart.privilege;
  step.trapped = true;
  Retirement out = before(hart, timing_->core(index).issue_decoded());
  enter_trap(hart, hart.clock, {true, static_cast<std::uint64_t>(cause), 0, hart.pc, nullptr});
  hart.op = nullptr;
  step.next_pc = hart.pc;
  after(hart, step, out);
  out.interrupt = true;
  out.cause = static_cast<std::uint8_t>(cause);
  timing_->retire(index, out);
}

void Cva6Run::execute(unsigned index) {
  Hart& hart = lanes_[index]->hart;
  Core& core = timing_->core(index);
  const Decoded& d = core.issue_decoded();
  Retirement out = before(hart, d);
  if (reads_cycle(d)) {
    out.satp = hart.csr.satp;
    out.mstatus = hart.csr.mstatus;
    out.privilege_after = out.privilege;
    set_clock(hart, timing_->predict_commit(index, out));
  } else if (d.fu == Fu::load && out.data_address.value - (ClintWires::base + 0xBFF8) < 8) {
    set_clock(hart, timing_->predict_device_read(index, out));
  }
  const Step done = step(system_, hart);
  after(hart, done, out);
  if (d.op == Op::amo_sc && !done.trapped && lanes_[index]->recorder.wrote_x)
    out.sc_failed = lanes_[index]->recorder.rd_value != 0;
  if (system_.events.wants_retired() && !done.trapped) tell_retired(system_, hart, done);
  spend(hart, done, hart.clock);
  timing_->retire(index, out);
}

}  // namespace hartbeat::timing::cva6

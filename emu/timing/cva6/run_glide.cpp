// Cva6Run's inner loops: the turns of one hart.
#include <algorithm>

#include "emu/timing/cva6/lane.hpp"

namespace hartbeat::timing::cva6 {

// The turns of one hart until another's is due.
void Cva6Run::advance(Lane& lane) {
  Core& core = *lane.core;
  const unsigned index = lane.hart.id.value;
  system_.current = &lane.hart;
  while (!is_due(lane) || attend(lane)) {
    const std::uint64_t cycle = core.cycle();
    // A sleeper's pipeline does not move.
    if (lane.sleeps && core.wake() > cycle) return;
    keep_due(lane);
    const std::uint64_t horizon =
        std::max(std::min({horizon_, lane.due_at, cycle + poll_interval}), cycle + 1);
    if (glides_ && glide(lane, horizon)) return;
    const bool asks = timing_->run(index, horizon);
    follow_fence(lane);
    if (!asks) return;
    turn(lane);
    // Only a sleeper's moment depends on what this hart does.
    if (some_sleep_ || core.cycle() >= horizon_ || system_.stop != Stop::none) return;
  }
}

// The turns and cycles of the hart as long as its instructions are plain, or loads and stores that do not trap: what turn()
// and Cva6Timing::run() would do, without most of their questions. True: it is somebody else's turn.
bool Cva6Run::glide(Lane& lane, std::uint64_t horizon) {
  Core& core = *lane.core;
  const std::uint64_t writes = timing_->interconnect().clint.writes();
  do {
    const std::uint64_t limit = std::min(horizon, lane.due_at);
    if (core.cycle() >= limit) return false;
    const bool ended = glide_plainly(lane, limit, false);
    follow_fence(lane);
    // Who sleeps, and who has just woken a sleeper; the limit of instructions.
    if (timing_->interconnect().clint.writes() != writes || (core.asleep() && core.dormant()) ||
        system_.stop != Stop::none)
      return true;
    if (core.cycle() >= horizon_) {
      if (!listens_ && (!device_stores_ || devices_rest())) stretch(lane, others_ + lead_);
      return true;
    }
    if (ended || !core.in_node() || !core.issue_decoded().accesses_memory || !access(lane)) return false;
    if (some_sleep_ || system_.stop != Stop::none) return true;
  } while (!system_.code.wants_collection());
  return false;
}

// A hart that has reached the others may be ahead of them, up to `limit`, with what concerns nobody else: plain instructions
// while memory and the load/store side rest. What others do meanwhile reaches it later.
void Cva6Run::stretch(Lane& lane, std::uint64_t limit) {
  limit = std::min(limit, lane.due_at);
  if (lane.core->cycle() >= limit) return;
  glide_plainly(lane, limit, true);
  set_clock(lane.hart, lane.core->cycle());
}

// No store of any hart may be on its way to a device.
bool Cva6Run::devices_rest() {
  device_stores_ = false;
  for (const auto& lane : lanes_) {
    lane->device_store = lane->device_store && !lane->core->stores_gone();
    device_stores_ = device_stores_ || lane->device_store;
  }
  return !device_stores_;
}

// As long as they are plain; `alone`, as stretch() has it. True: the cycles have ended, or the instruction at hand is not
// to be seen here.
bool Cva6Run::glide_plainly(Lane& lane, std::uint64_t limit, bool alone) {
  Hart& hart = lane.hart;
  Core& core = *lane.core;
  std::uint64_t& left = lane.due_after;
  bool ended = false;
  while (!ended) {
    if (core.needs_record()) {
      ended = !core.in_node() || left <= 1 || hart.pc != core.issue_pc();  // the last one stops the run
      if (ended) break;
      const Decoded& d = core.issue_decoded();
      const std::uint64_t a = hart.x[d.rs1], b = hart.x[d.rs2];
      const hartbeat::Op* const op = d.plain ? known_op(system_, hart, d.bits) : nullptr;
      if (!op) break;
      --left;
      if (listens_) {
        set_clock(hart, core.cycle());
        step_plainly_and_tell(system_, hart, *op);
      } else {
        step_plainly(hart, *op);
      }
      --hart.unretired;
      core.given_plainly(hart.pc, a, b);
    }
    ended = !(alone ? core.glide_alone(limit) : core.glide(limit));
  }
  set_clock(hart, core.cycle());
  return ended;
}

}  // namespace hartbeat::timing::cva6

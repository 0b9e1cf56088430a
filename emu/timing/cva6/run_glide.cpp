// Cva6Run's inner loops: the turns of one hart.
#include <algorithm>

#include "emu/timing/cva6/lane.hpp"

namespace hartbeat::timing::cva6 {

// The turns of one hart until another's is due.
void Cva6Run::advance(Lane& lane) {
  Core& core = *lane.core;
  const unsigned index = lane.hart.id.value;
  system_.current = &lane.hart;
  core.is_last();
  while (keep_due(lane), !is_due(lane) || attend(lane)) {
    const std::uint64_t cycle = core.cycle();
    // A sleeper's pipeline does not move.
    if (lane.sleeps && core.wake() > cycle) return;
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
  const bool ends = glide_along(lane, horizon);
  lane.core->leave_passages();
  return ends;
}

bool Cva6Run::glide_along(Lane& lane, std::uint64_t horizon) {
  Core& core = *lane.core;
  const ClintWires& clint = timing_->interconnect().clint;
  const std::uint64_t writes = clint.writes();
  do {
    const std::uint64_t limit = std::min(horizon, lane.due_at);
    if (core.cycle() >= limit) return false;
    const bool ended = glide_plainly(lane, limit, 0);
    follow_fence(lane);
    // Who sleeps, and who has just woken a sleeper; the limit of instructions.
    if (clint.writes() != writes || (core.asleep() && core.dormant()) || system_.stop != Stop::none)
      return true;
    if (core.cycle() >= horizon_) {
      if (!listens_ && (!device_stores_ || devices_rest())) stretch(lane, others_);
      return true;
    }
    if (ended || !core.in_node() || !perform_usually(lane)) return false;
    if (some_sleep_ || system_.stop != Stop::none) return true;
  } while (!system_.code.wants_collection());
  return false;
}

// A hart that has reached the others, who are at `others` or later, may be ahead of them with what concerns nobody else. What
// they do meanwhile reaches it later: an invalidation after its latency, and only the D$ then; a line to interrupt it no sooner
// than a store reaches a device, which does not matter to a hart that takes no interrupt.
void Cva6Run::stretch(Lane& lane, std::uint64_t others) {
  const bool interruptible = (lane.hart.csr.mie | lane.core->mie()) != 0;
  const std::uint64_t far = std::min(others + (interruptible ? device_distance - 1 : most_lead), lane.due_at);
  if (lane.core->cycle() >= far || !lane.core->can_glide_ahead()) return;
  glide_plainly(lane, std::min(others + invalidation_latency_, far), far);
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

// As long as they are plain, up to `limit`; or, with `far`, up to there as stretch() has it, `limit` being Core::glide_ahead's
// `near`. True: the cycles have ended, or the instruction at hand is not to be seen here.
bool Cva6Run::glide_plainly(Lane& lane, std::uint64_t limit, std::uint64_t far) {
  Core& core = *lane.core;
  bool ended = false;
  while (!ended) {
    if (core.needs_record()) {
      ended = !core.in_node();
      if (ended) break;
      const Core::Question question = core.question();
      ended = !may_execute(lane, question.pc);
      Core::Plain given;
      if (ended || !execute_plainly(lane, *question.decoded, far == 0, given)) break;
      core.given_plainly(question, given);
    }
    ended = !(far != 0 ? core.glide_ahead(limit, far) : core.glide(limit));
    if (!ended && core.passing()) pass_along(lane, limit);
  }
  set_clock(lane.hart, core.cycle());
  return ended;
}

// The same from passage to passage, and short of `limit`.
void Cva6Run::pass_along(Lane& lane, std::uint64_t limit) {
  Core& core = *lane.core;
  const std::uint64_t end = core.passages_end(limit);
  while (const PassageNode* const at = core.passing()) {
    if (!at->needs_record) {
      if (!core.pass(end)) break;
      continue;
    }
    Core::Plain given;
    if (!may_execute(lane, at->issue_pc) || !execute_plainly(lane, *at->issue, true, given)) break;
    if (core.pass(end, given)) continue;
    core.given_plainly(core.question(), given);
    break;
  }
  core.stop_passing();
}

// The instruction at `pc` is the hart's next, and not the last one, which stops the run.
inline bool Cva6Run::may_execute(const Lane& lane, std::uint64_t pc) {
  return lane.due_after > 1 && lane.hart.pc == pc;
}

// False: it is not plain, nor a plain access that nobody else is to hear of, and nothing has been done.
inline bool Cva6Run::execute_plainly(Lane& lane, const Decoded& d, bool may_access, Core::Plain& out) {
  Hart& hart = lane.hart;
  const std::uint64_t a = hart.x[d.rs1], b = hart.x[d.rs2];
  const std::uint64_t address = a + static_cast<std::uint64_t>(std::int64_t{d.immediate});
  const bool store = d.fu == Fu::store;
  // Who sleeps is to hear of a store before the next one.
  const bool accesses = may_access && d.plain_access && !(store && some_sleep_);
  const hartbeat::Op* const op = d.plain || accesses ? known_op(system_, hart, d.bits) : nullptr;
  if (!op || (accesses && !serves(hart, address, d.size_log2, store))) return false;
  --lane.due_after;
  if (listens_)
    step_plainly_and_tell(hart, *op, lane.core->cycle());
  else
    step_plainly(hart, *op);
  --hart.unretired;
  out = {hart.pc, a, b, address};
  return true;
}

}  // namespace hartbeat::timing::cva6

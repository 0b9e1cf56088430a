// Why no instruction was issued in this cycle.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

// What the load/store side is busy with.
Stall Core::lsu_cause(Stall otherwise) {
  recording_.asked |=
      PipelineInputs::bit(PipelineInputs::data_walk) | PipelineInputs::bit(PipelineInputs::load_waits);
  if (mmu_.walker().active() && !mmu_.walker().walking_instruction()) return Stall::dtlb_walk;
  return dcache_.load_waits() ? Stall::load_miss : otherwise;
}

Stall Core::raw_cause(const Decoded& d) {
  for (const unsigned source : d.sources) {
    const int w = scoreboard_.writer(source);
    if (w < 0) continue;
    const unsigned i = static_cast<unsigned>(w);
    if (scoreboard_.valid(i) || scoreboard_[i].decoded->fu != Fu::load) continue;
    return lsu_cause(Stall::load_use);
  }
  return Stall::raw;
}

Stall Core::cause() {
  if (halted_) return Stall::wfi;
  if (!issue_.valid) {
    if (restart_ == Stall::fence || restart_ == Stall::reset) {
      if (frontend_.icache().state() == Cva6Icache::State::flush || cycle_ == 0) return restart_;
    }
    if (frontend_.icache().state() == Cva6Icache::State::miss ||
        frontend_.icache().state() == Cva6Icache::State::kill_miss)
      return Stall::icache_miss;
    if (csr_.translation().fetch && !fetch_translation_.valid && frontend_.icache().wants_translation())
      return Stall::itlb_walk;
    return restart_;
  }
  const unsigned oldest = scoreboard_.commit_pointer();
  const ScoreboardEntry& head = scoreboard_[oldest];
  if (scoreboard_.full() || issue_.entry.decoded->fu == Fu::csr || head.decoded->fu == Fu::csr ||
      head.decoded->is_amo()) {
    if (scoreboard_.issued(oldest) && scoreboard_.valid(oldest)) {
      if (head.decoded->is_amo()) return Stall::atomic;
      if (head.decoded->fu == Fu::csr) return Stall::fence;
      if (head.decoded->fu == Fu::store) return Stall::store_buffer;
    }
    if (scoreboard_.full() && head.decoded->fu == Fu::load && !scoreboard_.valid(oldest))
      return Stall::load_miss;
  }
  const Decoded& d = *issue_.entry.decoded;
  if (d.accesses_memory) {
    recording_.asked |= PipelineInputs::bit(PipelineInputs::lsu_free);
    if (!bypass_.ready()) return lsu_cause(Stall::unit_busy);
  }
  const Stall raw = raw_cause(d);
  if (raw != Stall::raw) return raw;
  const bool waits = scoreboard_.writer(d.sources[0]) >= 0 || scoreboard_.writer(d.sources[1]) >= 0;
  return waits ? Stall::raw : Stall::unit_busy;
}

}  // namespace hartbeat::timing::cva6

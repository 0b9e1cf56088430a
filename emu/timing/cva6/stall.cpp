// Why no instruction was issued in this cycle.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

Stall Core::raw_cause(const Decoded& d) const {
  const auto writer = [&](unsigned reg, bool fpr) { return scoreboard_.writer(fpr ? 32 + reg : reg); };
  for (const int w : {d.use_zimm ? -1 : writer(d.rs1, d.rs1_fpr), writer(d.rs2, d.rs2_fpr),
                      d.has_rs3 ? writer(d.rs3, true) : -1}) {
    if (w < 0) continue;
    const ScoreboardEntry& e = scoreboard_[static_cast<unsigned>(w)];
    if (e.valid || e.decoded->fu != Fu::load) continue;
    if (mmu_.walker().active() && !mmu_.walker().walking_instruction()) return Stall::dtlb_walk;
    return dcache_.load_waits() ? Stall::load_miss : Stall::load_use;
  }
  return Stall::raw;
}

Stall Core::cause() const {
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
  const ScoreboardEntry& head = scoreboard_[scoreboard_.commit_pointer()];
  if (scoreboard_.full() || issue_.entry.decoded->fu == Fu::csr || head.decoded->fu == Fu::csr ||
      head.decoded->is_amo()) {
    if (head.issued && head.valid) {
      if (head.decoded->is_amo()) return Stall::atomic;
      if (head.decoded->fu == Fu::csr) return Stall::fence;
      if (head.decoded->fu == Fu::store) return Stall::store_buffer;
    }
    if (scoreboard_.full() && head.decoded->fu == Fu::load && !head.valid) return Stall::load_miss;
  }
  const Decoded& d = *issue_.entry.decoded;
  if ((d.fu == Fu::load || d.fu == Fu::store) && !bypass_.ready()) {
    if (mmu_.walker().active() && !mmu_.walker().walking_instruction()) return Stall::dtlb_walk;
    return dcache_.load_waits() ? Stall::load_miss : Stall::unit_busy;
  }
  if (raw_cause(d) != Stall::raw) return raw_cause(d);
  const bool waits = (!d.use_zimm && scoreboard_.writer(d.rs1_fpr ? 32 + d.rs1 : d.rs1) >= 0) ||
                     scoreboard_.writer(d.rs2_fpr ? 32 + d.rs2 : d.rs2) >= 0;
  return waits ? Stall::raw : Stall::unit_busy;
}

}  // namespace hartbeat::timing::cva6

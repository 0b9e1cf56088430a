// Core ahead of other harts: what it may do there, and what of theirs comes behind its cycle.
#include <algorithm>

#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

bool Core::glide_ahead(std::uint64_t near, std::uint64_t far) {
  if (!node_ || node_->state.speculative || mmu_.walker().active()) return false;
  const bool is_near = cycle_ < near && adapter_.rests(cycle_);
  if (!is_near && !dcache_.wbuffer_empty()) return false;
  if (!replay_at_rest()) {
    if (!is_near && !invalidates_at_rest()) return false;
    step_awake();
  }
  if (!moved_ && adapter_.rests(cycle_))
    skip(std::min(load_store_rests_ && dcache_.wbuffer_empty() ? far : near, adapter_.wakes()));
  return cycle_ < far;
}

// Nothing moves in this cycle but an invalidation, and the D$ is all that it concerns.
bool Core::invalidates_at_rest() {
  if (!load_store_rests_ || !node_->simple || adapter_.rests(cycle_) || !adapter_.only_invalidates(cycle_))
    return false;
  if (const std::optional<std::uint64_t> line = adapter_.shows_invalid(); line && dcache_.holds(*line))
    note_late(*line, cycle_);
  return true;
}

void Core::note_late(std::uint64_t address, std::uint64_t shown) {
  if (late_count_ < late_.size()) late_[late_count_++] = {address, shown};
}

// In a cycle the harts come in the order of their numbers.
bool Core::dcache_holds(std::uint64_t address, std::uint64_t cycle, unsigned writer) const {
  if (dcache_.holds(address)) return true;
  for (unsigned i = 0; i < late_count_; ++i) {
    const bool to_come = late_[i].shown > cycle || (late_[i].shown == cycle && hart_ > writer);
    if (to_come && dcache_.same_line(late_[i].address, address)) return true;
  }
  return false;
}

void Core::post_invalidation(std::uint64_t address, std::uint64_t arrival) {
  const std::optional<std::uint64_t> shown = adapter_.post_invalidation(address, arrival, cycle_);
  if (shown && dcache_.invalidate(address)) note_late(address, *shown);
}

bool Core::stores_gone() const {
  if (have_record() || !store_unit_.idle() || !dcache_.wbuffer_empty() || !adapter_.idle() ||
      !bypass_.ready())
    return false;
  if (node_) return !node_->holds_store;
  for (unsigned i = 0; i < scoreboard_.count(); ++i)
    if (scoreboard_[scoreboard_.behind_commit(i)].decoded->fu == Fu::store) return false;
  return true;
}

}  // namespace hartbeat::timing::cva6

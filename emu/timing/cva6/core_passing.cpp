// Core's way from one question to the next by passages that are known (core_passage.cpp).
#include <utility>

#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

// At a question: takes the passage that its answer leads to. False: none is known, nor taken up to `limit`; then the next cycles
// may show it.
bool Core::passes(std::uint64_t limit) {
  const bool fresh = std::exchange(fresh_, false) && have_record();
  if (!at_ && !come_to_node(fresh)) return false;
  PassageKey key;
  const bool known = answer(fresh, key);
  const Passage* const passage = known ? at_->find(key) : nullptr;
  if (passage && may_take(*passage, passages_end(limit))) {
    take(*passage, fresh);
    stop_passing();
    return true;
  }
  fall(known, fresh);
  return false;
}

bool Core::pass(std::uint64_t end) {
  PassageKey key;
  ask_here(key);
  const Passage* const passage = at_->find(key);
  if (!passage || !may_take(*passage, end - 1)) return false;
  take(*passage, false);
  return true;
}

bool Core::pass(std::uint64_t end, const Plain& given) {
  const Question here{at_->pipeline, at_->issue, at_->issue_pc};
  const Decoded& d = *here.decoded;
  const bool mispredicted = here.is_mispredicted(given.next_pc);
  PassageKey key;
  key.given = PassageKey::record | (mispredicted ? PassageKey::mispredicted : 0);
  if (d.accesses_memory && !answer_access(d, given.address, given.operand_b, key.given)) return false;
  ask_here(key);
  const Passage* const passage = at_->find(key);
  if (!passage || !may_take(*passage, end - 1)) return false;
  if (d.accesses_memory) give_answered();
  if (passage->issue_after != Passage::none) {
    ScoreboardEntry& e = issue_by(*passage);
    e.mispredicted = mispredicted;
    mispredictions_ += mispredicted;
    e.has_csr = false;
    e.outcome.next_pc = given.next_pc;
    e.outcome.operand_a = given.operand_a;
    e.outcome.operand_b = given.operand_b;
    e.outcome.trapped = e.outcome.interrupt = e.outcome.sc_failed = false;
    if (d.accesses_memory) {
      e.outcome.data_address = given.address;
      e.outcome.store_value = given.operand_b;
    }
  } else {
    given_plainly(here, given);
    fresh_ = false;
  }
  move_along(*passage);
  return true;
}

// What is asked in this cycle, and answered. False: no passage knows such an answer.
bool Core::answer(bool fresh, PassageKey& key) {
  if (fresh) {
    key.given = PassageKey::record;
    if ((given_ & Given::mispredicted) != 0) key.given |= PassageKey::mispredicted;
    if (at_->issue->accesses_memory &&
        !answer_access(*at_->issue, record_.data_address.value, record_.store_value, key.given))
      return false;
  }
  ask_here(key);
  return true;
}

inline void Core::ask_here(PassageKey& key) {
  if (!at_->asks) return;
  stop_passing();  // it asks for what is executed
  ask_pipeline(*node_, key.asked);
}

bool Core::answer_access(const Decoded& d, std::uint64_t address, std::uint64_t data, std::uint64_t& out) {
  given_access_ = access_of(d, address, data);
  if (!mmu_.translate(given_access_, csr_.translation(), given_access_.physical)) return false;
  AccessAnswer answer;
  if (!relate(given_access_, at_->stores, answer)) return false;
  given_misses_ = answer.misses;
  out |= answer.key();
  return true;
}

// It leads on from here, and no further than `end`.
inline bool Core::may_take(const Passage& passage, std::uint64_t end) const {
  return passage.context == passage_context_ && cycle_ + passage.cycles <= end &&
         (!at_->turns || passage.page == mmu_.fetch_page()) &&
         (!passage.has_extras || turns_alike(*passage.extras));
}

inline void Core::take(const Passage& passage, bool fresh) {
  const Decoded* const issue = at_->issue;
  if (fresh && issue->accesses_memory) give_answered();
  if (passage.issue_after != Passage::none) end_entry(*issue, issue_by(passage));
  move_along(passage);
}

// The access that answer_access() has looked at.
inline void Core::give_answered() {
  give(given_access_);
  if (given_misses_) lines_.push(given_access_.physical);
}

inline ScoreboardEntry& Core::issue_by(const Passage& passage) {
  const PassageNode& from = *at_;
  ++stalls_[Stall::issued];
  ScoreboardEntry& e = scoreboard_[scoreboard_.behind_commit(from.count)];
  begin_entry(*from.issue, from.issue_pc, static_cast<ControlFlow>(from.issue_flow), e,
              cycle_ + passage.issue_after);
  return e;
}

// What a passage does behind the issue.
inline void Core::move_along(const Passage& passage) {
  __builtin_prefetch(passage.next);
  if (passage.is_rare) {
    if (passage.has_extras) take_extras(*passage.extras, scoreboard_.commit_pointer());
    move_lines(passage.sends, passage.fills);
  }
  committed_ += passage.retires;
  scoreboard_.move_on(passage.retires);
  if (passage.write_after != Passage::none) adapter_.passed_write(cycle_ + passage.write_after);
  stalls_[passage.cause] += passage.waited;
  cycle_ += passage.cycles;
  ++length_;
  at_ = passage.next;
}

// The ITLB has the pages that are turned to, where they were.
bool Core::turns_alike(const PassageExtras& extras) const {
  for (unsigned i = 0; i < extras.turns_count; ++i)
    if (!mmu_.would_fetch(extras.turns[i], extras.turns_physical[i], csr_.translation())) return false;
  return true;
}

void Core::take_extras(const PassageExtras& extras, unsigned oldest) {
  for (unsigned i = 0; i < extras.trainings_count; ++i) {
    const PassageTraining& training = extras.trainings[i];
    train(*training.node, training.ras, scoreboard_[(oldest + training.slot) & (scoreboard_.size() - 1)]);
  }
  for (unsigned i = 0; i < extras.causes_count; ++i) stalls_[extras.causes[i]] += extras.cause_cycles[i];
  for (unsigned i = 0; i < extras.turns_count; ++i) mmu_.fetch(extras.turns[i], true, csr_.translation());
}

// One line is on its way at a time.
void Core::move_lines(unsigned sends, unsigned fills) {
  while (sends + fills != 0) {
    if (lines_.asked()) {
      dcache_.pass_fill();
      lines_.come();
      --fills;
    } else {
      dcache_.pass_send(lines_.front());
      adapter_.passed_refill();
      lines_.ask();
      --sends;
    }
  }
}

// Back to cycles.
void Core::fall(bool known, bool fresh) {
  PassageNode* const from = at_;
  if (!known) pauses_.end(cycle_, length_);
  leave_passages();
  if (!known || !pauses_.over(cycle_)) return;
  PassageKey key;  // again: what is asked may be known better by now
  from->asks = from->pipeline->asks;
  at_ = from;
  answer(fresh, key);
  at_ = nullptr;
  begin_passage(*from, key);
}

}  // namespace hartbeat::timing::cva6

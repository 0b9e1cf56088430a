// Core's cycles around a flush: what is issued behind an instruction that will flush the pipeline, and the cycle in which it does.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

namespace {

using Inputs = PipelineInputs;

}  // namespace

// The instruction that will flush the pipeline: the first that has trapped, or flushes of its own. From 1 on.
unsigned Core::flushing_slot() const {
  for (unsigned i = 0; i < scoreboard_.count(); ++i) {
    const ScoreboardEntry& e = scoreboard_[scoreboard_.behind_commit(i)];
    if (e.outcome.trapped || e.decoded->flushes) return i + 1;
  }
  return 0;
}

// Of the branch or jump in the issue stage, which will be flushed: nothing has been told of it.
bool Core::foresees_mispredict(const PipelineState& state) {
  Retirement record;
  speculation_.follow(*state.issue, state.issue_pc, *view_, record);
  return mispredicts(*state.issue, static_cast<ControlFlow>(state.issue_flow), state.issue_predicted, record);
}

// Scoreboard::writer() of an integer register.
int Core::writer_in(const PipelineState& state, unsigned reg) const {
  for (unsigned i = state.count; reg != 0 && i-- > 0;)
    if (state.slots[i]->destination == reg) return static_cast<int>(scoreboard_.behind_commit(i));
  return -1;
}

// One behind which all is flushed, or that is itself, or that traps.
void Core::issue_around_flush(const PipelineNode& node, ScoreboardEntry& e) {
  passing_.from = nullptr;
  e.predicted = node.state.issue_predicted;
  if (e.decoded->raises) execute_.valid = false;  // an exception needs no unit
  if (node.state.speculative) return issue_speculatively(e);
  keep(record_, e);
  mispredictions_ += e.mispredicted;
  given_ = 0;
  if (e.decoded->op == Op::sfence_vma)
    keep_fence(writer_in(node.state, e.decoded->rs1), writer_in(node.state, e.decoded->rs2));
  speculation_.reset(e.decoded->is_amo() ? e.decoded->rd : 0, cycle_);
}

void Core::issue_speculatively(ScoreboardEntry& e) {
  keep(speculation_.execute(*e.decoded, e.pc, cycle_, *view_, mmu_.dtlb(), csr_.translation()), e);
}

// While a fence or an atomic waits at commit, or the oldest instruction flushes the pipeline: an atomic that has waited, or either
// that traps, does it by a plain step.
void Core::step_at_head(const AdapterReturn& in) {
  if (!(node_->ends || fence_goes_on(*node_) ? replay_end(in) : replay_waiting(in))) step_fully(in);
}

bool Core::replay_waiting(const AdapterReturn& in) {
  const bool traps =
      scoreboard_[scoreboard_.commit_pointer()].outcome.trapped;  // the state does not say it of these
  return !traps && !(node_->atomic_at_head && dcache_.amo_ack(in)) && replay<true>(in);
}

// What the next state depends on of the CSRs that the oldest instruction leaves behind, and how it goes.
std::uint64_t Core::end_key(const ScoreboardEntry& head, bool trapped) const {
  CsrState after = csr_;
  if (head.has_csr) after.apply(head.csr);
  return std::uint64_t{after.forbidden()} << 8 | (after.translation().fetch ? 2u : 0u) | (trapped ? 1u : 0u);
}

// The cycle in which the oldest instruction flushes the pipeline, by its edge. False: as replay().
bool Core::replay_end(const AdapterReturn& in) {
  PipelineNode& node = *node_;
  passing_.from = nullptr;
  const ScoreboardEntry& head = scoreboard_[scoreboard_.commit_pointer()];
  if (in.icache_valid || load_result_.exception || node.divides || node.mispredicts ||
      (node.consults & Consulted::by_address) || head.decoded->op == Op::fence_i ||
      (node.fence_at_head && head.outcome.trapped))
    return false;
  Inputs seen;
  if (!fetch_again(node, seen) && !fetch_anew(node, seen)) return false;
  keep_fetch(node);  // an SFENCE.VMA forgets it
  const bool trapped = raises_exception(head, node.state.exception & 1);
  const Commit done = flush_behind(head, trapped);
  const std::uint64_t shown_bits = rest_bits_;
  const LoadUnit::Outputs load = load_result_;
  WriteBack stored;
  load_store(in, done, node.requests_memory, stored);
  seen.bits |= shown_bits | load_bits(load) | store_bits(stored) | Inputs::bit(Inputs::ended);
  seen.target = done.target;
  seen.predictor = end_key(head, trapped);
  const PipelineEdge* const edge = stored.exception ? nullptr : edge_for(node, seen);
  if (!edge) {
    step_plainly_behind(node, seen, in, shown_bits, load, stored, true);
    return true;
  }
  follow_end(node, *edge, head, done);
  end_cycle();
  return true;
}

// follow() of such an edge.
void Core::follow_end(const PipelineNode& node, const PipelineEdge& edge, const ScoreboardEntry& head,
                      const Commit& done) {
  last_commit_ = cycle_;
  committed_ += edge.retires;
  if (trace_) edge.retires ? trace_commits(1) : trace_trap(head);
  if (edge.predicts) train(node, edge.ras_step(), scoreboard_[execute_.id]);
  if (done.flush_predictors) frontend_.flush_predictors();
  fences_ += done.flush_tlb;
  fpu_.clock({}, true);
  execute_.valid = false;
  scoreboard_.flush();
  ++stalls_[edge.cause];
  last_cause_ = edge.cause;
  moved_ = true;
  node_ = edge.next;
  last_edge_ = &edge;
  if (!edge.applies) return;
  change_csrs(head.csr);  // which the edge has foreseen
  if (csr_.interrupt(wires_) >= 0) thaw();
}

}  // namespace hartbeat::timing::cva6

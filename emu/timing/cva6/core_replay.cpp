// Core's cycles out of the memo: from plain registers to a node and back, the inputs of a cycle, and what an edge does.
#include <algorithm>
#include <bit>

#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using Inputs = PipelineInputs;

bool is_fence(const Decoded& d) { return d.op == Op::fence || d.op == Op::fence_i || d.op == Op::sfence_vma; }

// Where the front end went on behind the instruction in the issue stage.
void expect_next(PipelineNode& node) {
  const PipelineState& s = node.state;
  const auto flow = static_cast<ControlFlow>(s.issue_flow);
  node.issue_plain = s.issue->plain;
  node.checks_next = s.issue->may_mispredict();
  if (s.issue->op == Op::jalr)
    node.expected_next = flow == ControlFlow::none ? ~std::uint64_t{0} : s.issue_predicted;
  else
    node.expected_next = s.issue_pc + (flow == ControlFlow::branch
                                           ? static_cast<std::uint64_t>(std::int64_t{s.issue->immediate})
                                           : s.issue->length);
}

// What the state alone says of a cycle that starts with it.
void describe(PipelineNode& node) {
  const PipelineState& s = node.state;
  node.mask =
      Inputs::field(Inputs::bht, 5) | Inputs::field(Inputs::load, 5) | Inputs::field(Inputs::store, 5);
  node.fetches = s.fetches;
  if (node.fetches) node.mask |= Inputs::field(0, 33);
  if (s.count != 0 && (s.valid & 1) != 0) {
    node.atomic_at_head = s.slots[0]->is_amo();
    node.fence_at_head = is_fence(*s.slots[0]);
    node.ends = (s.exception & 1) || (s.speculative == 1 && !node.atomic_at_head && !node.fence_at_head);
    node.store_at_head = s.slots[0]->fu == Fu::store && !node.atomic_at_head && !node.ends;
  }
  if (node.store_at_head) node.mask |= Inputs::bit(Inputs::room);
  node.mispredicts = s.executes && s.execute_mispredicted;
  node.needs_record = s.issue && !node.mispredicts && !s.speculative;
  node.has_csr = s.issue && s.issue->fu == Fu::csr;
  node.issues_around_flush = s.issue && (s.speculative || s.issue->flushes || s.issue->raises);
  if (s.issue) node.mask |= Inputs::field(Inputs::record, 2) | Inputs::bit(Inputs::trapped);
  if (s.issue) expect_next(node);
  node.foresees = node.checks_next && s.speculative && !node.ends;
  node.special = node.foresees || node.ends || node.fence_at_head;
  if (node.ends || node.fence_at_head) node.mask |= Inputs::bit(Inputs::ended);
  if (s.issue && s.issue->accesses_memory) node.mask |= Inputs::bit(Inputs::lsu_ready);
  for (unsigned i = 0; i < s.count; ++i) node.holds_store |= s.slots[i]->fu == Fu::store;
  node.waits_at_head = node.atomic_at_head || node.fence_at_head;
  node.waits_or_ends = node.waits_at_head || node.ends;
  node.simple = !node.store_at_head && !node.waits_or_ends;
  if (!s.executes) return;
  const Decoded& d = *s.slots[s.execute_slot];
  node.requests_memory = d.accesses_memory;
  node.simple = node.simple && !node.requests_memory;
  node.divides = d.op == Op::div;
  node.asks = node.divides || node.mispredicts;
  node.special |= node.asks;
  if (node.divides) node.mask |= Inputs::field(Inputs::division, 8);
  node.trains_bht = d.op == Op::branch;
  node.taken = (static_cast<ControlFlow>(s.execute_flow) == ControlFlow::branch) != node.mispredicts;
  node.trains_btb =
      d.op == Op::jalr && node.mispredicts && static_cast<ControlFlow>(s.execute_flow) != ControlFlow::ret;
}

}  // namespace

bool Core::packable() const {
  if (halted_ || hold_issue_ || awaiting_wake_ || resync_) return false;
  if (have_record() && !issue_.valid) return false;  // behind a divergence
  if (speculative_ && flushing_slot() == 0) return false;
  if (!frontend_.packable() || fpu_.active() || scoreboard_.size() > PipelineState::most_slots) return false;
  if (issue_.valid &&
      (issue_.interrupt >= 0 || issue_.entry.fault != FetchFault::none || !issue_.entry.decoded->in_nodes))
    return false;
  if (csr_.interrupt(wires_) >= 0 || load_result_.exception) return false;
  for (unsigned i = 0; i < scoreboard_.count(); ++i)
    if (!scoreboard_[scoreboard_.behind_commit(i)].decoded->in_nodes) return false;
  return true;
}

void Core::pack(PipelineState& out) const {
  const auto slot = [this](unsigned id) { return static_cast<std::uint8_t>(scoreboard_.slot_of(id)); };
  frontend_.pack(out);
  if (issue_.valid) {
    out.issue = issue_.entry.decoded;
    out.issue_pc = issue_.entry.pc;
    out.issue_flow = static_cast<std::uint8_t>(issue_.entry.flow);
    if (issue_.entry.flow != ControlFlow::none) out.issue_predicted = issue_.entry.predicted;
  }
  scoreboard_.pack(out);
  if (execute_.valid) {
    const ScoreboardEntry& e = scoreboard_[execute_.id];
    out.executes = 1;
    out.execute_slot = slot(execute_.id);
    if (e.decoded->fu == Fu::ctrl_flow) {
      out.execute_flow = static_cast<std::uint8_t>(e.flow);
      out.execute_mispredicted = e.mispredicted;
    }
  }
  mult_.pack(out, slot);
  out.restart = static_cast<std::uint8_t>(restart_);
  out.translates = csr_.translation().fetch;
  if (speculative_) out.speculative = static_cast<std::uint8_t>(flushing_slot());
  out.forbidden = csr_.forbidden();
  out.csr_buffer = csr_buffer_;
}

// From a node back to the registers.
void Core::thaw() {
  if (!node_) return;
  const PipelineState& state = node_->state;
  node_ = nullptr;
  passing_.from = nullptr;
  const auto id = [this](unsigned slot) {
    return static_cast<std::uint8_t>(scoreboard_.behind_commit(slot));
  };
  frontend_.unpack(state);
  issue_.valid = state.issue != nullptr;
  issue_.interrupt = -1;
  if (issue_.valid)
    issue_.entry = {state.issue_pc, state.issue_predicted, state.issue,
                    static_cast<ControlFlow>(state.issue_flow), FetchFault::none};
  scoreboard_.unpack(state);
  mult_.unpack(state, id);
  restart_ = static_cast<Stall>(state.restart);
  speculative_ = state.speculative;
  csr_buffer_ = state.csr_buffer;
}

// Behind a plain step: to the node of this state, with an edge from the node that the step began in, if any.
void Core::freeze() {
  PipelineNode* const from = recording_.from;
  recording_.from = nullptr;
  if (!memo_->used() || !packable()) return;
  PipelineState state;
  pack(state);
  const std::uint64_t hash = state.hash();
  if (!memo_->wants(hash)) return;
  bool fresh = false;
  PipelineNode* const to = memo_->node(state, hash, fresh);
  if (fresh) describe(*to);
  node_ = to;
  last_edge_ = nullptr;
  if (have_record()) given_ = given_bits(state);
  if (!from) return;
  // What else the cycle has looked at makes more inputs matter, and edges that knew less of them void.
  const std::uint8_t consults = from->consults | frontend_.consulted();
  const bool ended = !from->divides && (recording_.edge.inputs.bits & Inputs::bit(Inputs::ended));
  if (std::popcount(unsigned{consults} & Consulted::by_address) > (ended ? 0 : 1)) return;
  if (consults != from->consults || (recording_.asked & ~from->mask)) {
    from->consults = consults;
    from->mask |= recording_.asked;
    from->special |= consults != 0 || recording_.asked != 0;
    from->asks |= consults != 0;
    for (PipelineEdge* edge = &from->first; edge; edge = edge->more) edge->next = nullptr;
    return;  // its inputs were not all read
  }
  recording_.edge.next = to;
  recording_.edge.predicts =
      recording_.edge.pushes || recording_.edge.pops || from->trains_bht || from->trains_btb;
  recording_.edge.waits = to == from && recording_.edge.does_nothing() && !from->atomic_at_head;
  memo_->link(*from, recording_.edge);
}

void Core::enter_node() {
  if (!node_) freeze();
}

// The word that the front end is shown, when it is fetched from where this node's was before. False: nothing has been done.
bool Core::fetch_again(const PipelineNode& node, Inputs& out) {
  if (node.fetches) {
    const std::uint64_t address = node.state.fetch_address & ~std::uint64_t{3};
    const PipelineNode::Fetched& known = node.fetched[hart_ % node.fetched.size()];
    if (known.context != fetch_context_ || !mmu_.fetches_from(address)) return false;
    out.bits = known.bits;
  }
  mmu_.fetched(node.fetches);
  return true;
}

// The same, wherever it is fetched from, and with its translation. False: something that no edge knows of.
bool Core::fetch_anew(PipelineNode& node, Inputs& out) {
  const bool turns = !mmu_.fetches_from(node.state.fetch_address);
  fetch_translation_ = mmu_.fetch(node.state.fetch_address & ~std::uint64_t{3}, true, csr_.translation());
  std::uint32_t word = 0;
  if (!fetch_translation_.valid || fetch_translation_.fault != FetchFault::none ||
      !frontend_.word(node.state.fetch_address, fetch_translation_.address, word))
    return false;
  if (passing_.from && turns)
    note_turn(node.state.fetch_address & ~std::uint64_t{3}, fetch_translation_.address);
  out.bits = word | Inputs::bit(Inputs::word_hits);
  if (fetch_context_ != stranger) node.fetched[hart_ % node.fetched.size()] = {out.bits, fetch_context_};
  return true;
}

// The edge for what has been seen, and what the state makes ask besides; null: none fits.
const PipelineEdge* Core::edge_for(const PipelineNode& node, Inputs& seen) {
  seen.bits |= record_bits();
  if (node.special) special_inputs(node, seen);
  seen.bits &= node.mask;
  return node.find(seen);
}

// What the state makes ask of the load/store side, behind its clock.
std::uint64_t Core::side_inputs(const PipelineNode& node) const {
  std::uint64_t out = 0;
  if (node.mask & Inputs::bit(Inputs::lsu_free) && bypass_.ready()) out |= Inputs::bit(Inputs::lsu_free);
  if (node.mask & Inputs::bit(Inputs::data_walk)) {
    if (mmu_.walker().active() && !mmu_.walker().walking_instruction()) out |= Inputs::bit(Inputs::data_walk);
    if (dcache_.load_waits()) out |= Inputs::bit(Inputs::load_waits);
  }
  return out;
}

void Core::special_inputs(const PipelineNode& node, Inputs& out) {
  out.bits |= side_inputs(node);
  if (node.foresees && foresees_mispredict(node.state)) out.bits |= Inputs::bit(Inputs::mispredicted);
  if (node.asks) ask_pipeline(node, out);
}

// Of the pipeline's own: what the load/store side has no part in.
void Core::ask_pipeline(const PipelineNode& node, Inputs& out) const {
  if (node.divides) {
    const ScoreboardEntry& e = scoreboard_[execute_.id];
    const int iterations = divider_iterations(e.decoded->expanded, e.outcome.operand_a, e.outcome.operand_b);
    out.bits |= std::uint64_t{static_cast<std::uint8_t>(iterations < 0 ? 255 : iterations)}
                << Inputs::division;
  }
  if (node.mispredicts) out.target = scoreboard_[execute_.id].outcome.next_pc;
  if (node.consults) frontend_.ask(node, out);
}

// replay() without what cannot happen while memory and the load/store side rest. False: it is another cycle, and nothing
// has been done.
bool Core::replay_at_rest() {
  if (!node_ || !load_store_rests_ || !adapter_.rests(cycle_) || !node_->simple || load_result_.exception)
    return false;
  PipelineNode& node = *node_;
  Inputs seen;
  if (!fetch_again(node, seen)) return false;
  seen.bits |= rest_bits_ | load_bits(load_result_);
  const PipelineEdge* const edge = edge_for(node, seen);
  if (!edge) return false;
  adapter_.rest();
  moved_ = execute_.valid || load_result_.valid;
  load_result_.valid = false;
  follow(node, *edge);
  end_cycle();
  return true;
}

void Core::step_awake() {
  const AdapterReturn in = adapter_.clock(cycle_);
  moved_ = in.icache_valid || in.dcache != DcacheReturnType::none || execute_.valid || load_result_.valid;
  if (node_ && node_->waits_or_ends) return step_at_head(in);
  if (!replay<false>(in)) step_fully(in);
}

// The cycle by its edge. False: it is one that no edge can know, and nothing has been done. `waits_at_head` as in the node.
template <bool waits_at_head>
bool Core::replay(const AdapterReturn& in) {
  if (!node_ || in.icache_valid || load_result_.exception) return false;
  PipelineNode& node = *node_;
  Inputs seen;
  if (!fetch_again(node, seen) && !fetch_anew(node, seen)) return false;
  const std::uint64_t shown_bits = rest_bits_;
  const LoadUnit::Outputs load = load_result_;
  WriteBack stored;
  if constexpr (waits_at_head) {
    Commit waiting;
    waiting.atomic = node.atomic_at_head;
    load_store(in, waiting, node.requests_memory, stored);
  } else {
    const bool commits = node.store_at_head && (shown_bits & Inputs::bit(Inputs::room));
    load_store_unflushed(in, commits, node.requests_memory, stored);
  }
  finish(node, seen, in, shown_bits, load, stored);
  return true;
}

// What is left of the cycle when the load/store side has been clocked.
void Core::finish(PipelineNode& node, Inputs& seen, const AdapterReturn& in, std::uint64_t shown_bits,
                  const LoadUnit::Outputs& load, const WriteBack& stored) {
  seen.bits |= shown_bits | load_bits(load) | store_bits(stored);
  const PipelineEdge* const edge = stored.exception ? nullptr : edge_for(node, seen);
  if (!edge) return step_plainly_behind(node, seen, in, shown_bits, load, stored);
  follow(node, *edge);
  end_cycle();
}

// The cycles of a pipeline that has come back to its node, as long as it is shown nothing new: only memory and the load/store
// side move. False: a write to the CLINT is for the caller to see.
bool Core::wait(std::uint64_t limit) {
  PipelineNode& node = *node_;
  const PipelineEdge& edge = *last_edge_;
  Inputs seen;
  if (!fetch_again(node, seen) || ((seen.bits ^ edge.inputs.bits) & node.mask & Inputs::field(0, 33)))
    return true;
  const std::uint64_t writes = interconnect_->clint.writes(), context = fetch_context_,
                      shown_bits = rest_bits_;
  while (cycle_ < limit && !adapter_.shows_icache() && fetch_context_ == context && !fence_goes_on(node)) {
    if (const std::uint64_t walked = walk_ahead(limit)) {
      cycle_ += walked;
      stalls_[edge.cause] += walked;
      if (cycle_ >= limit) break;
    }
    const AdapterReturn in = adapter_.clock(cycle_);
    WriteBack stored;
    moved_ = in.dcache != DcacheReturnType::none;
    load_store_unflushed(in, false, false, stored);
    if (stored.valid || side_inputs(node) != (edge.inputs.bits & Inputs::side)) {
      finish(node, seen, in, shown_bits, {}, stored);
      return interconnect_->clint.writes() == writes;
    }
    ++stalls_[edge.cause];
    const bool again = rest_bits_ == shown_bits && !load_result_.valid;
    if (load_store_rests_ && again && !fence_goes_on(node))
      moved_ = false;  // the next is like this one but for what this one has moved
    end_cycle();
    if (!node_) return interconnect_->clint.writes() == writes;
    skip(limit);
    if (interconnect_->clint.writes() != writes) return false;
    if (!again) return true;
  }
  return true;
}

// What is fetched in this cycle, for a plain step.
void Core::keep_fetch(const PipelineNode& node) {
  fetch_translation_ = {};
  if (node.fetches) fetch_translation_ = mmu_.fetch_again(node.state.fetch_address & ~std::uint64_t{3});
}

// A cycle that no edge knows, whose load/store side has been clocked already. `ends`: by replay_end().
void Core::step_plainly_behind(PipelineNode& node, const Inputs& seen, const AdapterReturn& in,
                               std::uint64_t shown_bits, const LoadUnit::Outputs& load,
                               const WriteBack& stored, bool ends) {
  Shown shown;
  shown.drained = ends;
  shown.in = in;
  shown.room = (shown_bits >> Inputs::room) & 1;
  shown.lsu_ready = (shown_bits >> Inputs::lsu_ready) & 1;
  shown.load = load;
  shown.stored = stored;
  shown.done = true;
  if (!ends) keep_fetch(node);
  if (stored.exception)
    thaw();
  else
    record(node, seen);
  step_plainly(shown);
}

bool Core::glide(std::uint64_t limit) {
  if (at_question() && passes(limit)) return cycle_ < limit;
  const bool rested = replay_at_rest();
  if (rested && moved_) return cycle_ < limit;
  const std::uint64_t writes = interconnect_->clint.writes(), fences = fences_;
  if (!rested) {
    step_awake();
    if (interconnect_->clint.writes() != writes || fences_ != fences || halted_) return false;
  }
  skip(limit);
  return cycle_ < limit && interconnect_->clint.writes() == writes &&
         (last_cause_ == Stall::issued || !waits() || wait(limit)) && cycle_ < limit;
}

// No edge of the node knows these inputs: the plain step that follows is to make one.
void Core::record(PipelineNode& node, const Inputs& seen) {
  thaw();
  recording_.from = &node;
  recording_.edge.inputs = seen;
}

// The record of the instruction that is issued, as far as anybody will look at it.
inline void Core::keep_outcome(const Decoded& d, Outcome& out) const {
  if (!d.plain) {
    out = Outcome(record_);
    return;
  }
  out.next_pc = record_.next_pc.value;
  out.operand_a = record_.operand_a;
  out.operand_b = record_.operand_b;
  out.trapped = false;
}

// The instruction that leaves the issue stage in `cycle`.
inline void Core::begin_entry(const Decoded& d, std::uint64_t pc, ControlFlow flow, ScoreboardEntry& e,
                              std::uint64_t cycle) {
  e.decoded = &d;
  e.pc = pc;
  e.issue_cycle = cycle;
  e.flow = flow;
}

// What has been told of it, when nothing is flushed behind it.
inline void Core::end_entry(const Decoded& d, ScoreboardEntry& e) {
  e.mispredicted = given_ & Given::mispredicted;
  mispredictions_ += e.mispredicted;
  e.has_csr = d.fu == Fu::csr;
  if (e.has_csr) e.csr = CsrAfter(record_);
  keep_outcome(d, e.outcome);
  given_ = 0;
}

inline void Core::train(const PipelineNode& node, const RasStep& ras, const ScoreboardEntry& e) {
  frontend_.train(node, e.pc, e.outcome.next_pc);
  if (ras.pushes || ras.pops) frontend_.move_ras(ras);
}

void Core::follow(const PipelineNode& node, const PipelineEdge& edge) {
  if (edge.retires) {
    last_commit_ = cycle_;
    committed_ += edge.retires;
    if (trace_) trace_commits(edge.retires);
  }
  if (edge.predicts) {
    train(node, edge.ras_step(), scoreboard_[execute_.id]);
    if (passing_.from) note_training(node, edge);
  }
  execute_.valid = edge.issues;
  if (edge.issues) {
    const unsigned id = scoreboard_.behind_commit(node.state.count);
    execute_.id = static_cast<std::uint8_t>(id);
    ScoreboardEntry& e = scoreboard_[id];
    begin_entry(*node.state.issue, node.state.issue_pc, static_cast<ControlFlow>(node.state.issue_flow), e,
                cycle_);
    if (node.issues_around_flush || (given_ & Given::trapped)) [[unlikely]]
      issue_around_flush(node, e);
    else
      end_entry(*node.state.issue, e);
  }
  const ScoreboardEntry& head = scoreboard_[scoreboard_.commit_pointer()];
  scoreboard_.move_on(edge.retires);
  ++stalls_[edge.cause];
  last_cause_ = edge.cause;
  moved_ |= edge.moves;
  node_ = edge.next;
  last_edge_ = &edge;
  if (edge.applies) apply_csrs(head.csr);
}

}  // namespace hartbeat::timing::cva6

#include "emu/timing/cva6/core.hpp"

#include <algorithm>

namespace hartbeat::timing::cva6 {

Core::Core(const Cva6Parameters& parameters, unsigned hart, Interconnect& interconnect, const HartView& view,
           DecodeCache& decode, PipelineMemo& memo, PassageMemo& passages)
    : parameters_(parameters),
      hart_(hart),
      interconnect_(&interconnect),
      view_(&view),
      decode_cache_(&decode),
      memo_(&memo),
      passages_(&passages),
      may_pass_(interconnect.plain()),
      adapter_(interconnect, hart, parameters),
      frontend_(parameters, parameters.boot_address),
      mmu_(parameters),
      dcache_(parameters),
      store_unit_(parameters),
      scoreboard_(parameters.scoreboard_entries),
      speculation_(decode.extensions()),
      low_mask_{dcache_.bank_mask() | 7, dcache_.bank_mask()} {}

void Core::given() {
  const Retirement& record = record_;
  fresh_ = record_plain_ = may_pass_ && node_ && is_answer(record);
  if (!fresh_) end_passages();
  if (node_) {
    const PipelineState& state = node_->state;
    if (record.interrupt || record.pc.value != state.issue_pc)
      thaw();
    else
      given_ = given_bits(state);
  }
  if (node_) return;
  given_ = Given::yes;
  if (record.pc.value != issue_.entry.pc) {  // the front end is not where the functional core is
    ++divergences_;
    resync_ = true;
  }
  if (record.interrupt)
    issue_.interrupt = record.cause;
  else if (issue_.interrupt >= 0 && !record.trapped)
    issue_.interrupt = -1;
}

std::uint8_t Core::given_bits(const PipelineState& state) const {
  const bool mispredicted =
      mispredicts(*state.issue, static_cast<ControlFlow>(state.issue_flow), state.issue_predicted, record_);
  return static_cast<std::uint8_t>(Given::yes | (mispredicted ? Given::mispredicted : 0) |
                                   (record_.trapped ? Given::trapped : 0));
}

bool Core::mispredicts(const Decoded& d, ControlFlow flow, std::uint64_t predicted,
                       const Retirement& record) {
  switch (d.op) {
    case Op::branch: {
      const bool taken = branch_taken(d.expanded, record.operand_a, record.operand_b);
      return taken != (flow == ControlFlow::branch);
    }
    case Op::jalr: return flow == ControlFlow::none || record.next_pc.value != predicted;
    default: return false;
  }
}

void Core::step_fully(const AdapterReturn& in) {
  Shown shown;
  shown.in = in;
  shown.room = store_unit_.buffer().commit_ready();
  shown.lsu_ready = bypass_.ready();
  shown.load = load_result_;
  shown.drained = stores_drained();
  thaw();
  step_plainly(shown);
}

void Core::step_plainly(Shown& shown) {
  plain_step(shown);
  settle_wires();
  freeze();
  ++cycle_;
}

void Core::plain_step(Shown& shown) {
  const AdapterReturn& in = shown.in;
  Commit done = commit(shown);

  WriteBack results;
  FpuOperation fpu;
  ResolvedBranch branch = execute(shown.load, results, fpu);
  if (resync_) {
    branch.mispredict = true;
    branch.target = record_.pc.value;
  }
  const bool flush_unissued = done.flush || branch.mispredict;
  Ready ready{shown.lsu_ready, true};
  if (fpu_.active() || fpu.valid || done.flush) {
    ready.fpu = fpu_.ready(fpu);
    const FpuWrap::Output fpu_result = fpu_.clock(fpu, done.flush);
    if (fpu_result.valid) results.add(fpu_result.trans_id, false);
  }

  if (!shown.done) {
    fetch_translation_ = mmu_.fetch(frontend_.icache().virtual_address(),
                                    frontend_.icache().wants_translation(), csr_.translation());
    const bool requests = execute_.valid && scoreboard_[execute_.id].decoded->accesses_memory;
    load_store(in, done, requests, shown.stored);
  }
  results.valid |= shown.stored.valid;
  results.exception |= shown.stored.exception;

  const unsigned head = scoreboard_.commit_pointer();
  const bool acknowledged = issue(done, results, ready, flush_unissued);
  scoreboard_.write_back(results.valid, results.exception);

  Frontend::Inputs fetch;
  decode(acknowledged, flush_unissued, fetch.pop);
  fetch.flush = flush_unissued;
  fetch.flush_predictors = done.flush_predictors;
  fetch.flush_icache = done.flush_icache;
  fetch.redirect = done.redirect;
  fetch.target = done.target;
  fetch.branch = branch;
  frontend_.clock(fetch, fetch_translation_, in.icache_valid, adapter_, *interconnect_, *view_,
                  *decode_cache_);

  recording_.asked = 0;
  const Stall why = acknowledged ? Stall::issued : cause();
  ++stalls_[why];
  const bool moves = acknowledged || fetch.pop || results.valid != 0 || done.number != 0 || done.flush ||
                     branch.valid || branch.mispredict || mult_.busy() || fpu_.active() || frontend_.moved();
  moved_ |= moves;
  last_cause_ = why;
  if (acknowledged) restart_ = Stall::fetch_bubble;
  if (branch.mispredict) restart_ = Stall::mispredict;
  PipelineEdge& edge = recording_.edge;
  edge.retires = static_cast<std::uint8_t>(done.number);
  edge.issues = acknowledged;
  edge.applies = done.apply && scoreboard_[head].has_csr;
  edge.moves = moves;
  edge.cause = why;
  edge.pushes = frontend_.ras_move().push;
  edge.pops = frontend_.ras_move().pop;
  edge.return_address = frontend_.ras_move().address;
  end_step(done, head);
}

// The clock edge of scoreboard, CSRs and sleep.
void Core::end_step(const Commit& done, unsigned head) {
  if (done.apply && scoreboard_[head].has_csr) apply_csrs(scoreboard_[head].csr);
  if (done.flush) {
    scoreboard_.flush();
    execute_.valid = false;
    csr_buffer_ = false;
    speculative_ = false;
    restart_ = done.restart;
  } else {
    scoreboard_.retire(done.number);
  }
  if (halted_ && (csr_.pending(wires_) & csr_.mie())) {
    halted_ = false;
    moved_ = true;  // the next cycle is another
  }
  update_fetch_context();
  if (awaiting_wake_ && drained() && !halted_) hold_issue_ = awaiting_wake_ = false;
  resync_ = false;
}

// An instruction has left the CSRs like this. What nodes take for granted of them may be true no more.
void Core::apply_csrs(const CsrAfter& after) {
  if (passing_.from && !csr_.is_like(after)) passing_.from = nullptr;
  if (change_csrs(after) || csr_.interrupt(wires_) >= 0) thaw();
}

// True: a node's state is another with them.
bool Core::change_csrs(const CsrAfter& after) {
  const TranslationState before = csr_.translation();
  const std::uint8_t forbidden = csr_.forbidden();
  csr_.apply(after);
  const bool translates_as_before = csr_.translation() == before;
  if (!translates_as_before) change_translation();
  return !translates_as_before || csr_.forbidden() != forbidden;
}

void Core::change_translation() {
  load_store_rests_ = false;
  mmu_.change_translation();
  fetch_origin_ = std::uint64_t{hart_} << 58 | std::uint64_t{csr_.translation().fetch_key()} << 39;
  update_fetch_context();
}

// mip_q of the interrupt wires: what the CLINT shows in this cycle is seen in the next.
void Core::look_at_wires() {
  const std::uint64_t wires = clint_lines() | external_lines_;
  wires_settled_ = wires == wires_;
  if (wires_settled_) return;
  unsettle_wires();
  moved_ = true;
  wires_ = wires;
  thaw();
}

// The CLINT's wires in this cycle; they are looked at again when a store or the time can have moved them.
std::uint64_t Core::clint_lines() {
  const ClintWires& clint = interconnect_->clint;
  if (cycle_ >= clint_steady_until_ || clint.writes() != clint_writes_) {
    clint_lines_ = clint.lines(hart_, cycle_);
    clint_steady_until_ = clint.steady_until(hart_, cycle_);
    clint_writes_ = clint.writes();
  }
  return clint_lines_;
}

void Core::skip(std::uint64_t horizon) {
  if (moved_ || needs_record() || !mmu_.waiting(cycle_)) return;
  const std::uint64_t from = cycle_;
  std::uint64_t to = std::min(horizon, interconnect_->clint.next_rise(hart_, cycle_));
  if (mmu_.shared().flushing(cycle_)) to = std::min(to, mmu_.shared().flush_end());
  cycle_ = adapter_.clock_alone(cycle_, to);
  stalls_[last_cause_] += cycle_ - from;
}

ResolvedBranch Core::execute(const LoadUnit::Outputs& load, WriteBack& results, FpuOperation& fpu) const {
  ResolvedBranch out;
  if (mult_.busy()) {
    const Mult::Output product = mult_.output();
    if (product.valid) results.add(product.trans_id, false);
  }
  if (load.valid) results.add(load.trans_id, load.exception);
  if (!execute_.valid) return out;
  const ScoreboardEntry& e = scoreboard_[execute_.id];
  switch (e.decoded->fu) {
    case Fu::alu:
    case Fu::csr:
    case Fu::aes: results.add(execute_.id, false); break;
    case Fu::cvxif: results.add(execute_.id, true); break;
    case Fu::ctrl_flow:
      results.add(execute_.id, false);
      out.valid = true;
      out.pc = e.pc;
      out.target = e.outcome.next_pc;
      out.mispredict = e.mispredicted;
      out.flow = e.flow;
      if (e.decoded->op == Op::branch) {
        out.flow = ControlFlow::branch;
        out.taken = (e.flow == ControlFlow::branch) != out.mispredict;
      } else if (e.decoded->op == Op::jalr && out.mispredict && e.flow != ControlFlow::ret) {
        out.flow = ControlFlow::jump_register;
      }
      break;
    case Fu::fpu:
      fpu = {true, e.decoded->op, e.decoded->fp_double, execute_.id, 1};
      if (e.decoded->op == Op::fp_div || e.decoded->op == Op::fp_sqrt)
        fpu.rounds = static_cast<std::uint8_t>(divsqrt_rounds(
            e.decoded->op == Op::fp_sqrt, e.decoded->fp_double, e.outcome.operand_a, e.outcome.operand_b));
      break;
    default: break;
  }
  return out;
}

bool Core::operands_ready(const Decoded& d, const WriteBack& results) const {
  const std::uint32_t forwards = scoreboard_.results() | (results.valid & ~results.exception);
  for (const unsigned source : d.sources) {
    const int writer = scoreboard_.writer(source);
    if (writer < 0) continue;
    if (!((forwards >> writer) & 1)) return false;
    const bool from_csr = source < 32 && scoreboard_[static_cast<unsigned>(writer)].decoded->fu == Fu::csr;
    if (from_csr && d.op != Op::sfence_vma) return false;
  }
  return true;
}

bool Core::unit_busy(const Decoded& d, const Commit& commit, Ready ready) const {
  const Fu executing = execute_.valid ? scoreboard_[execute_.id].decoded->fu : Fu::none;
  const bool csr_ready = !((csr_buffer_ || executing == Fu::csr) && !commit.csr);
  const bool division = executing == Fu::mult && scoreboard_[execute_.id].decoded->op == Op::div;
  const bool flu_ready = csr_ready && mult_.ready(division);
  switch (d.fu) {
    case Fu::alu:
    case Fu::aes:
    case Fu::ctrl_flow:
    case Fu::csr: return !flu_ready || executing == Fu::mult;
    case Fu::mult: return !flu_ready;
    case Fu::fpu: return !ready.fpu;
    case Fu::load:
    case Fu::store: return !ready.lsu;
    default: return false;
  }
}

// True when the instruction in the issue register was acknowledged.
bool Core::issue(const Commit& commit, const WriteBack& results, Ready ready, bool flush_unissued) {
  const Fu executing = execute_.valid ? scoreboard_[execute_.id].decoded->fu : Fu::none;
  const ScoreboardEntry* running = execute_.valid ? &scoreboard_[execute_.id] : nullptr;
  const bool multiplies = executing == Fu::mult && running->decoded->op == Op::mul;
  const bool divides = executing == Fu::mult && running->decoded->op == Op::div;

  bool acknowledged = false;
  if (issue_.valid && !scoreboard_.full() && !(hold_issue_ && !have_record() && !speculative_)) {
    const Decoded& d = *issue_.entry.decoded;
    const bool exception = issue_.interrupt >= 0 || issue_.entry.fault != FetchFault::none || d.raises;
    const bool faulted = issue_.entry.fault != FetchFault::none;
    const bool busy = !faulted && unit_busy(d, commit, ready);
    acknowledged = !busy && (exception || d.fu == Fu::cvxif || operands_ready(d, results));
  }
  if (mult_.busy() || executing == Fu::mult)
    mult_.clock(multiplies, divides,
                divides ? divider_iterations(running->decoded->expanded, running->outcome.operand_a,
                                             running->outcome.operand_b)
                        : 0,
                execute_.id, commit.flush);
  if (executing == Fu::csr)
    csr_buffer_ = true;
  else if (commit.csr)
    csr_buffer_ = false;

  execute_.valid = false;
  if (acknowledged && !flush_unissued) {
    const bool exception =
        issue_.interrupt >= 0 || issue_.entry.fault != FetchFault::none || issue_.entry.decoded->raises;
    start(scoreboard_.next());
    execute_ = {!exception, static_cast<std::uint8_t>(scoreboard_.issue_pointer())};
    scoreboard_.add(exception);
  }
  return acknowledged && !flush_unissued;
}

// SFENCE.VMA alone does not wait for a CSR instruction that has yet to commit (issue_read_operands.sv,
// rs1_is_not_csr): it is given that instruction's write-back, which is its source operand and not what it
// reads.
std::uint64_t Core::fence_operand(int writer, std::uint64_t value) const {
  if (writer < 0) return value;
  const ScoreboardEntry& e = scoreboard_[static_cast<unsigned>(writer)];
  if (e.decoded->fu != Fu::csr) return value;
  return e.decoded->use_zimm ? e.decoded->rs1 : e.outcome.operand_a;
}

// Of the SFENCE.VMA that is issued; the slots that its operands come from, or -1.
void Core::keep_fence(int writer_a, int writer_b) {
  tlb_flush_ = {fence_operand(writer_a, record_.operand_a),
                static_cast<std::uint16_t>(fence_operand(writer_b, record_.operand_b))};
}

void Core::keep(const Retirement& record, ScoreboardEntry& e) {
  e.outcome = Outcome(record);
  e.has_csr = record.trapped || e.decoded->fu == Fu::csr;
  if (e.has_csr) e.csr = CsrAfter(record);
  e.mispredicted = mispredicts(*e.decoded, e.flow, e.predicted, record);
}

void Core::start(ScoreboardEntry& e) {
  const Decoded& d = *issue_.entry.decoded;
  e.decoded = &d;
  e.pc = issue_.entry.pc;
  e.issue_cycle = cycle_;
  e.predicted = issue_.entry.predicted;
  e.flow = issue_.entry.flow;
  if (have_record() && !speculative_) {
    keep(record_, e);
    mispredictions_ += e.mispredicted;
    given_ = 0;
    if (record_.trapped || d.flushes) {
      speculative_ = true;
      speculation_.reset(d.is_amo() ? d.rd : 0, cycle_);
    }
    if (d.op == Op::sfence_vma) keep_fence(scoreboard_.writer(d.rs1), scoreboard_.writer(d.rs2));
  } else {
    issue_speculatively(e);
  }
}

void Core::decode(bool acknowledged, bool flush, bool& pop) {
  if (acknowledged) issue_.valid = false;
  pop = false;
  if (!issue_.valid && frontend_.has_entry()) {
    pop = true;
    issue_.valid = true;
    issue_.entry = frontend_.head();
    if (csr_.forbids(*issue_.entry.decoded))
      issue_.entry.decoded = &decode_cache_->illegal(*issue_.entry.decoded);
    issue_.interrupt = csr_.interrupt(wires_);
  }
  if (flush) issue_.valid = false;
}

}  // namespace hartbeat::timing::cva6

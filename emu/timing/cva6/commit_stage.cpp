// Modules commit_stage and controller: what leaves the scoreboard in a cycle, and what that flushes.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

void Core::trace_commit(bool second_port) const {
  const ScoreboardEntry& e = scoreboard_[scoreboard_.behind_commit(second_port)];
  trace_->on_instruction(e.pc, {e.decoded->bits, csr_.translation().privilege, second_port}, e.issue_cycle,
                         cycle_ - e.issue_cycle);
}

// A pair is a call of its own: for one, the usual number, this needs no stack frame.
void Core::trace_commits(unsigned number) const {
  if (number == 2) return trace_pair();
  trace_commit(false);
}

void Core::trace_pair() const {
  trace_commit(false);
  trace_commit(true);
}

void Core::trace_trap(const ScoreboardEntry& e) const {
  TraceRecord out;
  out.commit_cycle = cycle_;
  out.issue_cycle = e.issue_cycle;
  out.pc = e.pc;
  out.bits = e.decoded->bits;
  out.privilege = csr_.translation().privilege;
  out.trapped = true;
  out.cause = e.outcome.cause | (e.outcome.interrupt ? std::uint64_t{1} << 63 : 0);
  trace_->on_commit(out);
}

// Of an instruction that has trapped, or an xRET, a fence, or one that writes a CSR with side effects.
Core::Commit Core::flush_behind(const ScoreboardEntry& head, bool trapped) {
  const bool leaves = trapped || head.decoded->op == Op::mret || head.decoded->op == Op::sret;
  Commit out;
  out.flush = out.redirect = out.apply = true;
  out.csr = !trapped;
  out.flush_tlb = !trapped && head.decoded->op == Op::sfence_vma;
  out.flush_icache = !trapped && head.decoded->op == Op::fence_i;
  out.flush_predictors = leaves;
  out.target = leaves ? head.outcome.next_pc : head.pc + 4;
  out.restart = leaves ? Stall::trap : out.flush_icache ? Stall::fence : Stall::csr_flush;
  return out;
}

void Core::take_exception(ScoreboardEntry& head, Commit& out) {
  out = flush_behind(head, true);
  last_commit_ = cycle_;
  if (trace_) trace_trap(head);
}

void Core::commit_system(const Shown& shown, ScoreboardEntry& head, Commit& out, bool& ack) {
  out.csr = true;
  switch (head.decoded->op) {
    case Op::mret:
    case Op::sret: out = flush_behind(head, false); break;
    case Op::wfi:
      if (!(csr_.pending(wires_) & csr_.mie())) halted_ = true;
      break;
    case Op::sfence_vma:
    case Op::fence:
    case Op::fence_i:
      ack = shown.drained;
      if (!ack) return;
      out = flush_behind(head, false);
      fences_ += out.flush_tlb;
      break;
    case Op::csr_write:
      if (csr_write_flushes(head.decoded->csr)) out = flush_behind(head, false);
      break;
    default: break;
  }
  out.apply = true;
}

void Core::commit_second(const ScoreboardEntry& head, Commit& out) const {
  if (head.decoded->fu == Fu::csr || head.decoded->is_amo()) return;
  const unsigned second = scoreboard_.behind_commit(1);
  if (scoreboard_.valid(second) && !raises_exception(scoreboard_[second], scoreboard_.exception(second)) &&
      scoreboard_[second].decoded->commits_second)
    ++out.number;
}

Core::Commit Core::commit(const Shown& shown) {
  Commit out;
  const unsigned oldest = scoreboard_.commit_pointer();
  if (!scoreboard_.valid(oldest) || halted_) return out;
  ScoreboardEntry& head = scoreboard_[oldest];
  if (raises_exception(head, scoreboard_.exception(oldest))) {
    take_exception(head, out);
    return out;
  }
  bool ack = true;
  if (head.decoded->fu == Fu::store && !head.decoded->is_amo()) {
    ack = shown.room;
    out.store = ack;
  } else if (head.decoded->fu == Fu::csr) {
    commit_system(shown, head, out, ack);
  } else if (head.decoded->is_amo()) {
    out.atomic = true;
    ack = dcache_.amo_ack(shown.in);
    if (ack) {
      out.flush = out.redirect = true;
      out.target = head.pc + 4;
      out.restart = Stall::atomic;
    }
  }
  if (!ack) return out;
  out.number = 1;
  if (parameters_.commit_ports == 2) commit_second(head, out);
  last_commit_ = cycle_;
  committed_ += out.number;
  if (trace_) trace_commits(out.number);
  return out;
}

std::uint64_t Core::wake() const {
  if ((interconnect_->clint.lines(hart_, cycle_) | external_lines_) & csr_.mie()) return cycle_;
  if (!(csr_.mie() & 0x88)) return never_cycle;
  return interconnect_->clint.next_rise(hart_, cycle_);
}

void Core::sleep_until(std::uint64_t cycle) {
  if (!halted_ || cycle <= cycle_) return;
  stalls_[Stall::wfi] += cycle - cycle_;
  cycle_ = cycle;
}

}  // namespace hartbeat::timing::cva6

#include "emu/timing/cva6/cva6_ptw.hpp"

namespace hartbeat::timing::cva6 {

Cva6Ptw::Verdict Cva6Ptw::judge(const TranslationState& translation, bool is_store) const {
  const Pte& pte = pte_;
  if (!pte.v() || (!pte.r() && pte.w()) || pte.reserved() || (!(pte.r() || pte.x()) && pte.n()))
    return Verdict::error;
  if (!pte.r() && !pte.x()) return level_ == 2 ? Verdict::error : Verdict::pointer;
  if (pte.n() && !((pte.ppn() & 15) == 8 && level_ == 2)) return Verdict::error;
  if (instruction_) {
    if (!pte.x() || !pte.a()) return Verdict::error;
  } else {
    const bool readable = pte.r() || (pte.x() && translation.mxr);
    if (!pte.a() || !readable || (is_store && !(pte.w() && pte.d()))) return Verdict::error;
  }
  if (level_ < 2 && (pte.ppn() & ((std::uint64_t{1} << (9 * (2 - level_))) - 1)))
    return Verdict::error;  // misaligned
  return Verdict::leaf;
}

TlbUpdate Cva6Ptw::update(const TranslationState& translation, bool is_store) const {
  TlbUpdate out;
  if (state_ != State::pte_lookup || !data_valid_ || judge(translation, is_store) != Verdict::leaf)
    return out;
  out.valid = true;
  out.napot_64k = pte_.n();
  out.level = level_;
  out.asid = asid_;
  out.vpn = (address_ >> 12) & 0x7FF'FFFF;
  out.pte.bits = pte_.bits | (global_ ? 32 : 0);
  return out;
}

// To the table that the entry points to.
void Cva6Ptw::descend() {
  const unsigned shift = level_ == 0 ? 21 : 12;
  pointer_ = (pte_.ppn() << 12) + (((address_ >> shift) & 0x1FF) << 3);
  ++level_;
  state_ = State::wait_grant;
}

unsigned Cva6Ptw::read(const TranslationState& translation, const HartView& view) {
  pte_.bits = view.read_physical(PhysAddr{pointer_});
  state_ = State::pte_lookup;
  tag_valid_ = false;
  data_valid_ = true;
  if (judge(translation, false) != Verdict::pointer) return 2;
  if (pte_.g()) global_ = true;
  data_valid_ = false;
  descend();
  return 3;
}

void Cva6Ptw::clock(const ReadResponse& response, const Cva6SharedTlb& miss,
                    const TranslationState& translation, bool is_store, bool flush, const HartView& view) {
  const State before = state_;
  const bool killed = kill_;
  bool tag_valid = false;
  switch (state_) {
    case State::idle:
      level_ = 0;
      global_ = false;
      instruction_ = false;
      if (miss.access()) {  // the update of the same cycle would be a hit, but then the walker is not idle
        pointer_ = translation.root + (((miss.address() >> 30) & 0x1FF) << 3);
        instruction_ = miss.for_instruction();
        address_ = miss.address();
        asid_ = translation.asid;
        state_ = State::wait_grant;
      }
      break;
    case State::wait_grant:
      if (response.granted) {
        tag_valid = true;
        state_ = killed || flush ? State::kill_req : State::pte_lookup;
      }
      break;
    case State::kill_req:
      kill_ = false;
      state_ = State::wait_rvalid;
      break;
    case State::pte_lookup:
      if (data_valid_) {
        const Verdict verdict = judge(translation, is_store);
        if (pte_.g()) global_ = true;
        if (verdict == Verdict::error) {
          state_ = State::propagate_error;
        } else if (verdict == Verdict::leaf) {
          state_ = State::latency;
        } else {
          descend();
        }
      }
      break;
    case State::wait_rvalid:
      if (data_valid_) state_ = State::idle;
      break;
    case State::propagate_error: state_ = State::latency; break;
    case State::latency: state_ = State::idle; break;
  }
  if (flush) {
    if ((before == State::pte_lookup || before == State::wait_rvalid) && !data_valid_)
      state_ = State::wait_rvalid;
    else if (before != State::wait_grant)
      state_ = State::latency;
    kill_ = before == State::wait_grant;
  }
  tag_valid_ = tag_valid;
  data_valid_ = response.valid;
  if (response.valid) pte_.bits = view.read_physical(PhysAddr{pointer_});
}

}  // namespace hartbeat::timing::cva6

#include "emu/timing/cva6/store_unit.hpp"

namespace hartbeat::timing::cva6 {
namespace {

std::uint8_t byte_enable(std::uint64_t address, unsigned size_log2) {
  return static_cast<std::uint8_t>(((1u << (1u << size_log2)) - 1) << (address & 7));
}

MemoryRequest amo_type(Op op) {
  return op == Op::amo_lr   ? MemoryRequest::amo_lr
         : op == Op::amo_sc ? MemoryRequest::amo_sc
                            : MemoryRequest::amo_rmw;
}

}  // namespace

void StoreUnit::step(const LsuControl& request, const Inputs& in, bool store_ready, Outputs& out,
                     bool& push) {
  const bool valid = request.valid && !request.is_load;
  const State before = state_;
  switch (before) {
    case State::idle:
    case State::valid_store:
      if (before == State::valid_store) {
        out.valid = true;
        push = !in.flush;
      }
      if (!valid || (before == State::valid_store && request.is_amo())) {
        state_ = State::idle;
        break;
      }
      state_ = State::valid_store;
      out.pop = true;
      if (!in.dtlb_hit) {
        state_ = State::wait_translation;
        out.pop = false;
      }
      if (!store_ready) {
        state_ = State::wait_store_ready;
        out.pop = false;
      }
      break;
    case State::wait_store_ready:
      if (store_ready && in.dtlb_hit) state_ = State::idle;
      break;
    case State::wait_translation:
      if (in.dtlb_hit) state_ = State::idle;
      break;
  }
  if (in.exception && before != State::idle) {
    out.pop = true;
    push = false;
    state_ = State::idle;
    out.valid = out.exception = true;
  }
  if (in.flush) state_ = State::idle;
}

StoreRequest StoreUnit::held_store(std::uint64_t physical) const {
  return {true, physical, held_.data << (8 * (held_.address & 7)),
          byte_enable(held_.address, held_.size_log2), held_.serial};
}

StoreUnit::Outputs StoreUnit::clock(const LsuControl& request, const Inputs& in) {
  Outputs out;
  out.trans_id = held_.trans_id;
  const bool amo_ready = !amo_full_;
  const bool held_amo = held_.is_amo();
  // st_ready looks at this cycle's push, which does not depend on it.
  const bool pushes = state_ == State::valid_store && !in.flush && !in.exception;
  const bool store_ready = buffer_.ready(pushes && !held_amo, in.commit) && amo_ready;
  bool push = false;
  step(request, in, store_ready, out, push);

  const StoreRequest held = held_store(in.physical);
  buffer_.clock(push && !held_amo, held, in.commit, in.granted, in.flush);
  if (in.amo_ack) amo_full_ = false;
  if (in.flush && !in.amo_at_commit)
    amo_full_ = false;
  else if (push && held_amo && amo_ready) {
    amo_full_ = true;
    amo_ = {true, amo_type(held_.op), in.physical, held.byte_enable, held_.sc_fails};
  }
  held_ = request;
  return out;
}

void StoreUnit::clock_usually(State next, const LsuControl& request, std::uint64_t physical, bool commit,
                              bool granted) {
  if (state_ == State::valid_store)
    buffer_.clock(true, held_store(physical), commit, granted, false);
  else
    buffer_.clock(false, {}, commit, granted, false);
  state_ = next;
  if (next != State::idle) held_ = request;
}

}  // namespace hartbeat::timing::cva6

#include "emu/timing/cva6/frontend.hpp"

namespace hartbeat::timing::cva6 {

void Frontend::follow(const Realigned& word, unsigned i, const Decoded& d, Prediction& out) const {
  const bool saved = i == 0 && realign_.serving_unaligned();
  const unsigned slot = (word.address[i] >> 1) & 1;
  bool taken = false;
  if (d.scan_jalr) {
    out.ras_pop = out.ras_push = false;
    const BtbPrediction target = saved ? btb_q_ : btb_.predict(word_address_, slot);
    if (target.valid) {
      out.address = target.target;
      out.flow[i] = ControlFlow::jump_register;
    }
  } else if (d.scan_jump) {
    out.ras_pop = out.ras_push = false;
    taken = true;
    out.flow[i] = ControlFlow::jump;
  } else if (d.scan_return) {
    out.ras_pop = ras_.top().valid;
    out.pop_by = i;
    out.ras_push = false;
    out.address = ras_.top().address;
    out.flow[i] = ControlFlow::ret;
  } else {
    out.ras_pop = out.ras_push = false;
    const BhtPrediction prediction = saved ? bht_q_ : bht_.predict(word_address_, slot);
    taken = prediction.valid ? prediction.taken : d.immediate < 0;
    if (taken) out.flow[i] = ControlFlow::branch;
  }
  if (d.scan_call) {
    out.ras_push = true;
    out.push_by = i;
    out.ras_update = word.address[i] + d.length;
  }
  if (taken)
    out.address = word.address[i] + static_cast<std::uint64_t>(static_cast<std::int64_t>(d.immediate));
}

// "lower most prediction gets precedence": instruction 1 first, then instruction 0 over it.
Frontend::Prediction Frontend::predict(const Realigned& word, const Decoded* const (&decoded)[2]) const {
  Prediction out;
  if (word.valid[1] && decoded[1]->scan_any) follow(word, 1, *decoded[1], out);
  if (word.valid[0] && decoded[0]->scan_any) follow(word, 0, *decoded[0], out);
  for (const ControlFlow flow : out.flow)
    out.valid |= flow != ControlFlow::none && (flow != ControlFlow::ret || ras_.top().valid);
  return out;
}

void Frontend::clock(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
                     WtAxiAdapter& adapter, const Interconnect& interconnect, const HartView& view,
                     DecodeCache& decode) {
  if (!word_valid_ && !memory_returns && !in.flush && !in.redirect && !in.flush_icache && waits()) {
    if (in.branch.valid && in.branch.flow == ControlFlow::branch) bht_.update(in.branch.pc, in.branch.taken);
    if (in.pop) queue_.pop();
    moved_ = in.pop;
    return;
  }
  moved_ = true;
  const bool queue_ready = queue_.ready();
  Prediction prediction;
  InstrQueue::Push pushed;
  if (word_valid_) {
    const Realigned word = realign_.split(word_address_, word_data_);
    const Decoded* const decoded[2] = {word.valid[0] ? &decode[word.bits[0]] : nullptr,
                                       word.valid[1] ? &decode[word.bits[1]] : nullptr};
    prediction = predict(word, decoded);
    pushed = queue_.clock(word, decoded, prediction.flow, prediction.address, word_fault_, in.pop);
  } else if (in.pop) {
    queue_.pop();
  }

  Cva6Icache::Inputs fetch;
  fetch.request = queue_ready;
  fetch.address = prediction.valid ? prediction.address : next_pc_;
  fetch.kill_s1 = in.branch.mispredict || in.flush || pushed.replay;
  fetch.kill_s2 = fetch.kill_s1 || prediction.valid;
  fetch.flush = in.flush_icache;
  const FetchResponse fetched =
      icache_.clock(fetch, translation, memory_returns, adapter, interconnect, view);

  if (prediction.valid) next_pc_ = prediction.address;
  if (fetched.ready && queue_ready) next_pc_ = (fetch.address & ~std::uint64_t{3}) + 4;
  if (pushed.replay) next_pc_ = pushed.replay_address;
  if (in.branch.mispredict) next_pc_ = in.branch.target;
  if (in.redirect) next_pc_ = in.target;

  ras_.clock(prediction.ras_push && pushed.consumed[prediction.push_by], prediction.ras_update,
             prediction.ras_pop && pushed.consumed[prediction.pop_by]);
  if (word_valid_) realign_.clock(word_address_, word_data_);
  if (fetch.kill_s2) realign_.flush();
  if (fetched.valid && realign_.serving_unaligned()) {  // looked up with the word's first half
    bht_q_ = bht_.predict(word_address_, 1);
    btb_q_ = btb_.predict(word_address_, 1);
  }
  if (in.flush) queue_.flush();
  if (in.branch.valid && in.branch.flow == ControlFlow::branch) bht_.update(in.branch.pc, in.branch.taken);
  if (in.branch.valid && in.branch.mispredict && in.branch.flow == ControlFlow::jump_register)
    btb_.update(in.branch.pc, in.branch.target);
  if (in.flush_predictors) {
    bht_.flush();
    btb_.flush();
    ras_.flush();
  }
  word_valid_ = fetched.valid;
  if (fetched.valid) {
    word_address_ = fetched.address;
    word_data_ = fetched.address & 2 ? fetched.data >> 16 : fetched.data;
    word_fault_ = fetched.fault;
  }
}

}  // namespace hartbeat::timing::cva6

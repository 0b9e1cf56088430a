#include "emu/timing/cva6/frontend.hpp"

namespace hartbeat::timing::cva6 {

void Frontend::follow(const Realigned& word, unsigned i, const Decoded& d, Prediction& out) {
  const bool saved = i == 0 && realign_.serving_unaligned();
  const unsigned slot = (word.address[i] >> 1) & 1;
  bool taken = false;
  if (d.scan_jalr) {
    out.ras_pop = out.ras_push = false;
    const BtbPrediction target = saved ? btb_q_ : ask_btb(slot);
    if (target.valid) {
      out.address = target.target;
      out.flow[i] = ControlFlow::jump_register;
    }
  } else if (d.scan_jump) {
    out.ras_pop = out.ras_push = false;
    taken = true;
    out.flow[i] = ControlFlow::jump;
  } else if (d.scan_return) {
    out.ras_pop = ask_ras().valid;
    out.pop_by = i;
    out.ras_push = false;
    out.address = ras_.top().address;
    out.flow[i] = ControlFlow::ret;
  } else {
    out.ras_pop = out.ras_push = false;
    const BhtPrediction prediction = saved ? bht_q_ : ask_bht(slot);
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
Frontend::Prediction Frontend::predict(const Realigned& word, const Decoded* const (&decoded)[2]) {
  Prediction out;
  if (word.valid[1] && decoded[1]->scan_any) follow(word, 1, *decoded[1], out);
  if (word.valid[0] && decoded[0]->scan_any) follow(word, 0, *decoded[0], out);
  for (const ControlFlow flow : out.flow)
    out.valid |= flow != ControlFlow::none && (flow != ControlFlow::ret || ras_.top().valid);
  return out;
}

// Looked up with the first half of an instruction, for when it is whole. Its opcode says already what will be used.
void Frontend::keep_predictions() {
  const unsigned opcode = realign_.unaligned_bits() & 0x7F;
  if (opcode == 0x63) bht_q_ = ask_bht(1);
  if (opcode == 0x67) btb_q_ = ask_btb(1);
}

void Frontend::pack(PipelineState& out) const {
  out.next_pc = next_pc_;
  out.fetches = icache_.wants_translation();
  if (icache_.waits_for_line()) out.line_waits = icache_.state() == Cva6Icache::State::miss ? 1 : 2;
  if (out.fetches || out.line_waits == 1) out.fetch_address = icache_.address();
  realign_.pack(out);
  queue_.pack(out);
  // The address stays when the word is gone: what is kept of the predictors (keep_predictions) is looked up with it.
  if (word_valid_ || realign_.serving_unaligned()) out.word_address = word_address_;
  if (!word_valid_) return;
  out.word_valid = 1;
  out.word_data = word_data_;
  if (!realign_.serving_unaligned()) return;
  const unsigned opcode = realign_.unaligned_bits() & 0x7F;
  if (opcode == 0x63)
    out.bht_q = static_cast<std::uint8_t>((bht_q_.valid ? 1u : 0u) | (bht_q_.taken ? 2u : 0u));
  if (opcode != 0x67) return;
  out.btb_valid = btb_q_.valid;
  out.btb_target = btb_q_.target;
}

void Frontend::unpack(const PipelineState& state) {
  next_pc_ = state.next_pc;
  if (state.line_waits)
    icache_.resume_wait(state.line_waits == 1, state.fetch_address);
  else
    icache_.resume(state.fetches, state.fetch_address);
  realign_.unpack(state);
  queue_.unpack(state);
  word_valid_ = state.word_valid;
  word_address_ = state.word_address;
  word_data_ = state.word_data;
  word_fault_ = FetchFault::none;
  bht_q_ = {(state.bht_q & 1) != 0, (state.bht_q & 2) != 0};
  btb_q_ = {state.btb_valid != 0, state.btb_target};
}

void Frontend::ask(const PipelineNode& node, PipelineInputs& inputs) const {
  const std::uint64_t address = node.state.word_address;
  for (unsigned slot = 0; slot < 2; ++slot) {
    if (node.consults & (Consulted::bht0 << slot)) {
      const BhtPrediction bht = bht_.predict(address, slot);
      inputs.bits |= std::uint64_t{(bht.valid ? 1u : 0u) | (bht.taken ? 2u : 0u)}
                     << (PipelineInputs::bht + 2 * slot);
    }
    if (node.consults & (Consulted::btb0 << slot)) {
      const BtbPrediction btb = btb_.predict(address, slot);
      if (btb.valid) inputs.bits |= PipelineInputs::bit(PipelineInputs::predictor_valid);
      inputs.predictor = btb.target;
    }
  }
  if (node.consults & Consulted::ras) {
    if (ras_.top().valid) inputs.bits |= PipelineInputs::bit(PipelineInputs::predictor_valid);
    inputs.predictor = ras_.top().address;
  }
}

void Frontend::clock(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
                     WtAxiAdapter& adapter, const Interconnect& interconnect, const HartView& view,
                     DecodeCache& decode) {
  consulted_ = 0;
  ras_move_ = {};
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

  ras_move_ = {prediction.ras_push && pushed.consumed[prediction.push_by],
               prediction.ras_pop && pushed.consumed[prediction.pop_by], prediction.ras_update};
  ras_.clock(ras_move_.push, ras_move_.address, ras_move_.pop);
  if (word_valid_) realign_.clock(word_address_, word_data_);
  if (fetch.kill_s2) realign_.flush();
  if (fetched.valid && realign_.serving_unaligned()) keep_predictions();
  if (in.flush) queue_.flush();
  if (in.branch.valid && in.branch.flow == ControlFlow::branch) bht_.update(in.branch.pc, in.branch.taken);
  if (in.branch.valid && in.branch.mispredict && in.branch.flow == ControlFlow::jump_register)
    btb_.update(in.branch.pc, in.branch.target);
  if (in.flush_predictors) flush_predictors();
  word_valid_ = fetched.valid;
  if (fetched.valid) {
    word_address_ = fetched.address;
    word_data_ = fetched.address & 2 ? fetched.data >> 16 : fetched.data;
    word_fault_ = fetched.fault;
  }
}

}  // namespace hartbeat::timing::cva6

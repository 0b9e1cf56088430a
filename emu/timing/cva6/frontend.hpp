// Module frontend: next pc, branch prediction on the fetched word, the request to the I$.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/bht.hpp"
#include "emu/timing/cva6/btb.hpp"
#include "emu/timing/cva6/cva6_icache.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/instr_queue.hpp"
#include "emu/timing/cva6/pipeline_memo.hpp"
#include "emu/timing/cva6/ras.hpp"

namespace hartbeat::timing::cva6 {

// What the branch unit found in this cycle.
struct ResolvedBranch {
  bool valid = false;
  bool mispredict = false;
  bool taken = false;
  ControlFlow flow = ControlFlow::none;
  std::uint64_t pc = 0, target = 0;
};

class Frontend {
 public:
  Frontend(const Cva6Parameters& p, std::uint64_t boot_address)
      : icache_({p.icache_bytes, p.icache_ways, p.line_bytes}),
        bht_(p.bht_entries),
        btb_(p.btb_entries),
        ras_(p.ras_depth),
        next_pc_(boot_address) {}

  bool has_entry() const { return queue_.has_entry(); }
  FetchEntry head() const { return queue_.head(); }
  const Cva6Icache& icache() const { return icache_; }

  struct Inputs {
    bool flush = false;             // flush_if
    bool flush_predictors = false;  // flush_bp
    bool flush_icache = false;
    bool redirect = false;  // xRET, trap or flush: fetch from `target`
    std::uint64_t target = 0;
    bool pop = false;  // the decoder takes head()
    ResolvedBranch branch;
  };
  void clock(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
             WtAxiAdapter& adapter, const Interconnect& interconnect, const HartView& view,
             DecodeCache& decode);

  // Did anything move in the last cycle?
  bool moved() const { return moved_; }
  bool quiet() const { return !word_valid_ && waits(); }

  // Can its registers be told in a PipelineState? The I$ looks up an address or waits for one or for a line, and nothing has faulted.
  bool packable() const {
    return icache_.plain() && queue_.packable() && (!word_valid_ || word_fault_ == FetchFault::none);
  }
  void pack(PipelineState& out) const;
  void unpack(const PipelineState& state);
  // What the last clock() asked of the predictors (Consulted), and did to the RAS.
  std::uint8_t consulted() const { return consulted_; }
  struct RasMove {
    bool push = false, pop = false;
    std::uint64_t address = 0;
  };
  const RasMove& ras_move() const { return ras_move_; }
  // The same, from a node.
  void ask(const PipelineNode& node, PipelineInputs& inputs) const;
  void move_ras(const RasStep& move) { ras_.clock(move.pushes, move.return_address, move.pops); }
  void flush_predictors() {
    bht_.flush();
    btb_.flush();
    ras_.flush();
  }
  void train(const PipelineNode& node, std::uint64_t pc, std::uint64_t target) {
    if (node.trains_bht) bht_.update(pc, node.taken);
    if (node.trains_btb) btb_.update(pc, target);
  }
  // The word that the I$ holds for the address, when it does.
  bool word(std::uint64_t address, std::uint64_t physical, std::uint32_t& data) {
    return icache_.word(address, physical, data);
  }

 private:
  // The I$ waits for memory, or has nowhere to put a word.
  bool waits() const {
    return icache_.state() == Cva6Icache::State::miss || icache_.state() == Cva6Icache::State::kill_miss ||
           (icache_.state() == Cva6Icache::State::idle && !queue_.ready() && !icache_.flush_pending());
  }
  struct Prediction {
    ControlFlow flow[2] = {};
    std::uint64_t address = 0;
    bool valid = false;                      // bp_valid
    bool ras_pop = false, ras_push = false;  // if the queue consumes instruction `pop_by`, `push_by`
    unsigned pop_by = 0, push_by = 0;
    std::uint64_t ras_update = 0;
  };
  // The part of predict() behind one control transfer, instruction `i` of the word.
  void follow(const Realigned& word, unsigned i, const Decoded& d, Prediction& out);
  Prediction predict(const Realigned& word, const Decoded* const (&decoded)[2]);
  BhtPrediction ask_bht(unsigned slot) {
    consulted_ |= static_cast<std::uint8_t>(Consulted::bht0 << slot);
    return bht_.predict(word_address_, slot);
  }
  BtbPrediction ask_btb(unsigned slot) {
    consulted_ |= static_cast<std::uint8_t>(Consulted::btb0 << slot);
    return btb_.predict(word_address_, slot);
  }
  const Ras::Entry& ask_ras() {
    consulted_ |= Consulted::ras;
    return ras_.top();
  }
  void keep_predictions();

  Cva6Icache icache_;
  Bht bht_;
  Btb btb_;
  Ras ras_;
  InstrRealign realign_;
  InstrQueue queue_;
  std::uint64_t next_pc_;
  // Registers behind the I$.
  bool word_valid_ = false, moved_ = true;
  std::uint64_t word_address_ = 0;
  std::uint32_t word_data_ = 0;
  FetchFault word_fault_ = FetchFault::none;
  BhtPrediction bht_q_;
  BtbPrediction btb_q_;
  std::uint8_t consulted_ = 0;
  RasMove ras_move_;
};

}  // namespace hartbeat::timing::cva6

// Module frontend: next pc, branch prediction on the fetched word, the request to the I$.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/bht.hpp"
#include "emu/timing/cva6/btb.hpp"
#include "emu/timing/cva6/cva6_icache.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/instr_queue.hpp"
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
  void follow(const Realigned& word, unsigned i, const Decoded& d, Prediction& out) const;
  Prediction predict(const Realigned& word, const Decoded* const (&decoded)[2]) const;

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
};

}  // namespace hartbeat::timing::cva6

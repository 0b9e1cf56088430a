// Module store_unit with the amo_buffer: translation of stores and atomics, then into the store buffer.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/lsu_bypass.hpp"
#include "emu/timing/cva6/store_buffer.hpp"
#include "emu/timing/cva6/wt_dcache_missunit.hpp"

namespace hartbeat::timing::cva6 {

class StoreUnit {
 public:
  enum class State : std::uint8_t { idle, valid_store, wait_translation, wait_store_ready };

  explicit StoreUnit(const Cva6Parameters& p) : buffer_(p.store_queue_speculative, p.store_queue_commit) {}

  const StoreBuffer& buffer() const { return buffer_; }
  // The offset of a load clashes with a store that is pending or just being put in.
  bool offset_matches(std::uint64_t address, std::uint64_t store_physical) const {
    if (state_ == State::valid_store && ((address ^ store_physical) & 0xFF8) == 0) return true;
    return buffer_.offset_matches(address);
  }
  bool translates(const LsuControl& request) const {
    switch (state_) {
      case State::idle: return request.valid && !request.is_load;
      case State::valid_store: return request.valid && !request.is_load && !request.is_amo();
      default: return true;
    }
  }
  AmoRequest amo(bool at_commit) const {
    AmoRequest out = amo_;
    out.valid = amo_full_ && at_commit && buffer_.no_store_pending();
    return out;
  }

  struct Inputs {
    std::uint64_t physical = 0;  // of last cycle's translation
    bool dtlb_hit = false;
    bool exception = false;
    bool flush = false;
    bool commit = false;   // the oldest speculative store is committed
    bool granted = false;  // the write buffer took the oldest committed store
    bool amo_at_commit = false, amo_ack = false;
  };
  struct Outputs {
    bool pop = false;
    bool valid = false, exception = false;
    std::uint8_t trans_id = 0;
  };
  Outputs clock(const LsuControl& request, const Inputs& in);
  // Then a clock() with these inputs would change nothing and answer nothing.
  bool sleeps_on(const LsuControl& request, const Inputs& in) const {
    return state_ == State::idle && !(request.valid && !request.is_load) && !in.commit && !in.granted &&
           !in.flush && !in.amo_ack;
  }

  // The usual way of a store, without the questions of clock(): in the cycle behind its translation it has its result, and
  // goes into the buffer. `next`: the state that comes, with this request when it is one's.
  bool takes(bool commit) const { return buffer_.ready(state_ == State::valid_store, commit) && !amo_full_; }
  void clock_usually(State next, const LsuControl& request, std::uint64_t physical, bool commit,
                     bool granted);
  bool holds_atomic() const { return held_.is_amo(); }
  std::uint8_t trans_id() const { return held_.trans_id; }

  // No atomic is here, and none waits for its page.
  template <class Archive>
  void visit(Archive& a) {
    a.need(!amo_full_ && state_ != State::wait_translation);
    a.bits(state_);
    if (state_ != State::idle) held_.visit(a);
    buffer_.visit(a);
  }

  State state() const { return state_; }
  bool idle() const { return state_ == State::idle && buffer_.no_store_pending(); }

 private:
  StoreRequest held_store(std::uint64_t physical) const;
  void step(const LsuControl& request, const Inputs& in, bool store_ready, Outputs& out, bool& push);

  State state_ = State::idle;
  StoreBuffer buffer_;
  LsuControl held_;  // registers of the request translated in the previous cycle
  bool amo_full_ = false;
  AmoRequest amo_;
};

}  // namespace hartbeat::timing::cva6

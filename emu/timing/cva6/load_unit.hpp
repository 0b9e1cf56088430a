// Module load_unit: one load in translation, up to two in the D$.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/lsu_bypass.hpp"
#include "emu/timing/cva6/wt_dcache_ctrl.hpp"

namespace hartbeat::timing::cva6 {

class LoadUnit {
 public:
  enum class State : std::uint8_t {
    idle,
    wait_page_offset,
    wait_gnt,
    send_tag,
    wait_flush,
    abort_transaction,
    wait_translation
  };
  State state() const { return state_; }

  // What it drives before the D$'s grant is known.
  struct Drive {
    bool translate = false;
    ReadRequest read;
  };
  Drive drive(const LsuControl& request, bool offset_matches, bool exception, std::uint64_t physical) const;

  struct Outputs {
    bool pop = false;
    bool valid = false;  // a result for trans_id, one cycle before the write-back port
    bool exception = false;
    std::uint8_t trans_id = 0;
  };
  Outputs clock(const LsuControl& request, const Drive& drive, const ReadResponse& response, bool dtlb_hit,
                bool offset_matches, bool exception, bool flush);

  bool idle() const { return state_ == State::idle && !valid_[0] && !valid_[1]; }

  // The usual way of a load, without the questions of clock(): idle, it is given one, for next_slot(), that the D$ grants and the DTLB has …
  void begin(const LsuControl& request, unsigned slot) {
    state_ = State::send_tag;
    valid_[slot] = true;
    flushed_[slot] = false;
    trans_id_[slot] = request.trans_id;
    serial_[slot] = request.serial;
    last_ = static_cast<std::uint8_t>(slot);
  }
  unsigned next_slot() const { return valid_[0] ? 1 : 0; }
  // … and in the next cycle the D$ has the line. Another may begin behind it in the same cycle.
  Outputs end() {
    state_ = State::idle;
    valid_[last_] = false;
    return {false, !flushed_[last_], false, trans_id_[last_]};
  }

  // Or has not: it has gone to the D$, and waits there.
  void miss() { state_ = State::idle; }

  // It has no more than a read in the D$ whose tag is sent now, or a request that waits for a store or for the D$.
  bool goes_usual_ways() const {
    return state_ == State::send_tag || (state_ <= State::wait_gnt && !valid_[0] && !valid_[1]);
  }
  // A request that does not begin: there is a store to the same offset, or there was in the cycle before.
  void hold(bool offset_matches) { state_ = offset_matches ? State::wait_page_offset : State::wait_gnt; }

  // While it waits and nothing is in its way: the D$'s answer to a read …
  Outputs answer(unsigned slot) {
    valid_[slot] = false;
    return {false, !flushed_[slot], false, trans_id_[slot]};
  }
  // … and the DTLB's to wait_translation.
  void translated() { state_ = State::wait_gnt; }

  // No load has missed the DTLB, or is to be dropped, and one at the most is in the D$.
  template <class Archive>
  void visit(Archive& a) {
    bool reads = valid_[0] || valid_[1];
    a.need(may_tell() && !(valid_[0] && valid_[1]) && (reads || state_ != State::send_tag));
    a.bits(state_);
    a.bits(reads);
    if constexpr (Archive::restores) valid_[0] = valid_[1] = flushed_[0] = flushed_[1] = false;
    if (!reads) return;
    a.bits(last_);
    if constexpr (Archive::restores) valid_[last_] = true;
    a.need(valid_[last_] && !flushed_[last_]);
    a.slot(trans_id_[last_]);
    if (state_ == State::send_tag)
      a.moving(true, serial_[last_]);
    else
      a.missed(serial_[last_]);
  }
  bool may_tell() const { return state_ <= State::send_tag; }
  // Of the load that is in the D$: its tag is sent, or it waits for its line.
  bool sends_tag() const { return state_ == State::send_tag; }
  bool waits_for_line() const { return state_ != State::send_tag && (valid_[0] || valid_[1]); }
  Serial serial() const { return serial_[last_]; }

  // The D$ has room for this load's read besides those it has.
  bool accepts(const LsuControl& request) const {
    return request.valid && request.is_load && !(valid_[0] && valid_[1]);
  }

 private:
  void start(const LsuControl& request, const ReadResponse& response, bool dtlb_hit, bool offset_matches,
             Outputs& out);

  State state_ = State::idle;
  bool valid_[2] = {}, flushed_[2] = {};
  std::uint8_t trans_id_[2] = {};
  Serial serial_[2] = {};
  std::uint8_t last_ = 0;
};

}  // namespace hartbeat::timing::cva6

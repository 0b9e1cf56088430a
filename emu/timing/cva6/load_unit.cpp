#include "emu/timing/cva6/load_unit.hpp"

namespace hartbeat::timing::cva6 {

LoadUnit::Drive LoadUnit::drive(const LsuControl& request, bool offset_matches, bool exception,
                                std::uint64_t physical) const {
  Drive out;
  out.read.id = static_cast<std::uint8_t>(next_slot());
  out.read.index = request.address;
  out.read.size_log2 = request.size_log2;
  out.read.tag = physical;
  switch (state_) {
    case State::send_tag:
      out.read.tag_valid = true;
      out.read.kill = exception;
      [[fallthrough]];
    case State::idle:
      if (accepts(request)) {
        out.translate = true;
        out.read.data_req = !offset_matches;
      }
      break;
    case State::wait_page_offset: break;
    case State::wait_gnt:
      out.translate = true;
      out.read.data_req = true;
      break;
    case State::wait_flush:
    case State::abort_transaction: out.read.kill = out.read.tag_valid = true; break;
    case State::wait_translation: out.translate = true; break;
  }
  return out;
}

void LoadUnit::start(const LsuControl& request, const ReadResponse& response, bool dtlb_hit,
                     bool offset_matches, Outputs& out) {
  if (!accepts(request)) return;
  if (offset_matches) {
    state_ = State::wait_page_offset;
  } else if (!response.granted) {
    state_ = State::wait_gnt;
  } else if (!dtlb_hit) {
    state_ = State::abort_transaction;
  } else {
    state_ = State::send_tag;
    out.pop = true;
  }
}

LoadUnit::Outputs LoadUnit::clock(const LsuControl& request, const Drive& drive, const ReadResponse& response,
                                  bool dtlb_hit, bool offset_matches, bool exception, bool flush) {
  Outputs out;
  const State before = state_;
  switch (before) {
    case State::idle: start(request, response, dtlb_hit, offset_matches, out); break;
    case State::send_tag:
      state_ = State::idle;
      start(request, response, dtlb_hit, offset_matches, out);
      break;
    case State::wait_page_offset:
      if (!offset_matches) state_ = State::wait_gnt;
      break;
    case State::wait_gnt:
      if (!response.granted) break;
      state_ = dtlb_hit ? State::send_tag : State::abort_transaction;
      out.pop = dtlb_hit;
      break;
    case State::wait_flush: state_ = State::idle; break;
    case State::abort_transaction: state_ = State::wait_translation; break;
    case State::wait_translation:
      if (dtlb_hit) state_ = State::wait_gnt;
      if (exception) {
        state_ = State::idle;
        out.pop = !response.valid;
      }
      break;
  }
  if (response.valid) {
    out.trans_id = trans_id_[response.id];
    if (!flushed_[response.id]) {
      out.valid = last_ != response.id || !drive.read.kill;
      if (exception && before == State::send_tag) out.valid = out.exception = true;
    }
  }
  if (before == State::wait_translation && !response.valid && exception && request.valid) {
    out.trans_id = request.trans_id;
    out.valid = out.exception = true;
  }
  if (response.valid) valid_[response.id] = false;
  if (drive.read.data_req && response.granted) {
    const std::uint8_t slot = drive.read.id;
    valid_[slot] = true;
    flushed_[slot] = false;
    trans_id_[slot] = request.trans_id;
    serial_[slot] = request.serial;
    last_ = slot;
  }
  if (flush) {
    flushed_[0] = flushed_[1] = true;
    state_ = State::wait_flush;
  }
  return out;
}

}  // namespace hartbeat::timing::cva6

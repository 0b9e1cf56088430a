#include "emu/timing/cva6/wt_dcache_missunit.hpp"

namespace hartbeat::timing::cva6 {

void WtDcacheMissunit::returns(const AdapterReturn& in, const AmoRequest& amo, const WtDcacheMem& memory,
                               Outputs& out) {
  bool sc_fail = false, sc_pass = false;
  mshr_clears_ = false;
  switch (in.dcache) {
    case DcacheReturnType::none: break;
    case DcacheReturnType::load_ack:
      if (!mshr_valid_) break;
      mshr_clears_ = true;
      out.port[mshr_.port].returned = true;
      out.line.valid = true;
      out.line.set = memory.set_of(mshr_.address);
      if (mshr_.cached) {
        out.line.writes_ways = out.line.refill = true;
        out.line.way = mshr_.way;
        out.line.tag = memory.tag_of(mshr_.address);
      }
      break;
    case DcacheReturnType::store_ack: write_returns(in.tid, out.write); break;
    case DcacheReturnType::atomic_ack:
      if (amo_requested_ && amo.type == MemoryRequest::amo_sc) (amo.sc_fails ? sc_fail : sc_pass) = true;
      break;
    case DcacheReturnType::invalidate_set:
      out.line.valid = out.line.writes_ways = true;
      out.line.set = memory.set_of(in.address);
      out.line.invalidate_ways = static_cast<std::uint16_t>(memory.geometry().all_ways);
      break;
    case DcacheReturnType::invalidate_line:
      out.line.set = memory.set_of(in.address);
      out.line.invalidate_ways = memory.hit(out.line.set, memory.tag_of(in.address));
      out.line.valid = out.line.writes_ways = out.line.invalidate_ways != 0;
      break;
  }
  if (sc_fail || sc_pass || !backoff_.is_zero()) backoff_.clock(sc_fail, sc_pass);
}

void WtDcacheMissunit::write_returns(std::uint8_t tid, WtDcacheWbuffer::Inputs& out) {
  if (stores_inflight_ == 0) return;
  --stores_inflight_;
  out.returned = true;
  out.tid = tid;
}

void WtDcacheMissunit::collisions(const WtDcacheCtrl (&ctrl)[2], const CacheGeometry& geometry) {
  for (unsigned port = 0; port < 2; ++port) {
    if (!ctrl[port].wants_miss()) {
      collided_[port] = false;
      continue;
    }
    if ((mshr_valid_ || mshr_valid_q1_) &&
        geometry.line_of(mshr_.address) == geometry.line_of(ctrl[port].miss_address()))
      collided_[port] = true;
  }
}

// The MSHR, with the way that the line will take.
void WtDcacheMissunit::allocate(unsigned port, std::uint64_t address, bool cached, unsigned valid,
                                const CacheGeometry& geometry) {
  const bool all_valid = valid == geometry.all_ways;
  mshr_.address = address;
  mshr_.cached = cached;
  mshr_.way = static_cast<std::uint8_t>(all_valid ? lfsr_.value(geometry.way_bits)
                                                  : static_cast<unsigned>(std::countr_zero(~valid)));
  mshr_.port = static_cast<std::uint8_t>(port);
  if (all_valid) lfsr_.step();
}

bool WtDcacheMissunit::send_read(unsigned port, WtAxiAdapter& adapter, const WtDcacheCtrl& ctrl,
                                 const Interconnect& interconnect, const CacheGeometry& geometry) {
  if (!adapter.dcache_ready()) return false;
  const std::uint64_t address = ctrl.miss_address();
  allocate(port, address, enabled_ && interconnect.cached(address), ctrl.valid_ways(), geometry);
  mshr_allocates_ = true;
  const std::uint64_t mask =
      mshr_.cached ? geometry.line_mask() : (std::uint64_t{1} << ctrl.miss_size_log2()) - 1;
  adapter.request_dcache({MemoryRequest::load, mshr_.cached, 1, 0, mshr_.address & ~mask, 0});
  return true;
}

void WtDcacheMissunit::send_line(unsigned port, WtAxiAdapter& adapter, const WtDcacheCtrl& ctrl,
                                 const Interconnect& interconnect, const CacheGeometry& geometry) {
  send_read(port, adapter, ctrl, interconnect, geometry);
  mshr_valid_ = mshr_valid_q1_ = true;
}

void WtDcacheMissunit::take_line(WtDcacheMem& memory) {
  if (mshr_.cached) memory.write_line(memory.set_of(mshr_.address), mshr_.way, memory.tag_of(mshr_.address));
  mshr_valid_ = mshr_valid_q1_ = false;
}

bool WtDcacheMissunit::send_write(WtAxiAdapter& adapter, const WriteMiss& write,
                                  WtDcacheWbuffer::Inputs& out) {
  if (!adapter.dcache_ready()) return false;
  adapter.request_dcache(
      {MemoryRequest::store, false, write.tid, write.byte_enable, write.address, write.data});
  ++stores_inflight_;
  out.miss_ack = true;
  out.entry = write.entry;
  out.bytes = write.byte_enable;
  out.tx = write.tid;
  return true;
}

WtDcacheWbuffer::Inputs WtDcacheMissunit::clock_writes(const AdapterReturn& in, WtAxiAdapter& adapter,
                                                       const WtDcacheWbuffer& wbuffer) {
  WtDcacheWbuffer::Inputs out;
  if (in.dcache == DcacheReturnType::store_ack) write_returns(in.tid, out);
  if (!backoff_.is_zero()) backoff_.clock(false, false);
  if (state_ == State::store_wait || wbuffer.offers())
    state_ = send_write(adapter, wbuffer.miss(), out) ? State::idle : State::store_wait;
  mshr_valid_q1_ = collided_[0] = collided_[1] = amo_requested_ = false;
  rests_ = state_ == State::idle && backoff_.is_zero();
  return out;
}

void WtDcacheMissunit::idle(WtAxiAdapter& adapter, const WtDcacheCtrl (&ctrl)[2],
                            const WtDcacheWbuffer& wbuffer, const WriteMiss& write, const AmoRequest& amo,
                            const Interconnect& interconnect, const CacheGeometry& geometry, Outputs& out) {
  if (amo.valid) {
    state_ = wbuffer.empty() && !mshr_valid_ ? State::amo : State::drain;
    return;
  }
  for (unsigned port = 0; port < 2 && !mshr_valid_; ++port) {  // reads first, lowest port first
    if (!ctrl[port].wants_miss()) continue;
    if (collided_[port]) {
      out.port[port].replay = true;
    } else if (!wbuffer.collides(ctrl[port].miss_address())) {
      out.port[port].ack = send_read(port, adapter, ctrl[port], interconnect, geometry);
      if (!out.port[port].ack) {
        locked_port_ = port;
        state_ = State::load_wait;
      }
    }
    return;
  }
  if (!write.valid) return;
  if (mshr_valid_ && geometry.line_of(mshr_.address) == geometry.line_of(write.address)) return;
  if (!send_write(adapter, write, out.write)) state_ = State::store_wait;
}

WtDcacheMissunit::Outputs WtDcacheMissunit::clock(const AdapterReturn& in, WtAxiAdapter& adapter,
                                                  const WtDcacheCtrl (&ctrl)[2],
                                                  const WtDcacheWbuffer& wbuffer, const AmoRequest& amo,
                                                  const WtDcacheMem& memory,
                                                  const Interconnect& interconnect) {
  Outputs out;
  const bool asked = amo.valid || ctrl[0].wants_miss() || ctrl[1].wants_miss() || wbuffer.offers();
  if (!asked && state_ == State::idle && in.dcache == DcacheReturnType::none && backoff_.is_zero()) {
    mshr_valid_q1_ = mshr_valid_;  // all there is left of the cycles before
    collided_[0] = collided_[1] = amo_requested_ = false;
    rests_ = true;
    return out;
  }
  const CacheGeometry& geometry = memory.geometry();
  const bool ack_amo = amo_ack(in);
  const bool backoff_over = backoff_.is_zero();
  returns(in, amo, memory, out);
  mshr_allocates_ = false;
  collisions(ctrl, geometry);
  const WriteMiss write = state_ == State::flush ? WriteMiss{} : wbuffer.miss();
  switch (state_) {
    case State::flush:
      out.line.valid = true;  // no reader is granted while the sets are cleared
      out.line.writes_ways = true;
      out.line.set = count_;
      out.line.invalidate_ways = static_cast<std::uint16_t>(memory.geometry().all_ways);
      if (++count_ == geometry.sets) {
        state_ = State::idle;
        enabled_ = true;
      }
      break;
    case State::idle: idle(adapter, ctrl, wbuffer, write, amo, interconnect, geometry, out); break;
    case State::store_wait:
      if (send_write(adapter, write, out.write)) state_ = State::idle;
      break;
    case State::load_wait:
      out.port[locked_port_].ack =
          send_read(locked_port_, adapter, ctrl[locked_port_], interconnect, geometry);
      if (out.port[locked_port_].ack) state_ = State::idle;
      break;
    case State::drain:
      if (write.valid && !(mshr_valid_ && geometry.line_of(mshr_.address) == geometry.line_of(write.address)))
        send_write(adapter, write, out.write);
      if (wbuffer.empty() && !mshr_valid_) state_ = State::idle;
      break;
    case State::amo:
      if ((amo.type != MemoryRequest::amo_lr || backoff_over) && adapter.dcache_ready()) {
        // A failed SC writes nothing: no invalidation for others, no CLINT write.
        adapter.request_dcache(
            {amo.type, false, 1, amo.sc_fails ? std::uint8_t{0} : amo.byte_enable, amo.address, 0});
        state_ = State::amo_wait;
      }
      break;
    case State::amo_wait:
      if (ack_amo) state_ = State::idle;
      break;
  }
  amo_requested_ = amo.valid;
  // mshr_valid_q1: only a port that asks in the next cycle would see it behind mshr_valid_.
  const auto may_ask = [](const WtDcacheCtrl& c) { return !c.idle() && !c.waiting(); };
  const bool heard = may_ask(ctrl[0]) || may_ask(ctrl[1]);
  const bool was_valid = mshr_valid_;
  mshr_valid_ = mshr_allocates_ || (mshr_valid_ && !mshr_clears_);
  mshr_valid_q1_ = mshr_valid_ || (was_valid && heard);
  rests_ = state_ == State::idle && quiet() && !amo_requested_ && !collided_[0] && !collided_[1];
  return out;
}

}  // namespace hartbeat::timing::cva6

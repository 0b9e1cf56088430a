// Module wt_dcache_missunit: arbitrates misses and writes, keeps the one MSHR, runs atomics, picks victims.
#pragma once

#include <bit>
#include <cstdint>

#include "emu/timing/cva6/lfsr.hpp"
#include "emu/timing/cva6/wt_axi_adapter.hpp"
#include "emu/timing/cva6/wt_dcache_ctrl.hpp"
#include "emu/timing/cva6/wt_dcache_mem.hpp"
#include "emu/timing/cva6/wt_dcache_wbuffer.hpp"

namespace hartbeat::timing::cva6 {

// The atomic that stands at the commit stage (amo_buffer's output).
struct AmoRequest {
  bool valid = false;
  MemoryRequest type = MemoryRequest::amo_rmw;
  std::uint64_t address = 0;
  std::uint8_t byte_enable = 0;
  bool sc_fails = false;  // the outcome, as the functional core found it
};

class WtDcacheMissunit {
 public:
  bool cache_enabled() const { return enabled_; }
  // amo_resp.ack in this cycle.
  bool amo_ack(const AdapterReturn& in) const {
    return state_ == State::amo_wait && in.dcache == DcacheReturnType::atomic_ack && amo_requested_;
  }

  // wr_cl_*: what a return from memory writes into the tags in this cycle.
  struct LineWrite {
    bool valid = false;  // the tags are busy
    bool writes_ways = false;
    unsigned set = 0;
    std::uint16_t invalidate_ways = 0;
    bool refill = false;
    unsigned way = 0;
    std::uint32_t tag = 0;
  };

  struct Outputs {
    LineWrite line;
    WtDcacheCtrl::MissAnswer port[2];
    WtDcacheWbuffer::Inputs write;  // what the write buffer hears, but for the tags' readers
  };

  Outputs clock(const AdapterReturn& in, WtAxiAdapter& adapter, const WtDcacheCtrl (&ctrl)[2],
                const WtDcacheWbuffer& wbuffer, const AmoRequest& amo, const WtDcacheMem& memory,
                const Interconnect& interconnect);

  // clock() when no reader asks for a line or waits for one, and memory returns nothing but the acknowledgement of a write.
  bool only_writes() const { return (state_ == State::idle || state_ == State::store_wait) && !mshr_valid_; }
  WtDcacheWbuffer::Inputs clock_writes(const AdapterReturn& in, WtAxiAdapter& adapter,
                                       const WtDcacheWbuffer& wbuffer);

  // Idle, with a free MSHR, and nothing collides: it would send the read of a port that asks, which send_line() does.
  bool idles() const { return rests() && !mshr_valid_ && backoff_.is_zero(); }
  void send_line(unsigned port, WtAxiAdapter& adapter, const WtDcacheCtrl& ctrl,
                 const Interconnect& interconnect, const CacheGeometry& geometry);
  // Idle but for the line of this port, which take_line() takes.
  bool waits_for(unsigned port) const { return rests() && mshr_valid_ && mshr_.port == port; }
  void take_line(WtDcacheMem& memory);

  // Waiting for memory, or nothing to do.
  bool quiet() const {
    return (state_ == State::idle || state_ == State::amo_wait) && !mshr_valid_q1_edge() &&
           backoff_.is_zero();
  }
  // Idle, and has nothing in mind: only a request or a return can move it.
  bool rests() const { return rests_; }
  // Then a clock() with these inputs would change nothing and answer nothing.
  bool sleeps_on(const AdapterReturn& in, const WtDcacheCtrl (&ctrl)[2], const WtDcacheWbuffer& wbuffer,
                 const AmoRequest& amo) const {
    return rests() && in.dcache == DcacheReturnType::none && !amo.valid && !ctrl[0].wants_miss() &&
           !ctrl[1].wants_miss() && !wbuffer.offers();
  }
  bool amo_waiting() const { return state_ == State::amo_wait; }

  // Only writes are on their way, and a line for this port.
  bool may_tell(unsigned port) const {
    return (state_ == State::idle || state_ == State::store_wait || state_ == State::load_wait) && enabled_ &&
           !collided_[0] && !collided_[1] && !amo_requested_ && backoff_.is_zero() &&
           (!mshr_valid_ || (mshr_.port == port && mshr_.cached)) &&
           (state_ != State::load_wait || locked_port_ == port);
  }
  template <class Archive>
  void visit(Archive& a, unsigned port) {
    a.need(may_tell(port));
    a.bits(state_);
    a.bits(stores_inflight_);
    a.bits(rests_);
    a.bits(mshr_valid_);
    a.bits(mshr_valid_q1_);
    if constexpr (Archive::restores) {
      locked_port_ = port;
      collided_[0] = collided_[1] = amo_requested_ = false;
    }
  }
  bool awaits_line() const { return mshr_valid_; }
  std::uint64_t awaited() const { return mshr_.address; }
  // What visit() leaves out, when a line is asked for; when it comes, take_line().
  void pass_send(unsigned port, std::uint64_t physical, const WtDcacheMem& memory) {
    allocate(port, physical, true, memory.valid(memory.set_of(physical)), memory.geometry());
  }

 private:
  enum class State : std::uint8_t { flush, idle, drain, amo, amo_wait, store_wait, load_wait };

  struct Mshr {
    std::uint64_t address = 0;
    bool cached = true;
    std::uint8_t way = 0, port = 0;
  };

  bool mshr_valid_q1_edge() const { return mshr_valid_ != mshr_valid_q1_; }
  void returns(const AdapterReturn& in, const AmoRequest& amo, const WtDcacheMem& memory, Outputs& out);
  void collisions(const WtDcacheCtrl (&ctrl)[2], const CacheGeometry& geometry);
  void allocate(unsigned port, std::uint64_t address, bool cached, unsigned valid,
                const CacheGeometry& geometry);
  bool send_read(unsigned port, WtAxiAdapter& adapter, const WtDcacheCtrl& ctrl,
                 const Interconnect& interconnect, const CacheGeometry& geometry);
  bool send_write(WtAxiAdapter& adapter, const WriteMiss& write, WtDcacheWbuffer::Inputs& out);
  void write_returns(std::uint8_t tid, WtDcacheWbuffer::Inputs& out);
  void idle(WtAxiAdapter& adapter, const WtDcacheCtrl (&ctrl)[2], const WtDcacheWbuffer& wbuffer,
            const WriteMiss& write, const AmoRequest& amo, const Interconnect& interconnect,
            const CacheGeometry& geometry, Outputs& out);

  State state_ = State::flush;
  unsigned count_ = 0;
  bool enabled_ = false;
  Mshr mshr_;
  bool mshr_valid_ = false, mshr_valid_q1_ = false, mshr_clears_ = false, mshr_allocates_ = false;
  bool collided_[2] = {};
  unsigned locked_port_ = 0;
  bool rests_ = false;
  bool amo_requested_ = false;
  unsigned stores_inflight_ = 0;
  Lfsr8 lfsr_;
  ExponentialBackoff backoff_;
};

}  // namespace hartbeat::timing::cva6

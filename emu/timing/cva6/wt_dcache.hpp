// Module wt_dcache: the write-through D$ as one part: two read ports (0 page walker, 1 loads), the write
// buffer, the miss unit, the tags.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/wt_dcache_ctrl.hpp"
#include "emu/timing/cva6/wt_dcache_mem.hpp"
#include "emu/timing/cva6/wt_dcache_missunit.hpp"
#include "emu/timing/cva6/wt_dcache_wbuffer.hpp"

namespace hartbeat::timing::cva6 {

class WtDcache {
 public:
  explicit WtDcache(const Cva6Parameters& p)
      : memory_({p.dcache_bytes, p.dcache_ways, p.line_bytes}),
        wbuffer_(p.write_buffer_entries, p.writes_in_flight, memory_.geometry()) {}

  static constexpr unsigned walker = 0, loads = 1;
  // Where its readers keep what they ask; copies would wait for the host's store buffer.
  struct Reads {
    const ReadRequest &walker, &loads;
  };

  bool wbuffer_empty() const { return wbuffer_.empty(); }
  bool accepts(const StoreRequest& store) const { return wbuffer_.accepts(store); }
  bool amo_ack(const AdapterReturn& in) const { return missunit_.amo_ack(in); }
  bool holds(std::uint64_t address) const { return memory_.holds(address); }
  bool load_waits() const { return ctrl_[loads].waiting() || ctrl_[loads].wants_miss(); }

  // One cycle. `store` must be one that accepts() has taken, or none.
  void clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
             const Reads& read, const StoreRequest& store, const AmoRequest& amo,
             ReadResponse (&response)[2]);

  // The same when nothing but a port moves: others_rest(), no return from memory, no request of another kind.
  ReadResponse clock_port(unsigned port, const ReadRequest& read);
  // The usual cycle, in parts: the cache is on, the walker asks for nothing, at most a write has returned, and a load only
  // begins or, when it `ends`, load_hits(). Then clock_usually() is the rest of the cycle; `load_reads`: a load does either.
  bool goes_usual_ways(const AdapterReturn& in, bool ends) const {
    return (in.dcache == DcacheReturnType::none || in.dcache == DcacheReturnType::store_ack) &&
           missunit_.cache_enabled() && ctrl_[walker].idle() && (ends || ctrl_[loads].idle());
  }
  bool load_hits(std::uint64_t physical) const { return ctrl_[loads].hits(physical, memory_); }
  void end_load(std::uint64_t physical) { ctrl_[loads].end(physical); }
  void begin_load(std::uint64_t index, std::uint8_t size_log2, unsigned id) {
    ctrl_[loads].begin(index, size_log2, id);
  }
  // Then a cycle without a store or a return moves no more than the read port.
  bool writes_rest() const { return missunit_.rests() && wbuffer_.quiet(); }
  void read_alone(bool load_reads) {
    if (load_reads) memory_.arbitrate(2, false);
    quiet_ = ctrl_[loads].idle();
  }
  void clock_usually(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                     const StoreRequest& store, bool load_reads);
  // The same when loads may wait for memory, and a line or the acknowledgement of a write comes back: no walk's read, no
  // store, no atomic.
  ReadResponse clock_loads(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                           const ReadRequest& read);
  bool walker_rests() const { return ctrl_[walker].idle(); }
  bool loads_rest() const { return ctrl_[loads].idle(); }
  // This request of loads moves nothing until something else comes.
  bool load_sleeps_on(const ReadRequest& read) const { return quiet_ && ctrl_[loads].sleeps_on(read); }
  // The other port, miss unit and write buffer have nothing to do without a request, and this port asks them for nothing.
  bool others_rest(unsigned port) const {
    return ctrl_[1 - port].idle() && !ctrl_[port].wants_miss() && missunit_.rests() && wbuffer_.quiet();
  }

  // Nothing can change without a request (an atomic that is under way is none) or a return from memory.
  bool quiet() const { return quiet_; }
  bool sleeps_on(const AdapterReturn& in, const Reads& read, const StoreRequest& store,
                 const AmoRequest& amo) const {
    return quiet_ && in.dcache == DcacheReturnType::none && !store.valid &&
           (!amo.valid || missunit_.amo_waiting()) && ctrl_[walker].sleeps_on(read.walker) &&
           ctrl_[loads].sleeps_on(read.loads);
  }

 private:
  WtDcacheMissunit::Outputs clock_missunit(const AdapterReturn& in, WtAxiAdapter& adapter,
                                           const Interconnect& interconnect, const AmoRequest& amo);
  static WtDcacheWbuffer::Inputs answers(const WtDcacheMissunit::Outputs& miss);
  void end_cycle(const WtDcacheMissunit::Outputs& miss, const WtDcacheWbuffer::Inputs& buffer,
                 const StoreRequest& store);
  bool settled() const {
    return missunit_.quiet() && wbuffer_.quiet() && (ctrl_[0].idle() || ctrl_[0].waiting()) &&
           (ctrl_[1].idle() || ctrl_[1].waiting());
  }

  WtDcacheMem memory_;
  WtDcacheCtrl ctrl_[2];
  WtDcacheMissunit missunit_;
  WtDcacheWbuffer wbuffer_;
  bool quiet_ = false;
};

}  // namespace hartbeat::timing::cva6

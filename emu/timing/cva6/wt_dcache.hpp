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

  // One cycle. `store` must be what accepts() was asked about.
  void clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
             const Reads& read, const StoreRequest& store, const AmoRequest& amo,
             ReadResponse (&response)[2]);

  // Nothing can change without a request (an atomic that is under way is none) or a return from memory.
  bool quiet() const { return quiet_; }
  bool sleeps_on(const AdapterReturn& in, const Reads& read, const StoreRequest& store,
                 const AmoRequest& amo) const {
    return quiet_ && in.dcache == DcacheReturnType::none && !wbuffer_.accepts(store) &&
           (!amo.valid || missunit_.amo_waiting()) && ctrl_[walker].sleeps_on(read.walker) &&
           ctrl_[loads].sleeps_on(read.loads);
  }

 private:
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

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
  bool same_set(std::uint64_t a, std::uint64_t b) const { return memory_.set_of(a) == memory_.set_of(b); }
  bool same_line(std::uint64_t a, std::uint64_t b) const {
    return memory_.geometry().line_of(a) == memory_.geometry().line_of(b);
  }
  // An invalidation while nothing moves, and the write buffer is empty: only the tags see it. False: the line is not there.
  bool invalidate(std::uint64_t address) {
    const unsigned set = memory_.set_of(address);
    const std::uint16_t ways = memory_.hit(set, memory_.tag_of(address));
    memory_.invalidate(set, ways);
    return ways != 0;
  }
  // Nothing is under way but loads and writes.
  bool may_tell() const {
    return ctrl_[walker].idle() && ctrl_[loads].may_tell() && missunit_.may_tell(loads);
  }
  // All but tags and LFSR, which are what they are, and the line on its way. `load`: what the load unit has here, when its tag is
  // sent or it waits.
  template <class Archive>
  void visit(Archive& a, bool sends_tag, bool waits, const Access& load) {
    a.need(ctrl_[walker].idle() && ctrl_[loads].reads() == sends_tag && ctrl_[loads].misses() == waits);
    memory_.visit(a);
    ctrl_[loads].visit(a);
    if constexpr (Archive::restores) {
      if (sends_tag) ctrl_[loads].read_at(load.address);
      if (waits) ctrl_[loads].missed_at(load.address, load.physical, memory_);
    }
    missunit_.visit(a, loads);
    wbuffer_.visit(a, memory_);
  }
  // A line is on its way, and for what address.
  bool awaits_line() const { return missunit_.awaits_line(); }
  std::uint64_t awaited() const { return missunit_.awaited(); }
  // What is left of the way of a load's line when it is passed over: the line is asked for, and it comes.
  void pass_send(std::uint64_t physical) { missunit_.pass_send(loads, physical, memory_); }
  void pass_fill() { missunit_.take_line(memory_); }
  std::uint64_t tx_address(std::uint8_t tid, std::uint8_t bytes) const {
    return wbuffer_.tx_address(tid, bytes);
  }
  // Bits of an address that choose the bank, which a reader and the write buffer may both want.
  std::uint64_t bank_mask() const { return memory_.geometry().line_mask() & ~std::uint64_t{7}; }

  bool load_waits() const { return ctrl_[loads].waiting() || ctrl_[loads].wants_miss(); }

  // One cycle. `store` must be one that accepts() has taken, or none.
  void clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
             const Reads& read, const StoreRequest& store, const AmoRequest& amo,
             ReadResponse (&response)[2]);

  // The same when nothing but a port moves: others_rest(), no return from memory, no request of another kind.
  ReadResponse clock_port(unsigned port, const ReadRequest& read);
  // The usual cycle, in parts: the cache is on, the walker asks for nothing, at most a write has returned, and a load only
  // begins or, when it `ends`, load_hits(). Then clock_usually() is the rest of the cycle; `load_reads`: a load does either.
  static bool returns_usually(const AdapterReturn& in) {
    return in.dcache == DcacheReturnType::none || in.dcache == DcacheReturnType::store_ack;
  }
  bool goes_usual_ways(const AdapterReturn& in, bool ends) const {
    return returns_usually(in) && missunit_.cache_enabled() && ctrl_[walker].idle() &&
           (ends || ctrl_[loads].idle());
  }
  bool load_hits(std::uint64_t physical) const { return ctrl_[loads].hits(physical, memory_); }
  bool load_reads() const { return ctrl_[loads].reads(); }
  void end_load(std::uint64_t physical) { ctrl_[loads].end(physical); }
  // The walker's read of `address` in two cycles in which nothing else moves; false: it misses, and nothing has been done.
  bool read_for_walker(std::uint64_t address) {
    if (!missunit_.cache_enabled() || !memory_.holds(address)) return false;
    for (unsigned cycle = 0; cycle < 2; ++cycle) memory_.arbitrate(1u << walker, false);
    ctrl_[walker].read_once(address);
    return true;
  }
  // Or the three in which it misses and its line is asked for, while nothing else moves. False: nothing has been done.
  bool miss_for_walker(std::uint64_t address, WtAxiAdapter& adapter, const Interconnect& interconnect) {
    if (!missunit_.cache_enabled() || !missunit_.idles() || wbuffer_.collides(address)) return false;
    for (unsigned cycle = 0; cycle < 2; ++cycle) memory_.arbitrate(1u << walker, false);
    ctrl_[walker].begin(address, 3, 0);
    ctrl_[walker].miss(address, memory_);
    send_line(walker, adapter, interconnect);
    return true;
  }
  // A load's read is granted in this cycle, and nothing else moves: begin_load() and read_alone() are the cycle.
  bool grants_load(const AdapterReturn& in) const {
    return in.dcache == DcacheReturnType::none && ctrl_[loads].idle() && missunit_.cache_enabled() &&
           others_rest(loads);
  }
  // The line of a load that has missed is asked for in this cycle, and nothing else moves: send_line() is the cycle.
  bool sends_load(const AdapterReturn& in, const WtAxiAdapter& adapter) const {
    return in.dcache == DcacheReturnType::none && ctrl_[loads].asks_for_line() && missunit_.idles() &&
           adapter.dcache_ready() && wbuffer_.quiet() && !wbuffer_.collides(ctrl_[loads].miss_address()) &&
           ctrl_[walker].idle();
  }
  void send_line(unsigned port, WtAxiAdapter& adapter, const Interconnect& interconnect) {
    missunit_.send_line(port, adapter, ctrl_[port], interconnect, memory_.geometry());
    ctrl_[port].wait_for_line();
  }
  // The line that a port waits for comes, and nothing else moves: return_line() is the cycle. The read's id.
  bool returns_line(unsigned port, const AdapterReturn& in) const {
    return in.dcache == DcacheReturnType::load_ack && ctrl_[port].waits_for_line() &&
           missunit_.waits_for(port) && wbuffer_.quiet() &&
           !wbuffer_.holds_set(memory_.set_of(ctrl_[port].miss_address()), memory_) && ctrl_[1 - port].idle();
  }
  std::uint8_t return_line(unsigned port) {
    missunit_.take_line(memory_);
    return ctrl_[port].take_line();
  }
  // Behind the rest of the cycle: the load that has ended has missed.
  void miss_load(std::uint64_t physical) { ctrl_[loads].miss(physical, memory_); }
  void begin_load(std::uint64_t index, std::uint8_t size_log2, unsigned id) {
    ctrl_[loads].begin(index, size_log2, id);
  }
  // Then a cycle without a store or a return moves no more than the read port.
  bool writes_rest() const { return missunit_.rests() && wbuffer_.quiet(); }
  void read_alone(bool load_reads) {
    if (load_reads) memory_.arbitrate(2, false);
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
  bool load_sleeps_on(const ReadRequest& read) const { return quiet() && ctrl_[loads].sleeps_on(read); }
  // The other port, miss unit and write buffer have nothing to do without a request, and this port asks them for nothing.
  bool others_rest(unsigned port) const {
    return ctrl_[1 - port].idle() && !ctrl_[port].wants_miss() && missunit_.rests() && wbuffer_.quiet();
  }

  // Nothing can change without a request (an atomic that is under way is none) or a return from memory.
  bool quiet() const {
    const auto rests = [](const WtDcacheCtrl& c) { return c.idle() || c.waiting(); };
    return missunit_.quiet() && wbuffer_.quiet() && rests(ctrl_[walker]) && rests(ctrl_[loads]);
  }
  bool sleeps_on(const AdapterReturn& in, const Reads& read, const StoreRequest& store,
                 const AmoRequest& amo) const {
    return quiet() && in.dcache == DcacheReturnType::none && !store.valid &&
           (!amo.valid || missunit_.amo_waiting()) && ctrl_[walker].sleeps_on(read.walker) &&
           ctrl_[loads].sleeps_on(read.loads);
  }

 private:
  WtDcacheMissunit::Outputs clock_missunit(const AdapterReturn& in, WtAxiAdapter& adapter,
                                           const Interconnect& interconnect, const AmoRequest& amo);
  static WtDcacheWbuffer::Inputs answers(const WtDcacheMissunit::Outputs& miss);
  // clock_usually() while a line is on its way.
  [[gnu::noinline]] void clock_beside_miss(const AdapterReturn& in, WtAxiAdapter& adapter,
                                           const Interconnect& interconnect, const StoreRequest& store,
                                           bool load_reads);
  void end_usually(const WtDcacheMissunit::Outputs& miss, WtDcacheWbuffer::Inputs buffer,
                   const StoreRequest& store, bool load_reads);
  void end_cycle(const WtDcacheMissunit::Outputs& miss, const WtDcacheWbuffer::Inputs& buffer,
                 const StoreRequest& store);

  WtDcacheMem memory_;
  WtDcacheCtrl ctrl_[2];
  WtDcacheMissunit missunit_;
  WtDcacheWbuffer wbuffer_;
};

}  // namespace hartbeat::timing::cva6

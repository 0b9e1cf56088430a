// Module wt_axi_adapter with axi_shim and the behavioural memory behind the AXI port: the two request FIFOs,
// their arbiter, the return path. Only this file knows AXI.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "emu/timing/cva6/interconnect.hpp"
#include "emu/timing/cva6/ring.hpp"
#include "emu/timing/cva6/rr_arb_tree.hpp"

namespace hartbeat::timing::cva6 {

enum class MemoryRequest : std::uint8_t { load, store, amo_lr, amo_sc, amo_rmw };

struct DcacheRequest {
  MemoryRequest type = MemoryRequest::load;
  bool line = false;  // a whole line: a beat for each 8 bytes
  std::uint8_t tid = 0;
  std::uint8_t byte_enable = 0;
  std::uint64_t address = 0;
  std::uint64_t data = 0;  // stores, in byte lanes
};

struct IcacheRequest {
  std::uint64_t address = 0;
  bool line = true;
};

enum class DcacheReturnType : std::uint8_t {
  none,
  load_ack,
  store_ack,
  atomic_ack,
  invalidate_set,
  invalidate_line
};

// What the adapter shows to the caches in a cycle (its output registers).
struct AdapterReturn {
  bool icache_valid = false;
  DcacheReturnType dcache = DcacheReturnType::none;
  std::uint8_t tid = 0;
  std::uint64_t address = 0;  // of invalidations
};

class WtAxiAdapter {
 public:
  WtAxiAdapter(Interconnect& interconnect, unsigned hart, const Cva6Parameters& p)
      : interconnect_(&interconnect),
        hart_(hart),
        line_beats_(static_cast<std::uint8_t>(p.line_bytes / 8)),
        icache_reads_most_(p.writes_in_flight),
        dcache_reads_(p.writes_in_flight),
        dcache_writes_(p.writes_in_flight),
        b_fifo_(p.writes_in_flight) {}

  // Begins a cycle: returns what the caches see in it, and works out what they will see in the next.
  AdapterReturn clock(std::uint64_t cycle) {
    if (cycle >= wake_) return work(cycle);
    rest();
    if (!shows_) return {};
    shows_ = false;
    return std::exchange(next_, {});
  }
  // clock() will show the I$ its line.
  bool shows_icache() const { return next_.icache_valid; }
  // clock() would show nothing and do nothing in this cycle; rest() is then all that is left of it.
  bool rests(std::uint64_t cycle) const { return cycle < wake_ && !shows_; }
  void rest() { icache_was_full_ = dcache_was_full_ = false; }
  // The cycles from `cycle` on, up to `end`, in which it shows the caches nothing, and they ask for nothing: the first
  // cycle that is none of these. A write to the CLINT ends them too; without anything to wait for there are none.
  std::uint64_t clock_alone(std::uint64_t cycle, std::uint64_t end);

  // During the cycle, after clock(): request of a cache; false when its FIFO was full at the start of the
  // cycle.
  bool request_icache(const IcacheRequest& request) {
    if (icache_was_full_) return false;
    icache_fifo_.push(request);
    icache_refills_ += request.line;
    wake_ = 0;
    return true;
  }
  bool dcache_ready() const { return !dcache_was_full_; }
  void request_dcache(const DcacheRequest& request) {
    dcache_fifo_.push(request);
    dcache_refills_ += request.type == MemoryRequest::load && request.line;
    wake_ = 0;
  }
  // Lines that the caches have asked for so far.
  const std::uint64_t& icache_refills() const { return icache_refills_; }
  const std::uint64_t& dcache_refills() const { return dcache_refills_; }

  // An invalidation for this port, which has come to the cycle `now`, ahead of who sends it. The cycle in which the D$ has
  // been to see it, when that is over: it is the caller's then.
  std::optional<std::uint64_t> post_invalidation(std::uint64_t address, std::uint64_t arrival,
                                                 std::uint64_t now);
  // In this cycle it has no more to do, or to show, than invalidations.
  bool only_invalidates(std::uint64_t cycle) const;
  // The line that the D$ is shown to be invalid in this cycle.
  std::optional<std::uint64_t> shows_invalid() const {
    return shows_ && next_.dcache == DcacheReturnType::invalidate_line ? std::optional(next_.address)
                                                                       : std::nullopt;
  }
  // The first cycle in which it may have something to do.
  std::uint64_t wakes() const { return wake_; }

  // Nothing is queued or in flight.
  bool idle() const {
    return icache_fifo_.empty() && dcache_fifo_.empty() && reads_.empty() && writes_.empty() &&
           b_fifo_.empty() && invalidations_.empty() && !shows_;
  }
  // Nothing is on its way but the D$'s lines and writes.
  bool may_tell() const {
    return icache_fifo_.empty() && icache_reads_ == 0 && invalidations_.empty() && !next_.icache_valid &&
           next_.dcache <= DcacheReturnType::store_ack;
  }
  // `line`: the address of the D$'s line, `address_of`: that of a write in the buffer.
  template <class Archive, class AddressOf>
  void visit(Archive& a, std::uint64_t line, AddressOf address_of) {
    a.need(may_tell());
    a.bits(shows_);
    if constexpr (Archive::restores) next_ = {};
    if (shows_) {
      a.bits(next_.dcache);
      a.bits(next_.tid);
    }
    dcache_fifo_.visit(a, [&a, line, &address_of](DcacheRequest& request) {
      a.need(request.type == MemoryRequest::store || (request.type == MemoryRequest::load && request.line));
      if constexpr (Archive::restores) request = {};
      a.bits(request.type);
      a.bits(request.tid);
      a.bits(request.byte_enable);
      if constexpr (Archive::restores) {
        request.line = request.type == MemoryRequest::load;
        request.address = request.line ? line : address_of(request.tid, request.byte_enable);
      }
    });
    arbiter_.visit(a);
    dcache_reads_.visit(a, [&a](std::uint8_t& tid) { a.bits(tid); });
    if constexpr (!Archive::restores)
      if (!reads_.empty()) reads_.front().pass_beats(a.cycle());
    reads_.visit(a, [&a](Read& read) {
      a.need(read.id == 1);
      if constexpr (Archive::restores) read.id = 1;
      a.bits(read.beats);
      a.bits(read.begun);
      a.bits(read.gap);
      a.when(read.ready);
    });
    dcache_writes_.visit(a, [&a](std::uint8_t& tid) { a.bits(tid); });
    b_fifo_.visit(a, [&a](std::uint8_t& id) { a.bits(id); });
    writes_.visit(a, [&a](Write& write) {
      a.bits(write.id);
      a.when(write.ready);
    });
    if constexpr (Archive::restores) wake_ = 0;
  }
  // What was passed over: a write that was accepted, and a line of the D$'s.
  void passed_write(std::uint64_t cycle) { last_write_ = cycle; }
  void passed_refill() { ++dcache_refills_; }

  // The cycle in which the last write was accepted by memory.
  std::uint64_t last_write() const { return last_write_; }
  // The cycle in which the last uncached read left on AR (when a load from a device reads its register).
  std::uint64_t last_uncached_read() const { return last_uncached_read_; }

 private:
  [[gnu::noinline]] AdapterReturn work(std::uint64_t cycle);
  // The first cycle from `cycle` on in which clock() can do anything, given that no request is added.
  std::uint64_t next_event(std::uint64_t cycle) const;

  struct Read {
    std::uint8_t id = 0;  // 0 I$, 1 D$, 3 atomic
    std::uint8_t beats = 1;
    bool begun = false;       // the first beat has come
    unsigned gap = 1;         // cycles between beats
    std::uint64_t ready = 0;  // cycle in which the next beat is valid
    std::uint64_t last_ready() const { return ready + std::uint64_t{gap} * (beats - 1u); }
    // The beats before `cycle`, but for the last, that came while nothing else was under way.
    void pass_beats(std::uint64_t cycle) {
      for (; beats > 1 && ready < cycle; ready += gap, --beats) begun = true;
    }
  };
  struct Write {
    std::uint8_t id = 0;  // 1 store, 3 atomic
    std::uint64_t ready = 0;
  };
  struct Invalidation {
    std::uint64_t address = 0, arrival = 0;
  };

  void return_path(std::uint64_t cycle, bool invalidate, std::uint64_t amo_address);
  void dcache_return(std::uint64_t cycle, bool read_ready, bool invalidate, std::uint64_t amo_address);
  bool issue(std::uint64_t cycle, unsigned source);
  bool issue_dcache(std::uint64_t cycle);
  void push_read(std::uint64_t cycle, std::uint8_t id, std::uint8_t beats, std::uint64_t address);
  void push_read(std::uint8_t id, std::uint8_t beats, const MemoryAnswer& answer) {
    reads_.push({id, beats, false, answer.gap, answer.first});
  }
  void push_write(std::uint64_t cycle, std::uint8_t id, const DcacheRequest& request, std::uint64_t response);
  void let_pass(std::uint64_t cycle);

  Interconnect* interconnect_;
  unsigned hart_;
  std::uint8_t line_beats_;
  AdapterReturn next_;
  bool shows_ = false;  // there is something in next_
  Ring<IcacheRequest, 2> icache_fifo_;
  Ring<DcacheRequest, 2> dcache_fifo_;
  bool icache_was_full_ = false, dcache_was_full_ = false;
  LockedRoundRobin arbiter_{2};
  // The meta FIFOs are as deep as there may be writes in flight (MetaFifoDepth).
  unsigned icache_reads_ = 0, icache_reads_most_;
  Ring<std::uint8_t, 16> dcache_reads_, dcache_writes_, b_fifo_;
  bool amo_returns_data_ = false;  // amo_gen_r_q
  Ring<Read, 16> reads_;
  Ring<Write, 32> writes_;
  Ring<Invalidation, 64> invalidations_;
  std::uint64_t last_invalidation_ = 0;  // the cycle in which the D$ is shown it
  std::uint64_t last_uncached_read_ = 0, last_write_ = 0;
  std::uint64_t icache_refills_ = 0, dcache_refills_ = 0;
  std::uint64_t wake_ = 0;
};

}  // namespace hartbeat::timing::cva6

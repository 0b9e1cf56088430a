// What the harts share outside their AXI ports: one memory, perhaps behind an L2, the order of requests to it, invalidations, CLINT
// wires.
//
// One read (AR) and one write (AW with W) are accepted in a cycle; when several harts ask in the same cycle
// the lowest hart wins and the others ask again. Once accepted, requests are pipelined. A write is in memory
// in the cycle in which it is accepted; every other hart that holds the line in its D$ receives an
// invalidation `invalidation_latency` later.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "emu/timing/cva6/l2_cache.hpp"
#include "emu/timing/cva6/parameters.hpp"

namespace hartbeat::timing::cva6 {

constexpr std::uint64_t never_cycle = ~std::uint64_t{0};

// The CLINT as the interrupt wires see it, with the cycle in which each write arrived.
class ClintWires {
 public:
  explicit ClintWires(unsigned harts) : harts_(harts) {}
  static constexpr std::uint64_t base = 0x0200'0000, length = 0x1'0000;

  // A write of the bytes in `byte_enable` of the aligned doubleword at `address`, accepted in `cycle`.
  void write(std::uint64_t address, std::uint64_t data, std::uint8_t byte_enable, std::uint64_t cycle);
  // The wires as they are in `cycle`: bit 3 MSIP, bit 7 MTIP, in mip's positions.
  std::uint64_t lines(unsigned hart, std::uint64_t cycle) const {
    const Hart& h = harts_[hart];
    const bool msip = cycle > h.msip_since ? h.msip : h.msip_before;
    const std::uint64_t compare = cycle > h.compare_since ? h.compare : h.compare_before;
    return (msip ? 8u : 0u) | (cycle + mtime_offset_ >= compare ? 0x80u : 0u);
  }
  // lines() does not change from `cycle` up to there, unless a write comes in; `cycle` when it may at once.
  std::uint64_t steady_until(unsigned hart, std::uint64_t cycle) const {
    const Hart& h = harts_[hart];
    if (cycle <= h.msip_since || cycle <= h.compare_since) return cycle;
    const std::uint64_t now = mtime(cycle);
    if (h.compare <= now) return now >> 62 ? cycle : never_cycle;
    const std::uint64_t wait = h.compare - now;
    return wait > never_cycle - cycle ? never_cycle : cycle + wait;
  }
  // The first cycle after `cycle` in which the timer's wire would rise by itself; never_cycle when it does
  // not.
  std::uint64_t next_rise(unsigned hart, std::uint64_t cycle) const;
  std::uint64_t mtime(std::uint64_t cycle) const { return cycle + mtime_offset_; }
  // How many there have been.
  std::uint64_t writes() const { return writes_; }

 private:
  struct Hart {
    bool msip = false, msip_before = false;
    std::uint64_t msip_since = 0;
    std::uint64_t compare = ~std::uint64_t{0}, compare_before = ~std::uint64_t{0};
    std::uint64_t compare_since = 0;
  };
  std::vector<Hart> harts_;
  std::uint64_t mtime_offset_ = 0, writes_ = 0;
};

// One hart's D$ tags as the interconnect's snoop filter sees them.
class Snooped {
 public:
  virtual ~Snooped() = default;
  // As it is when hart `writer` has come to `cycle`: this one may have gone further.
  virtual bool holds_line(std::uint64_t address, std::uint64_t cycle, unsigned writer) const = 0;
  virtual void post_invalidation(std::uint64_t address, std::uint64_t arrival) = 0;
};

class Interconnect {
 public:
  Interconnect(const MemoryParameters& memory, unsigned harts)
      : clint(harts),
        memory_(memory),
        layered_(memory.l2.enabled || memory.dram.enabled),
        l2_(memory.l2),
        main_memory_(memory),
        snooped_(harts) {}

  void attach(unsigned hart, Snooped* tags) { snooped_[hart] = tags; }

  // Accepted in `cycle`: when a read's beats come, and when a write's response does.
  MemoryAnswer read(std::uint64_t address, unsigned beats, std::uint64_t cycle) {
    if (!cached(address)) return {cycle + memory_.uncached_latency, 1};
    if (!layered_) return {cycle + memory_.read_latency, 1};
    return read_layers(address, beats, cycle);
  }
  std::uint64_t write(std::uint64_t address, std::uint64_t cycle) {
    if (!cached(address)) return cycle + memory_.uncached_latency;
    if (!layered_) return cycle + memory_.write_latency;
    return write_layers(address, cycle);
  }
  // An atomic: one access to the L2, a read and a write to memory.
  struct AtomicAnswer {
    MemoryAnswer old_value;
    std::uint64_t response = 0;
  };
  AtomicAnswer atomic(std::uint64_t address, std::uint64_t cycle) {
    const bool in_l2 = memory_.l2.enabled && cached(address);
    if (!in_l2) return {read(address, 1, cycle), write(address, cycle)};
    const MemoryAnswer answer = l2_.access(address, true, cycle, main_memory_);
    return {answer, answer.first};
  }
  // Reads of a hart may come back in another order than they were sent: one may hit the L2 behind one that does not.
  bool reorders() const { return layered_; }
  // One hart, and each request is answered in its time.
  bool plain() const { return snooped_.size() == 1 && !layered_; }
  bool cached(std::uint64_t address) const { return address - memory_.cached_base < memory_.cached_length; }

  // True when the request of this hart is accepted in `cycle`. Harts must ask in the order of (cycle, hart).
  bool accept_read(std::uint64_t cycle) {
    if (snooped_.size() == 1) return true;
    return last_read_ == cycle + 1 ? false : (last_read_ = cycle + 1, true);
  }
  bool accept_write(std::uint64_t cycle) {
    if (snooped_.size() == 1) return true;
    return last_write_ == cycle + 1 ? false : (last_write_ = cycle + 1, true);
  }
  // A write of hart `writer` is in memory.
  void written(unsigned writer, std::uint64_t address, std::uint64_t data, std::uint8_t byte_enable,
               std::uint64_t cycle) {
    if (rehearsing_) return;
    if (address - ClintWires::base < ClintWires::length) {
      clint.write(address, data, byte_enable, cycle + memory_.ipi_wire_delay);
      return;
    }
    if (snooped_.size() == 1) return;
    for (unsigned hart = 0; hart < snooped_.size(); ++hart) {
      if (hart != writer && snooped_[hart] && snooped_[hart]->holds_line(address, cycle, writer))
        snooped_[hart]->post_invalidation(address, cycle + memory_.invalidation_latency);
    }
  }

  // While a core only tries out its future, its writes have no effect and its requests win no arbitration for
  // good.
  void rehearse(bool on) {
    if (on)
      saved_ = {last_read_, last_write_};
    else if (rehearsing_)
      last_read_ = saved_[0], last_write_ = saved_[1];
    if (layered_ && on != rehearsing_) rehearse_layers(on);
    rehearsing_ = on;
  }

  // What L2 and DRAM have counted.
  MemoryCounters counters() const {
    return {memory_.l2.enabled, memory_.dram.enabled, l2_.counters(), main_memory_.counters()};
  }

  ClintWires clint;

 private:
  MemoryAnswer read_layers(std::uint64_t address, unsigned beats, std::uint64_t cycle);
  std::uint64_t write_layers(std::uint64_t address, std::uint64_t cycle);
  void rehearse_layers(bool on);

  MemoryParameters memory_;
  bool layered_;  // there is more than one latency
  L2Cache l2_;
  MainMemory main_memory_;
  std::optional<MainMemory> saved_memory_;
  std::vector<Snooped*> snooped_;
  std::uint64_t last_read_ = 0, last_write_ = 0;  // cycle + 1 of the last acceptance
  std::array<std::uint64_t, 2> saved_{};
  bool rehearsing_ = false;
};

}  // namespace hartbeat::timing::cva6

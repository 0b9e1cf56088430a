// Module cva6_icache: the I$ with its data, so that the front end fetches what the cache holds, stale or not.
#pragma once

#include <cstdint>
#include <vector>

#include "emu/timing/cva6/cache_geometry.hpp"
#include "emu/timing/cva6/lfsr.hpp"
#include "emu/timing/cva6/wt_axi_adapter.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

enum class FetchFault : std::uint8_t { none, page_fault, access_fault };

// The answer of the MMU to the address that the I$ holds.
struct FetchTranslation {
  bool valid = false;
  std::uint64_t address = 0;
  FetchFault fault = FetchFault::none;
};

struct FetchResponse {
  bool ready = false;  // a request of this cycle was taken
  bool valid = false;  // `data` and `fault` for `address`
  std::uint64_t address = 0;
  std::uint32_t data = 0;
  FetchFault fault = FetchFault::none;
};

class Cva6Icache {
 public:
  explicit Cva6Icache(const CacheGeometry& geometry)
      : geometry_(geometry),
        words_log2_(geometry.line_bits - 3),
        tags_(std::size_t{geometry.sets} * geometry.ways),
        data_(tags_.size() * geometry.words()),
        valid_(geometry.sets) {}

  enum class State : std::uint8_t { flush, idle, read, miss, kill_atrans, kill_miss };

  // The virtual address that waits for its translation; meaningful while wants_translation().
  bool wants_translation() const { return state_ == State::read || state_ == State::kill_atrans; }
  std::uint64_t virtual_address() const { return vaddr_ & ~std::uint64_t{3}; }
  State state() const { return state_; }
  bool flush_pending() const { return flush_pending_; }

  // It only looks up or waits for an address, which is all of its state but what it holds; or waits for memory, when it
  // keeps the rest.
  bool plain() const {
    const bool looks_up = (state_ == State::idle || state_ == State::read) && !way_chosen_;
    return (looks_up || waits_for_line()) && enabled_ && !flush_pending_;
  }
  bool waits_for_line() const { return state_ == State::miss || state_ == State::kill_miss; }
  std::uint64_t address() const { return vaddr_; }
  // How often what it holds has changed.
  std::uint64_t changes() const { return changes_; }
  void resume(bool reads, std::uint64_t address) {
    state_ = reads ? State::read : State::idle;
    vaddr_ = address;
    flush_pending_ = way_chosen_ = false;
  }
  void resume_wait(bool wanted, std::uint64_t address) {
    state_ = wanted ? State::miss : State::kill_miss;
    vaddr_ = address;
  }
  // The word at this address, when it is here.
  bool word(std::uint64_t address, std::uint64_t physical, std::uint32_t& data) {
    vaddr_ = address;
    const int found = hit(physical);
    if (found >= 0) data = word(static_cast<std::size_t>(found));
    return found >= 0;
  }

  struct Inputs {
    bool request = false;
    std::uint64_t address = 0;  // of the request
    bool kill_s1 = false, kill_s2 = false, flush = false;
  };
  FetchResponse clock(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
                      WtAxiAdapter& adapter, const Interconnect& interconnect, const HartView& view);

 private:
  void read(const Inputs& in, const FetchTranslation& translation, bool memory_returns, bool flushing,
            WtAxiAdapter& adapter, const Interconnect& interconnect, FetchResponse& out);
  bool request(std::uint64_t physical, WtAxiAdapter& adapter, const Interconnect& interconnect);
  int hit(std::uint64_t physical);
  std::uint32_t word(std::size_t slot) const;
  std::uint32_t refill_word(const HartView& view) const;
  [[gnu::noinline]] void refill(const HartView& view);

  void forget_line() {
    last_line_ = no_line;
    ++changes_;
  }
  std::size_t slot(unsigned set, unsigned way) const { return std::size_t{set} * geometry_.ways + way; }

  CacheGeometry geometry_;
  unsigned words_log2_;
  std::vector<std::uint64_t> tags_, data_;  // by set and way: the physical line, its words
  std::vector<std::uint16_t> valid_;        // by set, a bit for each way
  static constexpr std::uint64_t no_line = ~std::uint64_t{0};
  std::uint64_t last_line_ = no_line;  // of the last hit, with its set and slot
  unsigned last_set_ = 0;
  std::size_t last_slot_ = 0;
  std::uint64_t changes_ = 0;
  State state_ = State::flush;
  unsigned count_ = 0;
  bool enabled_ = false, flush_pending_ = false;
  bool way_chosen_ = false;
  std::uint8_t way_ = 0;
  std::uint64_t vaddr_ = 0, physical_ = 0;
  Lfsr8 lfsr_;
};

}  // namespace hartbeat::timing::cva6

// Module wt_dcache_wbuffer: the coalescing write buffer, eight doublewords with byte masks, four writes in
// flight.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "emu/timing/cva6/ring.hpp"
#include "emu/timing/cva6/rr_arb_tree.hpp"
#include "emu/timing/cva6/wt_dcache_mem.hpp"

namespace hartbeat::timing::cva6 {

// A store of the commit queue: the doubleword's address, its bytes and their enables.
struct StoreRequest {
  bool valid = false;
  std::uint64_t address = 0;
  std::uint64_t data = 0;
  std::uint8_t byte_enable = 0;
};

// One write that the buffer offers to the miss unit.
struct WriteMiss {
  bool valid = false;
  std::uint64_t address = 0;
  std::uint64_t data = 0;
  std::uint8_t byte_enable = 0;
  std::uint8_t tid = 0;
};

class WtDcacheWbuffer {
 public:
  static constexpr unsigned depth = 8, max_tx = 4;

  bool empty() const { return valid_mask() == 0; }
  // The buffer takes this store in this cycle.
  bool accepts(const StoreRequest& store) const {
    if (!store.valid) return false;
    const unsigned valid = valid_mask();
    return valid != (1u << depth) - 1 || hit_mask(store.address) != 0;
  }
  WriteMiss miss() const;
  bool wants_check() const { return check_mask() != 0; }
  // A read of `address`'s line would overtake a write in flight.
  bool collides(std::uint64_t address) const {
    for (const Tx& tx : tx_) {
      if (tx.valid && (entries_[tx.entry].word >> 1) == (address >> 4)) return true;
    }
    return false;
  }

  struct Inputs {
    bool miss_ack = false;  // the write offered by miss() left
    bool returned = false;  // an acknowledgement for `tid` came in
    std::uint8_t tid = 0;
    bool check_ack = false;   // the tag check was granted
    bool line_write = false;  // wr_cl_vld: a refill or invalidation writes the set `line_set`
    unsigned line_set = 0;
    bool line_writes_ways = false;  // and takes every bank
    bool read_acked = false;        // a reader other than the buffer uses bank `read_bank`
    unsigned read_bank = 0;
  };
  void clock(const Inputs& in, const StoreRequest& store, const WtDcacheMem& memory);

  // Nothing will change without a new store or an acknowledgement.
  bool quiet() const {
    return returns_.empty() && check_mask() == 0 && !check1_.enabled && !check2_.enabled && !line_write_q_ &&
           !miss().valid;
  }

 private:
  struct Entry {
    std::uint64_t word = 0;  // address >> 3
    std::uint64_t data = 0;
    std::uint8_t dirty = 0, valid = 0, txblock = 0;
    std::uint8_t hit_ways = 0;
    bool checked = false;
  };
  struct Tx {
    bool valid = false;
    std::uint8_t entry = 0, bytes = 0;
  };
  struct Check {
    bool enabled = false;
    std::uint8_t entry = 0, hit_ways = 0;
    std::uint64_t address = 0;
  };

  unsigned valid_mask() const { return valid_mask_; }
  unsigned hit_mask(std::uint64_t address) const {
    for (unsigned mask = valid_mask_; mask; mask &= mask - 1) {
      const unsigned i = static_cast<unsigned>(std::countr_zero(mask));
      if (entries_[i].word == address >> 3) return 1u << i;
    }
    return 0;
  }
  unsigned check_mask() const { return valid_mask_ & ~checked_mask_; }
  unsigned dirty_mask() const {
    unsigned mask = 0;
    for (unsigned rest = valid_mask_; rest; rest &= rest - 1) {
      const unsigned i = static_cast<unsigned>(std::countr_zero(rest));
      if (entries_[i].txblock == 0 && (entries_[i].dirty & entries_[i].valid)) mask |= 1u << i;
    }
    return mask;
  }
  std::uint32_t free_tx_mask() const {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < max_tx; ++i) mask |= (tx_[i].valid ? 0u : 1u) << i;
    return mask;
  }
  // Bytes of the next aligned piece of a mask: a whole doubleword, word, halfword or byte at its first byte.
  static std::uint8_t next_piece(std::uint8_t bytes);
  bool evicts(const Inputs& in) const;
  void evict();

  std::array<Entry, depth> entries_{};
  std::array<Tx, max_tx> tx_{};
  unsigned valid_mask_ = 0, checked_mask_ = 0;
  Ring<std::uint8_t, max_tx> returns_;  // i_rtrn_id_fifo
  LockedRoundRobin<max_tx> tx_arbiter_;
  LockedRoundRobin<depth> dirty_arbiter_;
  RoundRobin<depth> check_arbiter_;
  Check check1_, check2_;
  bool line_write_q_ = false;
  unsigned line_set_q_ = 0;
};

}  // namespace hartbeat::timing::cva6

// Module wt_dcache_wbuffer: the coalescing write buffer of doublewords with byte masks (in the RTL eight, and four
// writes in flight).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "emu/timing/cva6/load_store_state.hpp"
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
  Serial serial = 0;
};

// One write that the buffer offers to the miss unit.
struct WriteMiss {
  bool valid = false;
  std::uint64_t address = 0;
  std::uint64_t data = 0;
  std::uint8_t byte_enable = 0;
  std::uint8_t tid = 0;
  std::uint8_t entry = 0;  // of the buffer
};

class WtDcacheWbuffer {
 public:
  static constexpr unsigned most_entries = 32, most_writes = 16;

  WtDcacheWbuffer(unsigned entries, unsigned writes_in_flight, const CacheGeometry& geometry)
      : all_entries_(static_cast<std::uint32_t>((std::uint64_t{1} << entries) - 1)),
        all_writes_((1u << writes_in_flight) - 1),
        words_log2_(geometry.line_bits - 3),
        returns_(writes_in_flight),
        tx_arbiter_(writes_in_flight),
        dirty_arbiter_(entries),
        check_arbiter_(entries) {}

  bool empty() const { return valid_mask() == 0; }
  // The buffer takes this store in this cycle.
  bool accepts(const StoreRequest& store) const {
    if (!store.valid) return false;
    return valid_mask_ != all_entries_ || full_has(store.address);
  }
  bool offers() const { return dirty_mask_ != 0 && free_tx_mask() != 0; }
  WriteMiss miss() const;
  bool wants_check() const { return check_mask() != 0; }
  // A read of `address`'s line would overtake a write in flight.
  bool collides(std::uint64_t address) const {
    for (unsigned mask = tx_mask_; mask; mask &= mask - 1) {
      const Tx& tx = tx_[static_cast<unsigned>(std::countr_zero(mask))];
      if (words_[tx.entry] >> words_log2_ == address >> (words_log2_ + 3)) return true;
    }
    return false;
  }

  // A line that is written to this set would concern an entry.
  bool holds_set(unsigned set, const WtDcacheMem& memory) const {
    for (unsigned mask = valid_mask_; mask; mask &= mask - 1)
      if (memory.set_of(words_[static_cast<unsigned>(std::countr_zero(mask))] << 3) == set) return true;
    return false;
  }

  struct Inputs {
    bool miss_ack = false;   // the write offered by miss() left:
    std::uint8_t entry = 0;  // its entry,
    std::uint8_t bytes = 0;  // byte enables
    std::uint8_t tx = 0;     // and tid
    bool returned = false;   // an acknowledgement for `tid` came in
    std::uint8_t tid = 0;
    bool check_ack = false;   // the tag check was granted
    bool line_write = false;  // wr_cl_vld: a refill or invalidation writes the set `line_set`
    unsigned line_set = 0;
    bool line_writes_ways = false;  // and takes every bank
    bool read_acked = false;        // a reader other than the buffer uses the bank of `read_word`
    std::uint64_t read_word = 0;
  };
  // `store` is one that accepts() has taken, or none.
  void clock(const Inputs& in, const StoreRequest& store, const WtDcacheMem& memory);

  // Nothing will change without a new store or an acknowledgement.
  bool quiet() const { return quiet_; }
  // Then a clock() with these inputs would change nothing.
  bool sleeps_on(const Inputs& in, const StoreRequest& store) const {
    return !in.returned && !in.line_write && !store.valid && quiet();
  }

  // As long as it has eight entries at the most. What was merged into an entry is not told: it is memory's, which has it already.
  template <class Archive>
  void visit(Archive& a, const WtDcacheMem& memory);
  std::uint64_t tx_address(std::uint8_t tid, std::uint8_t bytes) const {
    return (words_[tx_[tid].entry] << 3) + static_cast<unsigned>(std::countr_zero(unsigned{bytes}));
  }

 private:
  struct Entry {
    std::uint64_t data = 0;
    std::uint8_t dirty = 0, valid = 0, txblock = 0;
    std::uint16_t hit_ways = 0;
    bool checked = false;
    Serial serial = 0;  // of the last store to it
  };
  struct Tx {
    std::uint8_t entry = 0, bytes = 0;
  };
  struct Check {
    bool enabled = false;
    std::uint8_t entry = 0;
    std::uint16_t hit_ways = 0;
    std::uint64_t address = 0;
  };

  unsigned valid_mask() const { return valid_mask_; }
  // The entry that holds this doubleword, one-hot.
  unsigned hit_mask(std::uint64_t address) const {
    unsigned hits = 0;
    for (unsigned i = 0; i < 8; ++i) hits |= (words_[i] == address >> 3 ? 1u : 0u) << i;
    for (unsigned i = 8; valid_mask_ >> i; ++i) hits |= (words_[i] == address >> 3 ? 1u : 0u) << i;
    return hits & valid_mask_;
  }
  // The same store asks in every cycle until there is room.
  bool full_has(std::uint64_t address) const {
    if (address >> 3 == full_lacks_) return false;
    if (hit_mask(address)) return true;
    full_lacks_ = address >> 3;
    return false;
  }
  bool settled() const {
    return returns_.empty() && check_mask() == 0 && !check1_.enabled && !check2_.enabled && !line_write_q_ &&
           !offers();
  }
  unsigned check_mask() const { return valid_mask_ & ~checked_mask_; }
  // Entry `i` has changed: may it be written now?
  void note_dirty(unsigned i) {
    const Entry& e = entries_[i];
    const bool dirty = e.txblock == 0 && (e.dirty & e.valid) != 0;
    dirty_mask_ = (dirty_mask_ & ~(1u << i)) | (dirty ? 1u << i : 0);
  }
  std::uint32_t free_tx_mask() const { return all_writes_ & ~tx_mask_; }
  // Bytes of the next aligned piece of a mask: a whole doubleword, word, halfword or byte at its first byte.
  static std::uint8_t next_piece(std::uint8_t bytes);
  void clock_check(bool granted, unsigned to_check, unsigned valid, const WtDcacheMem& memory);
  template <class Archive>
  void visit_entry(Archive& a, unsigned i, const WtDcacheMem& memory);
  bool evicts(const Inputs& in) const;
  void evict();

  std::uint32_t all_entries_, all_writes_;           // a bit for each there is
  unsigned words_log2_;                              // of a line
  std::array<std::uint64_t, most_entries> words_{};  // of each entry: address >> 3
  std::array<Entry, most_entries> entries_{};
  std::array<Tx, most_writes> tx_{};
  static constexpr std::uint64_t no_word = ~std::uint64_t{0};
  mutable std::uint64_t full_lacks_ = no_word;  // since the last store has been taken
  unsigned valid_mask_ = 0, checked_mask_ = 0, tx_mask_ = 0;
  unsigned dirty_mask_ = 0;                  // has bytes to write, none of them on their way
  Ring<std::uint8_t, most_writes> returns_;  // i_rtrn_id_fifo
  LockedRoundRobin tx_arbiter_, dirty_arbiter_;
  RoundRobin check_arbiter_;
  Check check1_, check2_;
  bool line_write_q_ = false, quiet_ = true;  // quiet_: settled() since the last clock()
  unsigned line_set_q_ = 0;
};

template <class Archive>
void WtDcacheWbuffer::visit(Archive& a, const WtDcacheMem& memory) {
  a.need(!line_write_q_);
  if (all_entries_ > 0xFF || all_writes_ > 0xFF) return a.need(false);
  a.bits(valid_mask_);
  a.bits(checked_mask_);
  a.bits(tx_mask_);
  if constexpr (Archive::restores) {
    dirty_mask_ = 0;
    for (unsigned mask = all_entries_ & ~valid_mask_; mask; mask &= mask - 1)
      entries_[static_cast<unsigned>(std::countr_zero(mask))] = {};
  }
  for (unsigned mask = valid_mask_; mask; mask &= mask - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(mask));
    visit_entry(a, i, memory);
  }
  for (unsigned mask = tx_mask_; mask; mask &= mask - 1) {
    Tx& tx = tx_[static_cast<unsigned>(std::countr_zero(mask))];
    a.bits(tx.entry);
    a.bits(tx.bytes);
  }
  returns_.visit(a, [&a](std::uint8_t& id) { a.bits(id); });
  tx_arbiter_.visit(a);
  dirty_arbiter_.visit(a);
  check_arbiter_.visit(a);
  for (Check* check : {&check1_, &check2_}) {
    a.bits(check->enabled);
    if (!check->enabled) continue;
    a.bits(check->entry);
    a.need(words_[check->entry] << 3 == check->address);
    if constexpr (Archive::restores) check->address = words_[check->entry] << 3;
    bool hits = check->hit_ways != 0;
    a.bits(hits);
    if constexpr (Archive::restores) check->hit_ways = hits;  // which ways, nobody asks
  }
  if constexpr (Archive::restores) {
    full_lacks_ = no_word;
    line_write_q_ = false;
    quiet_ = settled();
  }
}

template <class Archive>
void WtDcacheWbuffer::visit_entry(Archive& a, unsigned i, const WtDcacheMem& memory) {
  Entry& e = entries_[i];
  a.access(false, e.serial);
  a.bits(e.dirty);
  a.bits(e.valid);
  a.bits(e.txblock);
  if constexpr (Archive::restores) {
    e.checked = (checked_mask_ >> i) & 1;
    words_[i] = a.of(false, e.serial).physical >> 3;
    note_dirty(i);
  } else {
    a.store(e.serial);
    a.of(false, e.serial).physical = words_[i] << 3;
  }
  bool hits = e.hit_ways != 0;
  auto bank = static_cast<std::uint8_t>(words_[i] & ((1u << words_log2_) - 1));
  if constexpr (!Archive::restores)
    if (!e.checked) hits = memory.holds(words_[i] << 3);
  a.bits(hits);
  a.bits(bank);
  if constexpr (Archive::restores) e.hit_ways = hits;
}

}  // namespace hartbeat::timing::cva6

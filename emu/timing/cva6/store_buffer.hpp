// Module store_buffer: the speculative and the committed store queue (in the RTL four entries each), with the
// page-offset check.
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/wt_dcache_wbuffer.hpp"

namespace hartbeat::timing::cva6 {

class StoreBuffer {
 public:
  static constexpr unsigned deepest = 16;
  // Powers of two.
  StoreBuffer(unsigned speculative, unsigned committed)
      : speculative_mask_(speculative - 1), committed_mask_(committed - 1) {}

  bool commit_ready() const { return committed_count_ <= committed_mask_; }
  bool no_store_pending() const { return committed_count_ == 0; }
  StoreRequest request() const {
    const Entry& e = committed_[committed_read_];
    return e.valid ? StoreRequest{true, e.address, e.data, e.byte_enable, e.serial} : StoreRequest{};
  }
  bool offset_matches(std::uint64_t address) const {
    const std::uint64_t offset = (address >> 3) & 0x1FF;
    for (unsigned i = 0; i < committed_count_; ++i) {
      if (((committed_[(committed_read_ + i) & committed_mask_].address >> 3) & 0x1FF) == offset) return true;
    }
    for (unsigned i = 0; i < speculative_count_; ++i) {
      if (((speculative_[(speculative_read_ + i) & speculative_mask_].address >> 3) & 0x1FF) == offset)
        return true;
    }
    return false;
  }
  // ready_o: combinational on this cycle's push and commit.
  bool ready(bool push, bool commit) const {
    return speculative_count_ + (push ? 1u : 0u) - (commit ? 1u : 0u) <= speculative_mask_ || commit;
  }
  void clock(bool push, const StoreRequest& store, bool commit, bool granted, bool flush) {
    if (granted) {
      committed_[committed_read_].valid = false;
      committed_read_ = (committed_read_ + 1) & committed_mask_;
      --committed_count_;
    }
    if (commit) {
      committed_[committed_write_] = speculative_[speculative_read_];
      committed_write_ = (committed_write_ + 1) & committed_mask_;
      ++committed_count_;
    }
    if (push) {
      speculative_[speculative_write_] = {true, store.byte_enable, store.serial, store.address, store.data};
      speculative_write_ = (speculative_write_ + 1) & speculative_mask_;
      ++speculative_count_;
    }
    if (commit) {
      speculative_[speculative_read_].valid = false;
      speculative_read_ = (speculative_read_ + 1) & speculative_mask_;
      --speculative_count_;
    }
    if (flush) {
      for (Entry& e : speculative_) e.valid = false;
      speculative_write_ = speculative_read_;
      speculative_count_ = 0;
    }
  }

  template <class Archive>
  void visit(Archive& a) {
    a.bits(committed_count_);
    a.bits(speculative_count_);
    if constexpr (Archive::restores) {
      for (Entry& e : committed_) e.valid = false;
      for (Entry& e : speculative_) e.valid = false;
      committed_read_ = speculative_read_ = 0;
      committed_write_ = committed_count_ & committed_mask_;
      speculative_write_ = speculative_count_ & speculative_mask_;
    }
    if (!a.fits(committed_count_) || !a.fits(speculative_count_)) return;
    for (unsigned i = 0; i < committed_count_; ++i)
      committed_[(committed_read_ + i) & committed_mask_].visit(a);
    for (unsigned i = 0; i < speculative_count_; ++i)
      speculative_[(speculative_read_ + i) & speculative_mask_].visit(a);
  }

 private:
  struct Entry {
    bool valid = false;
    std::uint8_t byte_enable = 0;
    Serial serial = 0;
    std::uint64_t address = 0, data = 0;

    template <class Archive>
    void visit(Archive& a) {
      a.placed(serial, address);
      a.bits(byte_enable);
      if constexpr (Archive::restores) {
        const Access& access = a.of(false, serial);
        valid = true;
        address = access.physical;
        data = access.data << (8 * (access.address & 7));
      }
    }
  };
  unsigned speculative_mask_, committed_mask_;
  std::array<Entry, deepest> speculative_{}, committed_{};
  unsigned speculative_read_ = 0, speculative_write_ = 0, speculative_count_ = 0;
  unsigned committed_read_ = 0, committed_write_ = 0, committed_count_ = 0;
};

}  // namespace hartbeat::timing::cva6

// Module lsu_bypass: the two-entry queue in front of the load and store units.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/load_store_state.hpp"

namespace hartbeat::timing::cva6 {

struct LsuControl {
  bool valid = false;
  bool is_load = false;
  Op op = Op::plain;  // atomics
  std::uint8_t size_log2 = 0;
  std::uint8_t trans_id = 0;
  Serial serial = 0;
  bool misaligned = false;    // or a non-canonical address under translation
  bool access_fault = false;  // the functional core found that PMP or PMA forbids it
  bool sc_fails = false;
  std::uint64_t address = 0;  // virtual
  std::uint64_t data = 0;     // store data, not yet in byte lanes

  bool is_amo() const { return op == Op::amo_lr || op == Op::amo_sc || op == Op::amo_rmw; }

  // A load or store without a fault, whose address is still to be compared.
  template <class Archive>
  void visit(Archive& a) {
    a.need(valid && op == Op::plain && !misaligned && !access_fault);
    a.bits(is_load);
    a.slot(trans_id);
    a.moving(is_load, serial);
    if constexpr (Archive::restores)
      *this = of(a.of(is_load, serial), trans_id, serial);
    else if (!is_load)
      a.store(serial);
  }
  static LsuControl of(const Access& access, std::uint8_t trans_id, Serial serial) {
    LsuControl out;
    out.valid = true;
    out.is_load = access.is_load;
    out.size_log2 = access.size_log2;
    out.trans_id = trans_id;
    out.serial = serial;
    out.address = access.address;
    out.data = access.data;
    return out;
  }
};

inline constexpr LsuControl no_request{};

class LsuBypass {
 public:
  bool ready() const { return count_ == 0; }
  unsigned size() const { return count_; }
  const LsuControl& at(unsigned i) const { return slots_[read_ ^ (i & 1)]; }
  const LsuControl& front(const LsuControl& incoming) const { return count_ == 0 ? incoming : slots_[read_]; }
  // While it is not ready(): what the front is; and the front leaves, while nothing comes in.
  const LsuControl& waiting() const { return slots_[read_]; }
  void pop() {
    slots_[read_].valid = false;
    read_ ^= 1;
    --count_;
  }
  void clock(const LsuControl& incoming, bool pop_load, bool pop_store, bool flush) {
    if (flush) {
      *this = {};
      return;
    }
    const unsigned read = read_;
    if (incoming.valid) {
      slots_[write_] = incoming;
      write_ ^= 1;
      count_ = (count_ + 1) & 3;
    }
    for (unsigned pops = (pop_load ? 1u : 0u) + (pop_store ? 1u : 0u); pops > 0; --pops) {
      slots_[read].valid = false;
      read_ ^= 1;
      count_ =
          (count_ - 1) & 3;  // wraps when a fault pops what is not there; the flush that follows clears it
    }
  }

  template <class Archive>
  void visit(Archive& a) {
    a.bits(count_);
    if (!a.fits(count_)) return;
    if constexpr (Archive::restores) {
      read_ = 0;
      write_ = count_ & 1;
      slots_[0].valid = slots_[1].valid = false;
    }
    for (unsigned i = 0; i < count_; ++i) slots_[read_ ^ (i & 1)].visit(a);
  }

 private:
  LsuControl slots_[2];
  unsigned read_ = 0, write_ = 0, count_ = 0;
};

}  // namespace hartbeat::timing::cva6

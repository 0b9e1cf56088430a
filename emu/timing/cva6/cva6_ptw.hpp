// Module cva6_ptw: the page-table walker, Sv39, one walk at a time, its reads through the D$.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_shared_tlb.hpp"
#include "emu/timing/cva6/wt_dcache_ctrl.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

// The CSRs that translation looks at.
struct TranslationState {
  bool fetch = false;  // enable_translation: satp on, not in M
  bool data = false;   // en_ld_st_translation (MPRV considered)
  std::uint8_t privilege = 3;
  std::uint8_t data_privilege = 3;
  bool sum = false, mxr = false;
  std::uint16_t asid = 0;
  std::uint64_t root = 0;  // physical address of the root page table
  bool operator==(const TranslationState&) const = default;
  // What fetches see of it, in 19 bits; the root counts only for what comes into the ITLB.
  std::uint32_t fetch_key() const { return std::uint32_t{asid} << 3 | std::uint32_t{privilege} << 1 | fetch; }
};

class Cva6Ptw {
 public:
  bool active() const { return state_ != State::idle; }
  // Waits for its read.
  bool waiting() const {
    return (state_ == State::pte_lookup || state_ == State::wait_rvalid) && !data_valid_ && !tag_valid_;
  }
  bool walking_instruction() const { return instruction_; }
  // ptw_error: the walk ended in a page fault; seen for one cycle.
  bool error() const { return state_ == State::propagate_error; }
  ReadRequest request() const {
    ReadRequest out;
    out.data_req = state_ == State::wait_grant;
    out.tag_valid = tag_valid_;
    out.kill = state_ == State::kill_req;
    out.index = out.tag = pointer_;
    return out;
  }
  // It asks for the page-table entry at pointer(), and would be answered.
  bool asks() const { return state_ == State::wait_grant && !kill_; }
  std::uint64_t pointer() const { return pointer_; }
  // The D$ has granted that, and has had it in the next cycle: two clocks, and a third when the entry points on. How many.
  unsigned read(const TranslationState& translation, const HartView& view);
  // The D$ has granted that, and does not have it.
  void wait_for_entry() {
    state_ = State::pte_lookup;
    tag_valid_ = data_valid_ = false;
  }
  // TLB update of this cycle (valid only in the cycle in which a leaf was accepted).
  TlbUpdate update(const TranslationState& translation, bool is_store) const;

  void clock(const ReadResponse& response, const Cva6SharedTlb& miss, const TranslationState& translation,
             bool is_store, bool flush, const HartView& view);

 private:
  enum class State : std::uint8_t {
    idle,
    wait_grant,
    pte_lookup,
    wait_rvalid,
    propagate_error,
    kill_req,
    latency
  };
  enum class Verdict : std::uint8_t { error, pointer, leaf };
  Verdict judge(const TranslationState& translation, bool is_store) const;
  void descend();

  State state_ = State::idle;
  bool instruction_ = false, global_ = false, tag_valid_ = false, kill_ = false;
  bool data_valid_ = false;  // data_rvalid_q
  Pte pte_;                  // data_rdata_q
  std::uint8_t level_ = 0;
  std::uint16_t asid_ = 0;
  std::uint64_t address_ = 0, pointer_ = 0;
};

}  // namespace hartbeat::timing::cva6

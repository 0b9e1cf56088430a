// Module cva6_mmu: both first-level TLBs, the shared register, the walker, and the faults that they raise.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_icache.hpp"
#include "emu/timing/cva6/cva6_ptw.hpp"
#include "emu/timing/cva6/cva6_shared_tlb.hpp"
#include "emu/timing/cva6/cva6_tlb.hpp"
#include "emu/timing/cva6/lsu_bypass.hpp"
#include "emu/timing/cva6/parameters.hpp"

namespace hartbeat::timing::cva6 {

class Cva6Mmu {
 public:
  explicit Cva6Mmu(const Cva6Parameters& p)
      : itlb_(p.itlb_entries),
        dtlb_(p.dtlb_entries),
        shared_(p.shared_tlb_sets),
        executable_base_(p.executable_base),
        executable_length_(p.executable_length) {}

  const Cva6Ptw& walker() const { return walker_; }
  const Cva6SharedTlb& shared() const { return shared_; }
  const Cva6Tlb& dtlb() const { return dtlb_; }

  // Cycle 1 of the data side: the physical address and exception of last cycle's request.
  std::uint64_t data_physical() const { return physical_; }
  bool data_exception(const TranslationState& translation) const;

  // Instruction side, combinational: the translation of `address`, when `access`.
  FetchTranslation fetch(std::uint64_t address, bool access, const TranslationState& translation) {
    itlb_access_ = access;
    fetch_misses_ = false;
    if (!access) return {};
    if (!last_fetch_.answers(address, translation)) return fetch_anew(address, translation);
    return fetch_again(address);
  }
  // The same for an address in the page of the last fetch, while fetch_changes() is what it was.
  bool fetches_from(std::uint64_t address) const { return address >> 12 == last_fetch_.page; }
  std::uint64_t fetch_page() const { return last_fetch_.page; }
  std::uint64_t fetch_physical() const { return last_fetch_.physical; }
  // A fetch from this address would be answered with this one.
  bool would_fetch(std::uint64_t address, std::uint64_t physical_address,
                   const TranslationState& translation) const {
    if (!translation.fetch) return (address & ((std::uint64_t{1} << 56) - 1)) == physical_address;
    const TlbHit hit = itlb_.probe(address, translation.asid);
    return hit.hit && physical(address, hit) == physical_address &&
           (translation.privilege == 0) == hit.pte.u();
  }
  FetchTranslation fetch_again(std::uint64_t address) {
    fetched(true);
    return {true, last_fetch_.physical | (address & 0xFFF), FetchFault::none};
  }
  // What is left of such a fetch, or of a cycle without one, when its answer is known.
  void fetched(bool access) {
    itlb_access_ = access;
    fetch_misses_ = false;
  }
  std::uint64_t fetch_changes() const { return fetch_changes_; }
  // `translation` is another one than that of the last cycle.
  void change_translation() {
    last_fetch_ = {};
    data_page_ = known_page_ = no_page;
    holds_ = misses_ = false;
  }
  bool fetch_misses() const { return fetch_misses_; }

  // Data side, combinational, to be asked once a cycle: does the DTLB have it (in time)?
  bool data_hit(const LsuControl& request, bool access, const TranslationState& translation) {
    if (access && request.address >> 12 == data_page_ && !request.misaligned) return true;  // as before
    return look_up_data(request, access, translation);
  }

  // The clock edge. `access` as in data_hit.
  void clock(const LsuControl& request, bool data_access, bool is_store, const TranslationState& translation,
             const ReadResponse& walker_read, bool flush_pipeline, bool flush_tlb, const TlbFlush& flush,
             const HartView& view, std::uint64_t cycle) {
    if (walker_.active() || shared_.access() || fetch_misses_ || flush_pipeline || flush_tlb ||
        (data_access && translation.data && !dtlb_hit_.hit))
      return clock_walk(request, data_access, is_store, translation, walker_read, flush_pipeline, flush_tlb,
                        flush, view, cycle);
    latch(request, data_access, is_store, translation);
  }

  // No walk, no miss: clock() would change nothing.
  bool quiet() const { return !walker_.active() && !shared_.access() && !request_q_ && !fetch_misses_; }
  // Nothing but a data request moves.
  bool only_data() const { return !walker_.active() && !shared_.access() && !fetch_misses_; }
  // clock() while only_data(), of a data_hit() that is asked for the first time.
  void clock_data(const LsuControl& request, bool is_store, const TranslationState& translation) {
    steady_ = misaligned_q_ = misses_ = missed_q_ = false;
    request_q_ = holds_ = true;
    keep(request, is_store, translation);
  }
  // The same without a request.
  void clock_without_data() {
    steady_ = !request_q_ && !misaligned_q_;
    request_q_ = misaligned_q_ = holds_ = misses_ = false;
  }
  // While only_data() and the request of the last cycle is asked again: the DTLB has had it, data_hit() would say so again …
  bool holds() const { return holds_; }
  // … and this is clock().
  void clock_held() { steady_ = true; }
  // The DTLB has not had the request of the last cycle, a load's, which is asked again; nothing but its walk moves.
  bool walks_alone() const {
    return misses_ && walker_.active() && !walker_.walking_instruction() && shared_.access() &&
           !fetch_misses_;
  }
  // Then data_hit() is false, and this is clock().
  void clock_walk_alone(const ReadResponse& walker_read, const TranslationState& translation,
                        const HartView& view);
  // walks_alone(), and the walker's read is answered: its clocks until it reads again or has its answer. How many.
  unsigned read_alone(const TranslationState& translation, const HartView& view) {
    return walker_.read(translation, view);
  }
  // The same when it is not answered: three clocks, behind which it waits.
  void miss_alone() { walker_.wait_for_entry(); }
  // Of a data access without a fault: its address, when the DTLB has the page, which is then the one used last.
  bool translate(const Access& access, const TranslationState& translation, std::uint64_t& address) {
    if (access.address >> 12 != known_page_) know_page(access, translation);
    address = known_base_ | (access.address & 0xFFF);
    return access.is_load ? known_reads_ : known_writes_;
  }
  // The same without using it.
  bool probe(std::uint64_t virtual_address, const TranslationState& translation,
             std::uint64_t& address) const {
    const TlbHit hit = look_at(virtual_address, translation);
    address = translated(virtual_address, translation, hit);
    return hit.hit || !translation.data;
  }

  // The registers of the data interface while only_data(), nothing has missed or is at fault, and look-ups of a page find the same
  // entry, however many there are and in what order.
  bool may_tell(const TranslationState& translation) const {
    return only_data() && !misaligned_q_ && !missed_q_ && !misses_ &&
           (translation.data ? !dtlb_.ambiguous() : dtlb_.empty());
  }
  template <class Archive>
  void visit(Archive& a, const TranslationState& translation) {
    a.need(may_tell(translation) && !data_exception(translation));
    a.bits(request_q_);
    if constexpr (Archive::restores) {
      misaligned_q_ = missed_q_ = misses_ = steady_ = false;
      holds_ = request_q_;
    }
    if (!request_q_) return;
    a.bits(store_q_);
    a.access(!store_q_, serial_q_);
    if constexpr (Archive::restores) {
      const LsuControl request = LsuControl::of(a.of(!store_q_, serial_q_), 0, serial_q_);
      keep(request, store_q_, translation, look_at(request.address, translation));
    }
  }

  // A walk waits for the D$ or the flush machine; `next`, the next cycle, is like this one.
  bool waiting(std::uint64_t next) const {
    if (request_q_ && !steady_) return false;
    if (walker_.active()) return walker_.waiting();
    return shared_.flushing(next) || (!shared_.access() && !(request_q_ && missed_q_));
  }

 private:
  // The page of the last fetch without a fault. While it is asked again and the ITLB has not changed, the answer is the
  // same, and so is what the look-up does to the replacement.
  static constexpr std::uint64_t no_page = ~std::uint64_t{0};  // no address has this one
  struct LastFetch {
    std::uint64_t page = no_page;
    std::uint64_t physical = 0;
    std::uint16_t asid = 0;
    std::uint8_t privilege = 0;
    bool translated = false;
    bool answers(std::uint64_t address, const TranslationState& t) const {
      return address >> 12 == page && t.fetch == translated && t.asid == asid && t.privilege == privilege;
    }
  };

  [[gnu::noinline]] FetchTranslation fetch_anew(std::uint64_t address, const TranslationState& translation);
  void know_page(const Access& access, const TranslationState& translation);
  bool look_up_data(const LsuControl& request, bool access, const TranslationState& translation);
  // Walker, shared register and TLBs: what a miss or a fence moves.
  void clock_walk(const LsuControl& request, bool data_access, bool is_store,
                  const TranslationState& translation, const ReadResponse& walker_read, bool flush_pipeline,
                  bool flush_tlb, const TlbFlush& flush, const HartView& view, std::uint64_t cycle);
  // The registers of the data interface; the second: what the DTLB says.
  void latch(const LsuControl& request, bool data_access, bool is_store, const TranslationState& translation);

  void keep(const LsuControl& request, bool is_store, const TranslationState& translation) {
    keep(request, is_store, translation, dtlb_hit_);
  }
  void keep(const LsuControl& request, bool is_store, const TranslationState& translation,
            const TlbHit& hit) {
    hit_q_ = hit.hit;
    pte_q_ = hit.pte;
    store_q_ = is_store;
    access_fault_q_ = request.access_fault;
    noncanonical_q_ = translation.data && !is_canonical(request.address);
    physical_ = translated(request.address, translation, hit);
    serial_q_ = request.serial;
  }
  static std::uint64_t translated(std::uint64_t address, const TranslationState& translation,
                                  const TlbHit& hit) {
    return translation.data ? physical(address, hit) : address & ((std::uint64_t{1} << 56) - 1);
  }
  TlbHit look_at(std::uint64_t address, const TranslationState& translation) const {
    return translation.data ? dtlb_.probe(address, translation.asid) : TlbHit{};
  }
  static bool denied(const Pte& pte, const TranslationState& translation) {
    return (translation.data_privilege == 1 && !translation.sum && pte.u()) ||
           (translation.data_privilege == 0 && !pte.u());
  }

  bool is_canonical(std::uint64_t address) const {
    const std::int64_t top = static_cast<std::int64_t>(address) >> 38;
    return top == 0 || top == -1;
  }
  static std::uint64_t physical(std::uint64_t address, const TlbHit& hit) {
    const unsigned shift = hit.level == 0 ? 30 : hit.level == 1 ? 21 : 12;
    const std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
    return ((hit.pte.ppn() << 12) & ~mask) | (address & mask);
  }

  Cva6Tlb itlb_, dtlb_;
  Cva6SharedTlb shared_;
  Cva6Ptw walker_;
  std::uint64_t executable_base_, executable_length_;
  // Combinational results of this cycle, kept for the clock edge.
  TlbHit itlb_hit_, dtlb_hit_;
  bool itlb_access_ = false, fetch_misses_ = false;
  std::uint64_t itlb_address_ = 0;
  LastFetch last_fetch_;
  std::uint64_t data_page_ = no_page;  // what data_hit() has said yes to, and would again: dtlb_hit_
  // The same page, for translate(): where it is, and what it allows.
  std::uint64_t known_page_ = no_page, known_base_ = 0;
  bool known_reads_ = false, known_writes_ = false;
  std::uint64_t fetch_changes_ = 0;  // how often the ITLB has changed
  // Registers of the data interface.
  bool request_q_ = false, hit_q_ = false, store_q_ = false, misaligned_q_ = false, access_fault_q_ = false;
  bool noncanonical_q_ = false;
  Serial serial_q_ = 0;
  bool missed_q_ = false;  // the DTLB was to have it and did not: the walker hears of it
  bool steady_ = false;    // and they are as they were in the cycle before
  bool holds_ = false;     // their request has been translated, and would be again
  bool misses_ = false;    // their request, a load's, has not, and would not be
  Pte pte_q_;
  std::uint64_t physical_ = 0;
};

}  // namespace hartbeat::timing::cva6

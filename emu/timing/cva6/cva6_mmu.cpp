#include "emu/timing/cva6/cva6_mmu.hpp"

namespace hartbeat::timing::cva6 {
namespace {

// Execute regions of the configuration that are no memory; the second page of the last is the boot ROM of our board.
bool executable_rom(std::uint64_t physical) { return physical - 0x1'0000 < 0x1'0000 || physical < 0x2000; }

}  // namespace

FetchTranslation Cva6Mmu::fetch_anew(std::uint64_t address, const TranslationState& translation) {
  itlb_address_ = address;
  itlb_hit_ = itlb_.lookup(address, translation.asid, translation.fetch, true);
  fetch_misses_ = translation.fetch && !itlb_hit_.hit;
  last_fetch_ = {};
  FetchTranslation out;
  out.valid = true;
  out.address = address & ((std::uint64_t{1} << 56) - 1);
  if (translation.fetch) {
    if (itlb_hit_.hit) {
      out.address = physical(address, itlb_hit_);
      const bool denied = translation.privilege == 0 ? !itlb_hit_.pte.u() : itlb_hit_.pte.u();
      if (denied || !is_canonical(address)) out.fault = FetchFault::page_fault;
    } else {
      out.valid = walker_.active() && walker_.walking_instruction() && walker_.error();
      if (out.valid) out.fault = FetchFault::page_fault;
    }
  }
  if (out.valid && out.fault == FetchFault::none &&
      !(out.address - executable_base_ < executable_length_ || executable_rom(out.address)))
    out.fault = FetchFault::access_fault;
  if (out.valid && out.fault == FetchFault::none)
    last_fetch_ = {address >> 12, out.address & ~std::uint64_t{0xFFF}, translation.asid,
                   translation.privilege, translation.fetch};
  return out;
}

void Cva6Mmu::know_page(const Access& access, const TranslationState& translation) {
  const LsuControl request = LsuControl::of(access, 0, 0);
  known_reads_ = known_writes_ = data_hit(request, true, translation);
  if (!known_reads_) return;
  known_page_ = access.address >> 12;
  known_base_ = translated(request.address, translation, dtlb_hit_) & ~std::uint64_t{0xFFF};
  if (!translation.data) return;
  known_reads_ = !denied(dtlb_hit_.pte, translation) && is_canonical(access.address);
  known_writes_ = known_reads_ && dtlb_hit_.pte.w() && dtlb_hit_.pte.d();
}

bool Cva6Mmu::look_up_data(const LsuControl& request, bool access, const TranslationState& translation) {
  const bool looks = access && !request.misaligned;
  dtlb_hit_ = access ? dtlb_.lookup(request.address, translation.asid, translation.data, looks) : TlbHit{};
  const bool hit = translation.data ? dtlb_hit_.hit : true;
  data_page_ = looks && hit ? request.address >> 12 : no_page;
  known_page_ = no_page;
  return hit;
}

bool Cva6Mmu::data_exception(const TranslationState& translation) const {
  if (misaligned_q_) return true;
  if (access_fault_q_ && request_q_ && (!translation.data || hit_q_)) return true;
  if (!translation.data) return false;
  if (hit_q_ && request_q_) {
    return denied(pte_q_, translation) || noncanonical_q_ || (store_q_ && (!pte_q_.w() || !pte_q_.d()));
  }
  return walker_.active() && !walker_.walking_instruction() && walker_.error();
}

void Cva6Mmu::clock_walk(const LsuControl& request, bool data_access, bool is_store,
                         const TranslationState& translation, const ReadResponse& walker_read,
                         bool flush_pipeline, bool flush_tlb, const TlbFlush& flush, const HartView& view,
                         std::uint64_t cycle) {
  const TlbUpdate update = walker_.update(translation, is_store);
  const bool fetch_hits = itlb_access_ && itlb_hit_.hit;
  const bool to_itlb = shared_.for_instruction(), to_dtlb = shared_.for_data();
  const bool looks = data_access && !request.misaligned;
  if (walker_.active() || shared_.access() || flush_pipeline)
    walker_.clock(walker_read, shared_, translation, is_store, flush_pipeline, view);
  shared_.clock({translation.fetch, itlb_access_, fetch_hits, itlb_address_},
                {translation.data, looks, dtlb_hit_.hit, request.address}, flush_tlb, cycle);
  bool itlb_changes = false;
  if (flush_tlb || update.valid) data_page_ = known_page_ = no_page;
  if (flush_tlb) {
    itlb_changes = itlb_.flush(flush);
    dtlb_.flush(flush);
  } else if (update.valid) {
    itlb_changes = to_itlb;
    if (to_itlb)
      itlb_.update(update, fetch_hits);
    else if (to_dtlb)
      dtlb_.update(update, dtlb_hit_.hit);
  }
  if (itlb_changes) {
    last_fetch_ = {};
    ++fetch_changes_;
  }
  latch(request, data_access, is_store, translation);
  holds_ = false;
  misses_ = !update.valid && !flush_tlb && !flush_pipeline && steady_ && missed_q_ && request_q_ &&
            !misaligned_q_ && !is_store;
}

void Cva6Mmu::clock_walk_alone(const ReadResponse& walker_read, const TranslationState& translation,
                               const HartView& view) {
  const TlbUpdate update = walker_.update(translation, false);
  walker_.clock(walker_read, shared_, translation, false, false, view);
  if (!update.valid) return;
  data_page_ = known_page_ = no_page;
  dtlb_.update(update, false);
  misses_ = false;
}

void Cva6Mmu::latch(const LsuControl& request, bool data_access, bool is_store,
                    const TranslationState& translation) {
  const bool misaligned = data_access && request.misaligned;
  steady_ = request_q_ == data_access && misaligned_q_ == misaligned;
  request_q_ = data_access;
  misaligned_q_ = misaligned;
  holds_ = data_access && !misaligned && (dtlb_hit_.hit || !translation.data);
  misses_ = false;
  if (!data_access) return;
  const bool hit = hit_q_, store = store_q_, access_fault = access_fault_q_, noncanonical = noncanonical_q_;
  const std::uint64_t pte = pte_q_.bits, address = physical_;
  keep(request, is_store, translation);
  missed_q_ = translation.data && !dtlb_hit_.hit;
  steady_ = steady_ && hit_q_ == hit && pte_q_.bits == pte && store_q_ == store &&
            access_fault_q_ == access_fault && noncanonical_q_ == noncanonical && physical_ == address;
}

}  // namespace hartbeat::timing::cva6

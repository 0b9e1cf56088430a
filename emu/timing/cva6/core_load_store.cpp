// Core's load/store side: bypass, load and store unit, DTLB and D$ in a cycle, and the cycles in which part of it rests.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

// Of the load or store in the execute stage.
LsuControl Core::lsu_request() const {
  LsuControl out;
  const ScoreboardEntry& e = scoreboard_[execute_.id];
  out.valid = true;
  out.is_load = e.decoded->fu == Fu::load;
  out.op = e.decoded->op;
  out.size_log2 = e.decoded->size_log2;
  out.trans_id = execute_.id;
  out.address = e.outcome.data_address;
  out.data = e.outcome.store_value;
  out.sc_fails = e.outcome.sc_failed;
  const std::int64_t top = static_cast<std::int64_t>(out.address) >> 38;
  out.misaligned =
      (out.address & ((1u << out.size_log2) - 1)) != 0 || (csr_.translation().data && top != 0 && top != -1);
  out.access_fault =
      e.outcome.trapped && !e.outcome.interrupt && (e.outcome.cause == 5 || e.outcome.cause == 7);
  return out;
}

void Core::load_store(const AdapterReturn& in, const Commit& commit, bool requests, WriteBack& results) {
  load_result_.valid = false;
  const bool commits = commit.store || commit.atomic || commit.flush;
  const bool returns = in.dcache != DcacheReturnType::none;
  if (load_store_rests_ && !requests && !commits && !returns && !mmu_.fetch_misses()) return;
  if (!node_ && !commit.flush && !commit.atomic && load_store_lightly(in, commit.store, requests, results))
    return;
  if (!commits && !returns && bypass_.ready() && store_unit_.idle() && !mmu_.walker().active() &&
      dcache_.others_rest() && !(requests && scoreboard_[execute_.id].decoded->fu == Fu::store))
    load_alone(requests);
  else
    load_store_busy(in, commit, requests, results);
}

// The cycle when loads and stores go their usual ways: the DTLB has their pages, the D$ what is loaded, and nothing is in
// anybody's way. False: it is another one, and nothing has been done.
bool Core::load_store_lightly(const AdapterReturn& in, bool commits, bool requests, WriteBack& results) {
  const bool load_ends = load_unit_.state() == LoadUnit::State::send_tag;
  const bool store_ends = store_unit_.state() == StoreUnit::State::valid_store;
  if (!bypass_.ready() || !mmu_.only_data() || !(load_ends || load_unit_.idle()) ||
      !(store_ends || store_unit_.state() == StoreUnit::State::idle) ||
      !dcache_.goes_usual_ways(in, load_ends))
    return false;
  const TranslationState& translation = csr_.translation();
  const std::uint64_t physical = mmu_.data_physical();
  if ((load_ends || store_ends) &&
      (mmu_.data_exception(translation) || (store_ends && store_unit_.holds_atomic())))
    return false;
  if (load_ends && !dcache_.load_hits(physical)) return false;
  if (requests) {
    const LsuControl request = lsu_request();
    const bool free = request.is_load ? !store_unit_.offset_matches(request.address, physical)
                                      : !request.is_amo() && store_unit_.takes(commits);
    if (!free || request.misaligned || !mmu_.data_hit(request, true, translation)) return false;
    mmu_.clock_data(request, !request.is_load, translation);
    clock_usually(in, commits, load_ends, store_ends, physical, &request, results);
  } else {
    mmu_.clock_without_data();
    clock_usually(in, commits, load_ends, store_ends, physical, nullptr, results);
  }
  moved_ = true;
  load_store_rests_ = !requests && store_unit_.idle() && load_unit_.idle() && dcache_.quiet();
  keep_rest_bits();
  return true;
}

// Both units and the D$ in the usual cycle. `request`: what begins, which may; null: nothing.
void Core::clock_usually(const AdapterReturn& in, bool commits, bool load_ends, bool store_ends,
                         std::uint64_t physical, const LsuControl* request, WriteBack& results) {
  const bool load_begins = request && request->is_load;
  if (load_ends) dcache_.end_load(physical);
  load_result_ = load_ends ? load_unit_.end() : LoadUnit::Outputs{};
  if (load_begins) begin_load(*request);
  if (store_ends) results.add(store_unit_.trans_id(), false);
  clock_usual_writes(in, load_ends || load_begins, commits, physical, load_begins ? nullptr : request);
}

void Core::begin_load(const LsuControl& request) {
  const unsigned slot = load_unit_.next_slot();
  dcache_.begin_load(request.address, request.size_log2, slot);
  load_unit_.begin(request.trans_id, slot);
}

// Store unit, store buffer and the D$'s write side in the usual cycle.
void Core::clock_usual_writes(const AdapterReturn& in, bool load_reads, bool commits, std::uint64_t physical,
                              const LsuControl* begins) {
  const bool ends = store_unit_.state() == StoreUnit::State::valid_store;
  bool granted = false;
  if (!store_unit_.buffer().no_store_pending() || in.dcache != DcacheReturnType::none ||
      !dcache_.writes_rest()) {
    StoreRequest store = store_unit_.buffer().request();
    granted = store.valid = dcache_.accepts(store);
    dcache_.clock_usually(in, adapter_, *interconnect_, store, load_reads);
  } else {
    dcache_.read_alone(load_reads);
  }
  if (begins || ends || commits || granted) store_unit_.clock_usually(begins, physical, commits, granted);
}

// load_store_busy() without a store, a walk's read or a return from memory: only load unit, load port and DTLB move.
void Core::load_alone(bool requests) {
  const TranslationState& translation = csr_.translation();
  const LsuControl request = requests ? lsu_request() : LsuControl{};
  const LoadUnit::State before = load_unit_.state();
  const bool exception = mmu_.data_exception(translation);
  const std::uint64_t physical = mmu_.data_physical();
  const bool offset_matches = requests && store_unit_.offset_matches(request.address, physical);
  const LoadUnit::Drive drive = load_unit_.drive(request, offset_matches, exception, physical);
  const bool translates = requests && drive.translate;
  const bool dtlb_hit = mmu_.data_hit(request, translates, translation);
  ReadResponse response;
  const bool cache_sleeps = dcache_.load_sleeps_on(drive.read);
  if (!cache_sleeps) response = dcache_.clock_load(drive.read);
  load_result_ = load_unit_.clock(request, drive, response, dtlb_hit, offset_matches, exception, false);
  const bool moves =
      requests || !cache_sleeps || load_result_.valid || load_result_.pop || load_unit_.state() != before;
  mmu_.clock(request, translates, false, translation, ReadResponse{}, false, false, tlb_flush_, *view_);
  bypass_.clock(request, load_result_.pop, false, false);
  load_store_moved(moves);
}

// Behind a cycle that has moved nothing the next ones move nothing either, until something comes from outside.
void Core::load_store_moved(bool moves) {
  moved_ |= moves;
  load_store_rests_ = !moves && mmu_.waiting() && !mmu_.shared().flushing();
  keep_rest_bits();
  update_fetch_context();
}

void Core::keep_rest_bits() {
  rest_bits_ = std::uint64_t{store_unit_.buffer().commit_ready()} << PipelineInputs::room |
               std::uint64_t{bypass_.ready()} << PipelineInputs::lsu_ready;
}

void Core::load_store_busy(const AdapterReturn& in, const Commit& commit, bool requests, WriteBack& results) {
  const TranslationState& translation = csr_.translation();
  const LsuControl incoming = requests ? lsu_request() : LsuControl{};
  const LsuControl& request = bypass_.front(incoming);
  const LoadUnit::State load_state = load_unit_.state();
  const StoreUnit::State store_state = store_unit_.state();
  const bool exception = mmu_.data_exception(translation);
  const std::uint64_t physical = mmu_.data_physical();
  const bool offset_matches = request.is_load && store_unit_.offset_matches(request.address, physical);

  const LoadUnit::Drive drive = load_unit_.drive(request, offset_matches, exception, physical);
  // The unit that the front request belongs to has the MMU.
  const bool load_side = request.is_load;
  const bool store_translates = !load_side && store_unit_.translates(request);
  const bool translates = request.valid && (load_side ? drive.translate : store_translates);
  const bool dtlb_hit = mmu_.data_hit(request, translates, translation);

  const ReadRequest walk = mmu_.walker().request();
  const WtDcache::Reads reads{walk, drive.read};
  ReadResponse responses[2];
  StoreRequest store = store_unit_.buffer().request();
  const bool granted = store.valid = dcache_.accepts(store);
  const AmoRequest amo = store_unit_.amo(commit.atomic);
  const bool amo_ack = commit.atomic && dcache_.amo_ack(in);
  const bool cache_sleeps = dcache_.sleeps_on(in, reads, store, amo);
  if (!cache_sleeps) dcache_.clock(in, adapter_, *interconnect_, reads, store, amo, responses);

  LoadUnit::Outputs load;
  if (load_side || commit.flush || !load_unit_.idle())
    load = load_unit_.clock(request, drive, responses[WtDcache::loads], dtlb_hit, offset_matches, exception,
                            commit.flush);
  StoreUnit::Inputs to_store;
  to_store.physical = physical;
  to_store.dtlb_hit = dtlb_hit;
  to_store.exception = exception;
  to_store.flush = commit.flush;
  to_store.commit = commit.store;
  to_store.granted = granted;
  to_store.amo_at_commit = commit.atomic;
  to_store.amo_ack = amo_ack;
  StoreUnit::Outputs stored;
  if (!store_unit_.sleeps_on(request, to_store)) stored = store_unit_.clock(request, to_store);
  if (stored.valid) results.add(stored.trans_id, stored.exception);
  load_result_ = load;
  const bool moves = !cache_sleeps || load.valid || load.pop || stored.pop || stored.valid || requests ||
                     load_unit_.state() != load_state || store_unit_.state() != store_state || granted ||
                     commit.store || commit.flush;

  mmu_.clock(request, translates, store_translates, translation, responses[WtDcache::walker], commit.flush,
             commit.flush_tlb, tlb_flush_, *view_);
  bypass_.clock(incoming, load.pop, stored.pop, commit.flush);
  load_store_moved(moves);
}

}  // namespace hartbeat::timing::cva6

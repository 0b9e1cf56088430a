// Core's load/store side: bypass, load and store unit, DTLB and D$ in a cycle, and the cycles in which part of it rests.
#include <utility>

#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

// Of the load or store in the execute stage.
void Core::lsu_request(LsuControl& out) {
  const ScoreboardEntry& e = scoreboard_[execute_.id];
  out.valid = true;
  out.is_load = e.decoded->fu == Fu::load;
  const Serial before = serial_.store();
  out.serial = ++serial_.of(out.is_load);
  out.op = e.decoded->op;
  out.size_log2 = e.decoded->size_log2;
  out.trans_id = execute_.id;
  out.address = e.outcome.data_address;
  out.data = e.outcome.store_value;
  out.sc_fails = e.outcome.sc_failed;
  const std::int64_t top = static_cast<std::int64_t>(out.address) >> 38;
  out.misaligned =
      (out.address & ((1u << out.size_log2) - 1)) != 0 || (csr_.translation().data && top != 0 && top != -1);
  accesses_.put(out.serial, {out.address, 0, out.data, before, out.size_log2, out.is_load});
  out.access_fault =
      e.outcome.trapped && !e.outcome.interrupt && (e.outcome.cause == 5 || e.outcome.cause == 7);
}

void Core::load_store(const AdapterReturn& in, const Commit& commit, bool requests, WriteBack& results) {
  if (commit.atomic || commit.flush) {
    ways_ = Ways::unknown;
    load_result_.valid = false;
    if (requests) lsu_request(incoming_);
    return load_store_busy(in, commit, requests, results);
  }
  load_store_unflushed(in, commit.store, requests, results);
}

// The same without an atomic or a flush at commit.
void Core::load_store_unflushed(const AdapterReturn& in, bool commits, bool requests, WriteBack& results) {
  if (load_store_rests_ && !requests && !commits && in.dcache == DcacheReturnType::none &&
      !mmu_.fetch_misses()) {
    load_result_.valid = false;
    return;
  }
  if (requests) lsu_request(incoming_);
  const LsuControl* const request = requests ? &incoming_ : nullptr;
  if (!may_go_lightly() || !load_store_lightly(in, commits, request, results))
    load_store_otherwise(in, commits, request, results);
}

void Core::load_store_otherwise(const AdapterReturn& in, bool commits, const LsuControl* request,
                                WriteBack& results) {
  load_result_.valid = false;
  if (load_store_rests_ && in.dcache == DcacheReturnType::invalidate_line && !request && !commits &&
      !mmu_.fetch_misses() && dcache_.wbuffer_empty()) {
    dcache_.invalidate(in.address);
    return;
  }
  const LsuControl& incoming = request ? *request : no_request;
  if (ways_ != Ways::unknown && load_store_usually(in, commits, incoming, results)) return;
  const bool tried = std::exchange(ways_, Ways::unknown) != Ways::unknown;
  if (!commits && store_unit_.idle() &&
      (mmu_.only_data() ? load_waits(in, request) : !request && load_walks(in)))
    return;
  if (!tried && load_store_usually(in, commits, incoming, results)) return;
  if (!commits && store_unit_.idle() && !mmu_.walker().active() && dcache_.walker_rests() &&
      (bypass_.ready() ? !(request && !request->is_load) : bypass_.waiting().is_load))
    return load_alone(in, incoming);
  Commit commit;
  commit.store = commits;
  load_store_busy(in, commit, request != nullptr, results);
}

// Behind a cycle that has moved nothing the next ones move nothing either, until something comes from outside.
void Core::load_store_moved(bool moves) {
  moved_ |= moves;
  load_store_rests_ = !moves && mmu_.waiting(cycle_ + 1) && !mmu_.shared().flushing(cycle_ + 1);
  keep_rest_bits();
  update_fetch_context();
}

void Core::keep_rest_bits() {
  rest_bits_ = std::uint64_t{store_unit_.buffer().commit_ready()} << PipelineInputs::room |
               std::uint64_t{bypass_.ready()} << PipelineInputs::lsu_ready;
}

// `requests`: what incoming_ has.
void Core::load_store_busy(const AdapterReturn& in, const Commit& commit, bool requests, WriteBack& results) {
  const TranslationState& translation = csr_.translation();
  const LsuControl& incoming = requests ? incoming_ : no_request;
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
             commit.flush_tlb, tlb_flush_, *view_, cycle_);
  bypass_.clock(incoming, load.pop, stored.pop, commit.flush);
  load_store_moved(moves);
}

}  // namespace hartbeat::timing::cva6

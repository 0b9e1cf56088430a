// Core's load/store side in the cycles that are not load_store_busy()'s: what is usual, and what waits, without the rest.
#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

// The cycle when loads and stores go their usual ways: the DTLB has their pages, the D$ what is loaded, and nothing is in
// anybody's way. False: it is another one, and nothing has been done.
bool Core::load_store_lightly(const AdapterReturn& in, bool commits, const LsuControl* request,
                              WriteBack& results) {
  const bool load_ends = load_unit_.state() == LoadUnit::State::send_tag;
  const bool store_ends = store_unit_.state() == StoreUnit::State::valid_store;
  if (ways_ == Ways::light
          ? mmu_.fetch_misses() || !WtDcache::returns_usually(in)
          : !bypass_.ready() || !(store_ends || store_unit_.state() == StoreUnit::State::idle) ||
                !dcache_.goes_usual_ways(in, load_ends))
    return false;
  const TranslationState& translation = csr_.translation();
  const std::uint64_t physical = mmu_.data_physical();
  if ((load_ends || store_ends) &&
      (mmu_.data_exception(translation) || (store_ends && store_unit_.holds_atomic())))
    return false;
  if (load_ends && !dcache_.load_hits(physical)) return false;
  if (request) {
    const bool free = request->is_load ? !store_unit_.offset_matches(request->address, physical)
                                       : !request->is_amo() && store_unit_.takes(commits);
    if (!free || request->misaligned || !mmu_.data_hit(*request, true, translation)) return false;
    mmu_.clock_data(*request, !request->is_load, translation);
  } else {
    mmu_.clock_without_data();
  }
  clock_usually(in, commits, load_ends, store_ends, physical, request, results);
  ways_ = Ways::light;
  moved_ = true;
  load_store_rests_ = !request && store_unit_.idle() && load_unit_.idle() && dcache_.quiet();
  keep_rest_bits();
  return true;
}

// The same when one also waits for another: what comes from the execute stage queues in the bypass, a load waits for a store to
// the same offset, a store for room; and a load may miss the D$.
bool Core::load_store_usually(const AdapterReturn& in, bool commits, const LsuControl& incoming,
                              WriteBack& results) {
  const LoadUnit::State loading = load_unit_.state();
  const StoreUnit::State storing = store_unit_.state();
  const bool load_ends = loading == LoadUnit::State::send_tag;
  const bool store_ends = storing == StoreUnit::State::valid_store;
  const bool waits_for_room = storing == StoreUnit::State::wait_store_ready;
  if (ways_ != Ways::unknown
          ? mmu_.fetch_misses() || !WtDcache::returns_usually(in)
          : !mmu_.only_data() || !load_unit_.goes_usual_ways() ||
                storing == StoreUnit::State::wait_translation || !dcache_.goes_usual_ways(in, load_ends))
    return false;
  const TranslationState& translation = csr_.translation();
  const std::uint64_t physical = mmu_.data_physical();
  if (load_ends || storing != StoreUnit::State::idle) {
    if (mmu_.data_exception(translation) || (store_ends && store_unit_.holds_atomic())) return false;
  }
  const bool load_misses = load_ends && !dcache_.load_hits(physical);
  if (load_misses && !dcache_.load_reads()) return false;
  const LsuControl& request = bypass_.front(incoming);
  if (request.misaligned || request.is_amo()) return false;
  const bool offset_matches = request.is_load && store_unit_.offset_matches(request.address, physical);
  const bool waits_for_store = loading == LoadUnit::State::wait_page_offset;
  const bool translates = request.valid && !waits_for_store;
  const bool translates_again = (waits_for_room || loading == LoadUnit::State::wait_gnt) && mmu_.holds();
  if (translates && !translates_again && !mmu_.data_hit(request, true, translation)) return false;

  const bool to_load = request.valid && request.is_load, to_store = request.valid && !request.is_load;
  const bool load_begins = to_load && !waits_for_store && !offset_matches && !load_misses;
  const bool has_room = to_store && store_unit_.takes(commits);
  const bool store_begins = has_room && !waits_for_room;
  StoreUnit::State store_next = StoreUnit::State::idle;
  if (store_begins) store_next = StoreUnit::State::valid_store;
  if (to_store && !has_room) store_next = StoreUnit::State::wait_store_ready;

  if (!translates)
    mmu_.clock_without_data();
  else if (translates_again)
    mmu_.clock_held();
  else
    mmu_.clock_data(request, to_store, translation);
  end_usually(load_ends && !load_misses, store_ends, physical, results);
  if (load_misses) load_unit_.miss();
  if (load_begins)
    begin_load(request);
  else if (to_load)
    load_unit_.hold(offset_matches);
  const bool writes =
      clock_usual_writes(in, load_ends || load_begins, commits, physical, store_next, request);
  if (load_misses) dcache_.miss_load(physical);
  if (!bypass_.ready() || !(load_begins || store_begins))
    bypass_.clock(incoming, load_begins, store_begins, false);
  ways_ = load_misses ? Ways::unknown
          : bypass_.ready() && load_unit_.state() != LoadUnit::State::wait_page_offset &&
                  load_unit_.state() != LoadUnit::State::wait_gnt &&
                  store_next != StoreUnit::State::wait_store_ready
              ? Ways::light
              : Ways::usual;
  const bool moves = incoming.valid || commits || writes || load_ends || load_begins ||
                     storing != store_next || load_unit_.state() != loading;
  moved_ |= moves;
  load_store_rests_ = !moves && mmu_.waiting(cycle_ + 1);
  keep_rest_bits();
  return true;
}

// Both units and the D$ in the usual cycle. `request`: what begins, which may; null: nothing.
void Core::clock_usually(const AdapterReturn& in, bool commits, bool load_ends, bool store_ends,
                         std::uint64_t physical, const LsuControl* request, WriteBack& results) {
  const bool load_begins = request && request->is_load;
  end_usually(load_ends, store_ends, physical, results);
  if (load_begins) begin_load(*request);
  const bool store_begins = request && !load_begins;
  clock_usual_writes(in, load_ends || load_begins, commits, physical,
                     store_begins ? StoreUnit::State::valid_store : StoreUnit::State::idle,
                     store_begins ? *request : no_request);
}

// What the units have translated in the cycle before.
void Core::end_usually(bool load_ends, bool store_ends, std::uint64_t physical, WriteBack& results) {
  if (load_ends) dcache_.end_load(physical);
  load_result_ = load_ends ? load_unit_.end() : LoadUnit::Outputs{};
  if (store_ends) results.add(store_unit_.trans_id(), false);
}

void Core::begin_load(const LsuControl& request) {
  const unsigned slot = load_unit_.next_slot();
  dcache_.begin_load(request.address, request.size_log2, slot);
  load_unit_.begin(request, slot);
}

// Store unit, store buffer and the D$'s write side in the usual cycle; `next`: what the store unit comes to, with `request`.
// Does buffer or write side move?
bool Core::clock_usual_writes(const AdapterReturn& in, bool load_reads, bool commits, std::uint64_t physical,
                              StoreUnit::State next, const LsuControl& request) {
  const bool ends = store_unit_.state() == StoreUnit::State::valid_store;
  bool granted = false, moves = false;
  if (!store_unit_.buffer().no_store_pending() || in.dcache != DcacheReturnType::none ||
      !dcache_.writes_rest()) {
    StoreRequest store = store_unit_.buffer().request();
    granted = store.valid = dcache_.accepts(store);
    moves = granted || in.dcache != DcacheReturnType::none || !dcache_.writes_rest();
    dcache_.clock_usually(in, adapter_, *interconnect_, store, load_reads);
  } else {
    dcache_.read_alone(load_reads);
  }
  if (next != StoreUnit::State::idle || ends || commits || granted || store_unit_.state() != next)
    store_unit_.clock_usually(next, request, physical, commits, granted);
  return moves || commits;
}

// A load waits for the D$'s grant, or for its line, and another may come up behind it. False: it is another cycle, and nothing
// has been done.
bool Core::load_waits(const AdapterReturn& in, const LsuControl* incoming) {
  const bool asks = load_unit_.state() == LoadUnit::State::wait_gnt;
  if (!dcache_.walker_rests() ||
      !(asks ? mmu_.holds() : load_unit_.state() == LoadUnit::State::idle && bypass_.ready()))
    return false;
  const bool comes = incoming && !asks;
  if (comes && (!load_unit_.accepts(*incoming) || incoming->misaligned ||
                store_unit_.offset_matches(incoming->address, mmu_.data_physical()) ||
                !mmu_.data_hit(*incoming, true, csr_.translation())))
    return false;
  const LsuControl& request = comes ? *incoming : bypass_.waiting();
  if (comes)
    mmu_.clock_data(request, false, csr_.translation());
  else if (asks)
    mmu_.clock_held();
  else
    mmu_.clock_without_data();
  bool begins = (asks || comes) && dcache_.grants_load(in);
  load_store_rests_ = false;
  if (begins) {
    begin_load(request);
    dcache_.read_alone(true);
    ways_ = Ways::usual;
  } else if (dcache_.sends_load(in, adapter_)) {
    dcache_.send_line(WtDcache::loads, adapter_, *interconnect_);
    if (comes) load_unit_.hold(false);
    load_store_rests_ = !incoming && mmu_.waiting(cycle_ + 1);
  } else if (dcache_.returns_line(WtDcache::loads, in)) {
    load_result_ = load_unit_.answer(dcache_.return_line(WtDcache::loads));
    if (comes) load_unit_.hold(false);
  } else {
    ReadRequest read;
    read.data_req = asks || comes;
    read.id = static_cast<std::uint8_t>(load_unit_.next_slot());
    read.size_log2 = request.size_log2;
    read.index = request.address;
    const ReadResponse response = dcache_.clock_loads(in, adapter_, *interconnect_, read);
    begins = response.granted;
    if (begins)
      load_unit_.begin(request, read.id);
    else if (comes)
      load_unit_.hold(false);
    if (response.valid) load_result_ = load_unit_.answer(response.id);
    load_store_rests_ =
        !incoming && !response.valid && mmu_.waiting(cycle_ + 1) && dcache_.load_sleeps_on(read);
  }
  if (incoming)
    bypass_.clock(*incoming, begins, false, false);
  else if (begins)
    bypass_.pop();
  moved_ = true;
  keep_rest_bits();
  return true;
}

// A load waits for its translation, and nothing else is under way but the walk. False: it is another cycle, and nothing has
// been done.
bool Core::load_walks(const AdapterReturn& in) {
  const TranslationState& translation = csr_.translation();
  if (load_unit_.state() != LoadUnit::State::wait_translation || !dcache_.loads_rest() ||
      mmu_.data_exception(translation) || mmu_.shared().flushing(cycle_))
    return false;
  const LsuControl& request = bypass_.waiting();
  const bool still_misses = mmu_.walks_alone();
  const bool dtlb_hit = !still_misses && mmu_.data_hit(request, true, translation);
  const ReadRequest walk = mmu_.walker().request();
  const WtDcache::Reads reads{walk, no_read};
  ReadResponse responses[2];
  const bool returns = in.dcache != DcacheReturnType::none;
  const bool cache_sleeps = dcache_.sleeps_on(in, reads, {}, {});
  if (dcache_.returns_line(WtDcache::walker, in))
    responses[WtDcache::walker] = {false, true, dcache_.return_line(WtDcache::walker)};
  else if (!cache_sleeps && !returns && dcache_.others_rest(WtDcache::walker))
    responses[WtDcache::walker] = dcache_.clock_port(WtDcache::walker, walk);
  else if (!cache_sleeps)
    dcache_.clock(in, adapter_, *interconnect_, reads, {}, {}, responses);
  if (dtlb_hit) load_unit_.translated();
  if (still_misses)
    mmu_.clock_walk_alone(responses[WtDcache::walker], translation, *view_);
  else
    mmu_.clock(request, true, false, translation, responses[WtDcache::walker], false, false, tlb_flush_,
               *view_, cycle_);
  load_store_moved(!cache_sleeps || dtlb_hit);
  return true;
}

// The cycles of a walk, up to `limit`, that read an entry from the D$, or miss it there, while nothing else moves. How many; 0:
// it is not so.
std::uint64_t Core::walk_ahead(std::uint64_t limit) {
  if (!mmu_.walks_alone() || !mmu_.walker().asks()) return 0;
  const std::uint64_t end = cycle_ + 3;
  if (end > limit || end > interconnect_->clint.next_rise(hart_, cycle_) || !adapter_.rests(end - 1) ||
      load_unit_.state() != LoadUnit::State::wait_translation || !dcache_.loads_rest() ||
      !dcache_.walker_rests() || !dcache_.others_rest(WtDcache::walker) || !store_unit_.idle() ||
      load_result_.valid || mmu_.shared().flushing(cycle_))
    return 0;
  const std::uint64_t entry = mmu_.walker().pointer();
  const bool there = dcache_.read_for_walker(entry);
  adapter_.rest();
  if (there) return mmu_.read_alone(csr_.translation(), *view_);
  if (!dcache_.miss_for_walker(entry, adapter_, *interconnect_)) return 0;
  mmu_.miss_alone();
  return 3;
}

// load_store_busy() without a store in the store unit or at commit, and without a walk.
void Core::load_alone(const AdapterReturn& in, const LsuControl& incoming) {
  const TranslationState& translation = csr_.translation();
  const LsuControl& request = bypass_.front(incoming);
  const LoadUnit::State before = load_unit_.state();
  const bool exception = mmu_.data_exception(translation);
  const std::uint64_t physical = mmu_.data_physical();
  const bool offset_matches = request.valid && store_unit_.offset_matches(request.address, physical);
  const LoadUnit::Drive drive = load_unit_.drive(request, offset_matches, exception, physical);
  const bool translates = request.valid && drive.translate;
  const bool dtlb_hit = mmu_.data_hit(request, translates, translation);
  ReadResponse response;
  const bool returns = in.dcache != DcacheReturnType::none;
  const bool cache_sleeps = !returns && dcache_.load_sleeps_on(drive.read);
  if (!cache_sleeps) response = dcache_.clock_loads(in, adapter_, *interconnect_, drive.read);
  load_result_ = load_unit_.clock(request, drive, response, dtlb_hit, offset_matches, exception, false);
  const bool moves = incoming.valid || !cache_sleeps || load_result_.valid || load_result_.pop ||
                     load_unit_.state() != before;
  mmu_.clock(request, translates, false, translation, ReadResponse{}, false, false, tlb_flush_, *view_,
             cycle_);
  bypass_.clock(incoming, load_result_.pop, false, false);
  load_store_moved(moves);
}

}  // namespace hartbeat::timing::cva6

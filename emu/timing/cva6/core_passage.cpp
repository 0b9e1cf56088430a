// Core's way from one question to the next: passages, which stand for all the cycles between (passage_memo.hpp).
#include <algorithm>
#include <utility>

#include "emu/timing/cva6/core.hpp"

namespace hartbeat::timing::cva6 {

template <class Archive>
void Core::visit_load_store(Archive& a) {
  mmu_.visit(a, csr_.translation());
  bypass_.visit(a);
  load_unit_.visit(a);
  dcache_.visit(a, load_unit_.sends_tag(), load_unit_.waits_for_line(), accesses_.load(load_unit_.serial()));
  store_unit_.visit(a);
  adapter_.visit(a, dcache_.awaited(),
                 [this](std::uint8_t tid, std::uint8_t bytes) { return dcache_.tx_address(tid, bytes); });
  a.need(!load_result_.exception);
  a.bits(load_result_.valid);
  if (load_result_.valid) a.slot(load_result_.trans_id);
}

LoadStoreFrame Core::load_store_frame() {
  return {accesses_, newest_, scoreboard_.commit_pointer(), scoreboard_.size() - 1, cycle_};
}

// What no passage begins or ends with: the pipeline is about to be flushed, or does what is not for this table.
bool Core::may_pass(bool fresh) const {
  const PipelineNode& node = *node_;
  if ((!fresh && have_record() && !record_plain_) || node.waits_or_ends || node.state.speculative)
    return false;
  return dcache_.may_tell() && adapter_.may_tell() && mmu_.may_tell(csr_.translation()) &&
         load_unit_.may_tell() && keeps_csrs();
}

// The load/store side of this moment. False: it cannot be told. `fresh`: the record is an answer, not part of the state.
bool Core::tell_load_store(bool fresh, LoadStoreState& out) {
  const PipelineNode& node = *node_;
  newest_ = serial_;
  // Those that the load/store side has not seen yet.
  const Decoded* coming[2] = {};
  if (node.requests_memory) {
    const ScoreboardEntry& e = scoreboard_[execute_.id];
    if (e.outcome.trapped) return false;
    coming[0] = e.decoded;
    give(access_of(*e.decoded, e.outcome.data_address, e.outcome.store_value));
  }
  if (have_record() && !fresh && node.state.issue->accesses_memory) {
    coming[1] = node.state.issue;
    give(access_of(*node.state.issue, record_.data_address.value, record_.store_value));
  }
  LoadStorePacker packer(load_store_frame(), out);
  Serials serials = serial_;
  for (const Decoded* const d : coming) {
    if (!d) continue;
    const bool is_load = d->fu == Fu::load;
    packer.need(d->plain_access);
    packer.comes(is_load, ++serials.of(is_load));
    if (!is_load) packer.store(serials.store());
  }
  visit_load_store(packer);
  if (!packer.told() || !tell_relations(packer, out) || !writes_memory(out.stores)) return false;
  for (unsigned shift = 12; shift < 56; shift += 8) packer.bits(mmu_.fetch_physical() >> shift);
  packer.end();
  return use_pages(coming);
}

// Of the access that comes next.
Access Core::access_of(const Decoded& d, std::uint64_t address, std::uint64_t data) const {
  return {address, 0, data, newest_.store(), d.size_log2, d.fu == Fu::load};
}

// The load/store side is to get it.
void Core::give(const Access& access) { accesses_.put(++newest_.of(access.is_load), access); }

// The DTLB's replacement hears of an access when a passage is given it, not when it comes to be translated: no walk can come to
// its end in between, so only their order matters. Here are those that it has not heard of yet. False: it denies one of them.
bool Core::use_pages(const Decoded* const (&coming)[2]) {
  bool allowed = true;
  const auto use = [&](bool is_load, Serial serial) {
    std::uint64_t physical = 0;
    allowed &= mmu_.translate(accesses_.of(is_load, serial), csr_.translation(), physical);
  };
  for (unsigned i = 0; i < bypass_.size(); ++i) use(bypass_.at(i).is_load, bypass_.at(i).serial);
  Serials serials = serial_;
  for (const Decoded* const d : coming)
    if (d) use(d->fu == Fu::load, ++serials.of(d->fu == Fu::load));
  return allowed;
}

// No store in flight is a device's.
bool Core::writes_memory(std::uint32_t stores) const {
  for (; stores; stores &= stores - 1)
    if (!interconnect_->cached(store_of_age(std::countr_zero(stores)).physical)) return false;
  return true;
}

// What matters of the addresses of those that move.
bool Core::tell_relations(LoadStorePacker& packer, const LoadStoreState& state) {
  lines_.clear();
  std::uint32_t loads = packer.moving_loads() | packer.missed_loads(), stores = packer.moving_stores();
  while (loads | stores) {  // the oldest first
    const unsigned load = std::bit_width(loads) - 1u, store = std::bit_width(stores) - 1u;  // their ages
    const bool is_load =
        stores == 0 || (loads != 0 && newest_.store() - accesses_.load(newest_.load() - load).before > store);
    const unsigned age = is_load ? load : store;
    (is_load ? loads : stores) ^= 1u << age;
    Access& access = accesses_.of(is_load, newest_.of(is_load) - age);
    const bool placed = !is_load && ((packer.placed_stores() >> age) & 1);
    if (!placed && !mmu_.probe(access.address, csr_.translation(), access.physical)) return false;
    AccessAnswer answer;
    if (!relate(access, state.stores, answer)) return false;
    if (answer.misses) lines_.push(access.physical);
    if (is_load && ((packer.missed_loads() >> age) & 1)) {
      if (!answer.misses) return false;
      continue;
    }
    packer.bits(answer.same);
    packer.bits(answer.low);
    packer.bits(answer.there);
  }
  lines_.ask(dcache_.awaits_line());
  return true;
}

// False: no passage has it. `stores`: the ages of those in flight.
bool Core::relate(const Access& access, std::uint32_t stores, AccessAnswer& out) const {
  if ((access.address & ((1u << access.size_log2) - 1)) != 0 || !interconnect_->cached(access.physical))
    return false;
  const Serial between = newest_.store() - access.before;
  const std::uint32_t older = between < Accesses::most ? stores & (~0u << between) : 0;
  out.same = youngest_alike(access, older);
  out.low = static_cast<std::uint8_t>(access.address & low_mask_[access.is_load]);
  out.there = dcache_.holds(access.physical);
  if (!lines_.empty() && !relate_to_lines(access, out)) return false;
  out.misses = access.is_load && !out.there;
  return !out.misses || (!lines_.full() && !shares_set(access.physical, older));
}

// The age of the last of these stores that holds the access up, or takes it up: a load waits for one with its offset in the store
// buffer, which they leave in their order, and a store goes to its doubleword's entry of the write buffer, which goes by the
// name of the last one in it.
std::uint8_t Core::youngest_alike(const Access& access, std::uint32_t stores) const {
  const unsigned age =
      accesses_.youngest(access.address, newest_.store(), stores, [&access](const Access& store) {
        return access.is_load || ((store.physical ^ access.physical) >> 3) == 0;
      });
  return age < Accesses::most ? static_cast<std::uint8_t>(age) : AccessAnswer::none;
}

// The lines that come before it is looked up: they must leave its own alone. Its own may be one of them, if it is a load; when a
// store is looked up is another question.
bool Core::relate_to_lines(const Access& access, AccessAnswer& out) const {
  return !lines_.any_of([&](std::uint64_t line) {
    if (!dcache_.same_set(line, access.physical)) return false;
    const bool own = access.is_load && dcache_.same_line(line, access.physical);
    out.there |= own;
    return !own;
  });
}

// Would the line of this address matter to one of these stores?
bool Core::shares_set(std::uint64_t physical, std::uint32_t stores) const {
  for (; stores; stores &= stores - 1)
    if (dcache_.same_set(store_of_age(std::countr_zero(stores)).physical, physical)) return true;
  return false;
}

// Of a record that given() hands over: is it one that a passage may begin with?
bool Core::is_answer(const Retirement& record) const {
  const Decoded& d = *node_->state.issue;
  if (record.trapped || record.interrupt || record.pc.value != node_->state.issue_pc || d.flushes || d.raises)
    return false;
  return d.plain || d.plain_access || (node_->has_csr && csr_.is_like(CsrAfter(record)));
}

// No instruction in flight will change a CSR that the model looks at.
bool Core::keeps_csrs() const {
  for (unsigned i = 0; i < node_->state.count; ++i) {
    const ScoreboardEntry& e = scoreboard_[scoreboard_.behind_commit(i)];
    if (e.has_csr && !csr_.is_like(e.csr)) return false;
  }
  return true;
}

// An instruction is at hand that no passage begins with.
void Core::end_passages() {
  LoadStoreState state;
  if (PassageNode* const from = std::exchange(passing_.from, nullptr);
      from && may_pass(true) && tell_load_store(true, state)) {
    if (PassageNode* const here = passage_node(true, state)) end_passage(*from, *here, true);
  }
  leave_passages();
}

PassageNode* Core::passage_node(bool fresh, const LoadStoreState& state) {
  PassageNode like;
  like.pipeline = node_;
  like.pending = have_record() && !fresh;
  like.mispredicted = like.pending && (given_ & Given::mispredicted) != 0;
  like.turns = !mmu_.fetches_from(node_->state.fetch_address);
  return passages_->node(like, state);
}

bool Core::come_to_node(bool fresh) {
  PassageNode* const from = std::exchange(passing_.from, nullptr);
  LoadStoreState state;
  if (!may_pass(fresh) || !tell_load_store(fresh, state)) return false;
  PassageNode* const here = passage_node(fresh, state);
  if (from && here) end_passage(*from, *here, fresh);
  length_ = 0;
  pauses_.come(cycle_, here != nullptr);
  at_ = here;
  return here != nullptr;
}

void Core::begin_passage(PassageNode& from, const PassageKey& key) {
  passing_.from = &from;
  passing_.passage = {};
  passing_.extras = {};
  passing_.key = key;
  passing_.passage.context = passage_context_;
  passing_.passage.page = mmu_.fetch_page();
  passing_.cycle = cycle_;
  passing_.committed = committed_;
  passing_.oldest_slot = scoreboard_.commit_pointer();
  passing_.has_record = have_record();
  passing_.awaits_line = dcache_.awaits_line();
  passing_.refills = adapter_.dcache_refills();
  passing_.newest = newest_;
  if (key.given & PassageKey::access) ++passing_.newest.of(given_access_.is_load);
  passing_.stalls = stalls_;
}

void Core::note_training(const PipelineNode& node, const PipelineEdge& edge) {
  PassageExtras& extras = passing_.extras;
  if (extras.trainings_count == PassageExtras::most) {
    passing_.from = nullptr;
    return;
  }
  const unsigned slot = (execute_.id - passing_.oldest_slot) & (scoreboard_.size() - 1);
  extras.trainings[extras.trainings_count++] = {&node, edge.ras_step(), slot};
}

// The ITLB is asked for another page.
void Core::note_turn(std::uint64_t address, std::uint64_t physical) {
  PassageExtras& extras = passing_.extras;
  if (extras.turns_count == PassageExtras::most) {
    passing_.from = nullptr;
    return;
  }
  extras.turns[extras.turns_count] = address;
  extras.turns_physical[extras.turns_count++] = physical;
}

// The cycles since begin_passage() have led to this node, and nothing has come in between.
void Core::end_passage(PassageNode& from, PassageNode& to, bool fresh) {
  Passage& passage = passing_.passage;
  PassageExtras& extras = passing_.extras;
  const std::uint64_t start = passing_.cycle, cycles = cycle_ - start;
  if (cycles == 0 || cycles >= Passage::none || passage.context != passage_context_ ||
      passing_.newest != newest_)
    return;
  for (unsigned i = 0; i < stalls_.cycles.size(); ++i) {
    const std::uint64_t more = stalls_.cycles[i] - passing_.stalls.cycles[i];
    const auto cause = static_cast<Stall>(i);
    if (more == 0 || cause == Stall::issued) continue;
    if (passage.waited == 0) {
      passage.cause = cause;
      passage.waited = static_cast<std::uint8_t>(more);
    } else if (extras.causes_count < PassageExtras::most_causes) {
      extras.causes[extras.causes_count] = cause;
      extras.cause_cycles[extras.causes_count++] = static_cast<std::uint16_t>(more);
    } else {
      return;
    }
  }
  passage.next = &to;
  passage.cycles = static_cast<std::uint8_t>(cycles);
  passage.retires = static_cast<std::uint8_t>(committed_ - passing_.committed);
  if (adapter_.last_write() >= start && adapter_.last_write() != 0)
    passage.write_after = static_cast<std::uint8_t>(adapter_.last_write() - start);
  if (passing_.has_record && !(have_record() && !fresh)) {
    const unsigned slot = (passing_.oldest_slot + from.count) & (scoreboard_.size() - 1);
    passage.issue_after = static_cast<std::uint8_t>(scoreboard_[slot].issue_cycle - start);
  }
  passage.sends = static_cast<std::uint8_t>(adapter_.dcache_refills() - passing_.refills);
  passage.fills = static_cast<std::uint8_t>((passing_.awaits_line ? 1 : 0) + passage.sends -
                                            (dcache_.awaits_line() ? 1 : 0));
  passages_->link(from, passing_.key, passage, extras);
}

void Core::restore_load_store() {
  LoadStoreRestorer restorer(load_store_frame(), at_->load_store);
  visit_load_store(restorer);
  serial_ = newest_;
  if (node_->requests_memory) --serial_.of(scoreboard_[execute_.id].decoded->fu == Fu::load);
  if (at_->pending && at_->issue->accesses_memory) --serial_.of(at_->issue->fu == Fu::load);
  load_result_.pop = load_result_.exception = false;
  last_edge_ = nullptr;
  ways_ = Ways::unknown;
  load_store_rests_ = false;
  moved_ = true;
  keep_rest_bits();
}

}  // namespace hartbeat::timing::cva6

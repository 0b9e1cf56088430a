#include "emu/timing/cva6/passage_memo.hpp"

#include <algorithm>
#include <cstring>

namespace hartbeat::timing::cva6 {

std::uint64_t PassageMemo::hash_of(const PassageNode& node, const LoadStoreState& load_store) {
  std::uint64_t sum = reinterpret_cast<std::uint64_t>(node.pipeline) ^ (node.pending ? 1u : 0u) ^
                      (node.mispredicted ? 2u : 0u) ^ (node.turns ? 4u : 0u);
  for (unsigned at = 0; at < load_store.size; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, &load_store.bytes[at], sizeof word);
    sum = (sum ^ word) * 0x9E37'79B9'7F4A'7C15;
    sum ^= sum >> 29;
  }
  return sum * 0x9E37'79B9'7F4A'7C15;
}

PassageNode* PassageMemo::node(const PassageNode& like, const LoadStoreState& load_store) {
  const std::uint64_t hash = hash_of(like, load_store);
  std::size_t slot = hash % table_size;
  for (; table_[slot]; slot = (slot + 1) % table_size) {
    PassageNode& there = *table_[slot];
    if (there.pipeline == like.pipeline && there.pending == like.pending &&
        there.mispredicted == like.mispredicted && there.turns == like.turns &&
        there.stores == load_store.stores && there.size == load_store.size &&
        std::memcmp(there.load_store, load_store.bytes.data(), load_store.size) == 0)
      return &there;
  }
  const std::uint64_t bit = hash >> (64 - seen_log2);
  std::uint64_t& seen = seen_[bit / 64];
  if (!((seen >> (bit % 64)) & 1)) {
    seen |= std::uint64_t{1} << (bit % 64);
    return nullptr;
  }
  if (count_ >= most) {
    ++refused_;
    return nullptr;
  }
  ++count_;
  PassageNode& out = nodes_.emplace_back(like);
  const PipelineState& state = out.pipeline->state;
  out.issue = state.issue;
  out.issue_pc = state.issue_pc;
  out.count = state.count;
  out.issue_flow = state.issue_flow;
  if (state.executes) out.execute_slot = state.execute_slot;
  out.needs_record = out.pipeline->needs_record && !out.pending;
  out.asks = out.pipeline->asks;
  out.stores = load_store.stores;
  out.size = static_cast<std::uint16_t>(load_store.size);
  out.load_store = keep(load_store);
  return table_[slot] = &out;
}

const std::uint8_t* PassageMemo::keep(const LoadStoreState& load_store) {
  if (bytes_left_ < load_store.size) {
    bytes_.emplace_back();
    bytes_left_ = bytes_.back().size();
  }
  std::uint8_t* const out = bytes_.back().data() + (bytes_.back().size() - bytes_left_);
  std::memcpy(out, load_store.bytes.data(), load_store.size);
  bytes_left_ -= load_store.size;
  return out;
}

void PassageMemo::link(PassageNode& from, const PassageKey& key, const Passage& passage,
                       const PassageExtras& extras) {
  Passage* place = from.find(key);
  if (!place && !from.first.next) place = &from.first;
  if (!place) {
    ++count_;
    place = &passages_.emplace_back();
    place->more = from.first.more;
    from.first.more = place;
  }
  Passage* const more = place->more;
  PassageExtras* place_of_extras = place->extras;
  if (extras.any()) {
    if (!place_of_extras) {
      ++count_;
      place_of_extras = &extras_.emplace_back();
    }
    *place_of_extras = extras;
  }
  *place = passage;
  place->given = key.given;
  place->asked = key.asked;
  place->more = more;
  place->extras = place_of_extras;
  place->has_extras = extras.any();
  place->is_rare = place->has_extras || passage.sends + passage.fills != 0;
}

void PassageMemo::clear() {
  nodes_.clear();
  bytes_.clear();
  bytes_left_ = 0;
  passages_.clear();
  extras_.clear();
  count_ = refused_ = 0;
  std::fill(table_.begin(), table_.end(), nullptr);
  std::fill(seen_.begin(), seen_.end(), 0);
}

}  // namespace hartbeat::timing::cva6

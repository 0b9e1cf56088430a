// What happens from one question to the next, remembered: between two instructions that are issued, or predictions that are
// asked for, nothing can come in between while memory gives nothing but loads' lines and takes nothing but writes. So from a state
// of pipeline and load/store side together (a node) and the answers to its questions (a passage's key) the next state is known, and
// so is all that happens outside. Recorded and taken by Core (core_passage.cpp, core_passing.cpp); docs/timing.md says when.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "emu/timing/cva6/load_store_state.hpp"
#include "emu/timing/cva6/pipeline_memo.hpp"

namespace hartbeat::timing::cva6 {

struct PassageKey {
  static constexpr std::uint64_t access = 1, mispredicted = 1u << 16, record = 1u << 17;
  std::uint64_t given = 0;  // the record: of a load or store as Core::answer_access() has it, and these
  PipelineInputs
      asked;  // what predictors say, the divider's iterations, where a mispredicted branch went: of a node that asks
};

// What matters of an access's address: the age of the last store that it waits for or joins, the low bits, whether the D$ has it.
struct AccessAnswer {
  static constexpr std::uint8_t none = 0xFF;
  std::uint8_t same = none, low = 0;
  bool there = false;
  bool misses = false;  // a load's line will come: not there
  // Its part of PassageKey::given.
  std::uint64_t key() const {
    return std::uint64_t{same} << 24 | std::uint64_t{low} << 8 | (there ? 2u : 0u) | PassageKey::access;
  }
};

struct PassageNode;

// The branch unit has taught the predictors, and the RAS has moved, as in this cycle of the pipeline.
struct PassageTraining {
  const PipelineNode* node = nullptr;
  RasStep ras;        // of the edge, which may be another's by the time that it is taken
  unsigned slot = 0;  // counted from the oldest instruction at the beginning
};

// What few passages have.
struct PassageExtras {
  static constexpr unsigned most = 2, most_causes = 3;
  unsigned trainings_count = 0, turns_count = 0, causes_count = 0;  // `causes`: besides the first
  std::array<PassageTraining, most> trainings{};
  // Addresses that are fetched from another page than the one before, and where they are.
  std::array<std::uint64_t, most> turns{}, turns_physical{};
  std::array<Stall, most_causes> causes{};
  std::array<std::uint16_t, most_causes> cause_cycles{};
  bool any() const { return trainings_count + turns_count + causes_count != 0; }
};

// Times count from the beginning.
struct Passage {
  static constexpr std::uint8_t none = 0xFF;
  std::uint64_t given = 0;  // PassageKey
  PassageNode* next = nullptr;
  std::uint64_t context = 0;  // Core::passage_context_, where it has been recorded
  std::uint8_t cycles = 0;
  std::uint8_t issue_after = none, write_after = none;  // of the only issue, the last write
  std::uint8_t retires = 0;
  std::uint8_t waited = 0;  // cycles of `cause`; that of the issue is Stall::issued
  Stall cause = Stall::issued;
  bool has_extras : 1 = false;
  bool is_rare : 1 = false;  // has extras, or moves lines
  // here ends what all of them are asked
  PassageExtras* extras = nullptr;
  PipelineInputs asked;
  std::uint64_t page = 0;  // that was fetched last there, of a node that turns
  Passage* more = nullptr;
  std::uint8_t sends = 0, fills = 0;  // lines of loads that are asked for, and that come
};

// What is looked at on the way stands first, in a line of the host's cache.
struct alignas(64) PassageNode {
  static constexpr std::uint8_t nothing = 0xFF;
  PipelineNode* pipeline = nullptr;
  // Of its state, and what it says.
  const Decoded* issue = nullptr;
  std::uint64_t issue_pc = 0;
  std::uint8_t count = 0, issue_flow = 0;
  std::uint8_t execute_slot = nothing;
  bool needs_record : 1 = false, asks : 1 = false;
  bool turns : 1 = false;    // what is fetched now is not of the page that was fetched last
  std::uint32_t stores = 0;  // LoadStoreState::stores
  Passage first;
  bool pending = false;       // a record has been given that is not issued yet …
  bool mispredicted = false;  // … of a branch or jump that is
  std::uint16_t size = 0;     // of load_store, a LoadStoreState's bytes
  const std::uint8_t* load_store = nullptr;

  Passage* find(const PassageKey& key) {
    if (!first.next) return nullptr;
    for (Passage* passage = &first; passage; passage = passage->more)
      if (passage->given == key.given && (!asks || passage->asked == key.asked)) return passage;
    return nullptr;
  }
};
static_assert(offsetof(PassageNode, first.extras) == 64);

// A passage that is being recorded: from where, and what was then.
struct PassageRecording {
  PassageNode* from = nullptr;  // null: none
  PassageKey key;
  Passage passage;
  PassageExtras extras;
  std::uint64_t cycle = 0, committed = 0;
  unsigned oldest_slot = 0;
  bool has_record = false, awaits_line = false;
  std::uint64_t refills = 0;
  Serials newest;
  StallCounters stalls;
};

class PassageMemo {
 public:
  PassageMemo() : table_(table_size) {}
  // The node that is like this one; null when its like comes for the first time, or there is no room.
  PassageNode* node(const PassageNode& like, const LoadStoreState& load_store);
  // In the place of one with this key, if any.
  void link(PassageNode& from, const PassageKey& key, const Passage& passage, const PassageExtras& extras);
  // It has been full for long: what it holds is not what comes now, and it is to be left and clear()ed.
  bool stale() const { return refused_ > patience; }
  void clear();
  std::size_t size() const { return count_; }  // nodes and passages

 private:
  static std::uint64_t hash_of(const PassageNode& node, const LoadStoreState& load_store);
  const std::uint8_t* keep(const LoadStoreState& load_store);
  // Small enough for the host's second cache: a node that has to come from afar takes longer than the cycles.
  static constexpr std::size_t most = 1u << 14, table_size = 1u << 15, patience = 16 * most;
  static constexpr unsigned seen_log2 = 17;
  std::vector<std::uint64_t> seen_ = std::vector<std::uint64_t>((std::size_t{1} << seen_log2) / 64);
  std::deque<PassageNode> nodes_;  // references stay valid
  std::deque<std::array<std::uint8_t, 1u << 16>>
      bytes_;  // of the nodes' load/store sides, one behind the other
  std::size_t bytes_left_ = 0;
  std::deque<Passage> passages_;
  std::deque<PassageExtras> extras_;
  std::size_t count_ = 0, refused_ = 0;  // refused_: what it had no room for
  std::vector<PassageNode*> table_;
};

}  // namespace hartbeat::timing::cva6

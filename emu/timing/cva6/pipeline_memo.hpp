// What a cycle does to the pipeline, remembered: from a state (a node) and the inputs of the cycle (an edge's key) to
// the next state and what happens outside. Recorded from Core's plain step, replayed by Core::replay (core_replay.cpp);
// docs/timing.md says what is an input and why that is exact. One memo serves all harts.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "emu/timing/cva6/pipeline_state.hpp"
#include "emu/timing/cva6/stall.hpp"

namespace hartbeat::timing::cva6 {

// What the pipeline has been shown in a cycle by that which is not in its state.
struct PipelineInputs {
  // Positions in `bits`; the fetched word has 0 … 31.
  static constexpr unsigned word_hits = 32, bht = 33, predictor_valid = 37, record = 38, mispredicted = 39,
                            trapped = 40, room = 41, lsu_ready = 42, load = 43, store = 48, data_walk = 53,
                            load_waits = 54, lsu_free = 55, division = 56,
                            ended = division;  // of a node that does not divide: by Core::replay_end()
  static constexpr std::uint64_t bit(unsigned position) { return std::uint64_t{1} << position; }
  static constexpr std::uint64_t field(unsigned position, unsigned width) {
    return ((std::uint64_t{1} << width) - 1) << position;
  }
  static constexpr std::uint64_t known = std::uint64_t{31}
                                         << record;  // as the cycle begins: record … lsu_ready
  static constexpr std::uint64_t side = std::uint64_t{7}
                                        << data_walk;  // those of the load/store side behind its clock

  std::uint64_t bits = 0;
  // BTB's target or the top of the RAS; when `ended`: Core::end_key()
  std::uint64_t predictor = 0;
  std::uint64_t target = 0;  // of the mispredicted branch, or of what flushes the pipeline
  bool operator==(const PipelineInputs&) const = default;
};

struct PipelineNode;

// What a cycle does to the return address stack.
struct RasStep {
  std::uint64_t return_address = 0;
  bool pushes = false, pops = false;
};

struct PipelineEdge {
  PipelineInputs inputs;
  PipelineNode* next = nullptr;  // null: unused
  PipelineEdge* more = nullptr;
  std::uint64_t return_address = 0;
  std::uint8_t retires = 0;
  bool issues = false, moves = false, pushes = false, pops = false;
  bool predicts = false;  // moves the RAS, or trains the BHT or BTB
  bool applies = false;   // the oldest instruction, which retires or traps, leaves CSRs behind
  bool waits = false;     // leads back to its node, and does nothing
  Stall cause = Stall::issued;
  bool does_nothing() const { return !retires && !issues && !moves && !pushes && !pops && !applies; }
  RasStep ras_step() const { return {return_address, pushes, pops}; }
};

// What predictors a cycle looks at.
struct Consulted {
  static constexpr std::uint8_t bht0 = 1, bht1 = 2, btb0 = 4, btb1 = 8, ras = 16,
                                by_address = btb0 | btb1 | ras;
};

// With its first edge and the front of its state a node begins with two lines of the host's cache.
struct alignas(64) PipelineNode {
  std::uint64_t mask = 0;  // the inputs that matter
  bool fetches = false, store_at_head = false, needs_record = false, divides = false, mispredicts = false;
  bool trains_bht = false, taken = false, trains_btb = false;
  bool has_csr = false;              // a CSR instruction stands in the issue stage
  bool issues_around_flush = false;  // one behind which all is flushed, or one that is
  bool requests_memory = false;      // a load or store is in the execute stage
  bool holds_store = false;          // one is in the scoreboard
  // One waits to be committed, or one of both.
  bool fence_at_head = false, atomic_at_head = false, waits_at_head = false;
  bool ends = false;  // the oldest instruction flushes the pipeline in this cycle
  bool waits_or_ends = false;
  bool issue_plain = false;  // Decoded::plain of the instruction in the issue stage, …
  bool checks_next =
      false;  // which can be mispredicted, a branch or jump: goes on elsewhere than at `expected_next`
  bool foresees = false;  // that, of one that is flushed and nothing is told of: it is an input of its own
  std::uint64_t expected_next = 0;
  std::uint8_t consults = 0;
  bool asks = false;     // what a predictor says, the divider's operands, or where a mispredicted branch went
  bool special = false;  // its inputs are more than memory's answers and the record
  bool simple = false;   // the load/store side need not be told of it
  PipelineEdge first;
  PipelineState state;
  // The fetched word with its bit, as it was in this context (Core::fetch_context_): a place for each of four harts.
  struct Fetched {
    static constexpr std::uint64_t no_context = ~std::uint64_t{0};
    std::uint64_t bits = 0, context = no_context;
  };
  std::array<Fetched, 4> fetched;

  const PipelineEdge* find(const PipelineInputs& inputs) const {
    for (const PipelineEdge* edge = &first; edge; edge = edge->more)
      if (edge->inputs.bits == inputs.bits && edge->next && (!special || edge->inputs == inputs)) return edge;
    return nullptr;
  }
};

class PipelineMemo {
 public:
  PipelineMemo() : table_(table_size) {}
  // The node of a state with this hash; a new one when `fresh` comes back true.
  PipelineNode* node(const PipelineState& state, std::uint64_t hash, bool& fresh);
  void link(PipelineNode& from, const PipelineEdge& edge);
  // A state with this hash is worth a node: it has been here before, or all are.
  bool wants(std::uint64_t hash) {
    if (wants_all_) return true;
    const std::uint64_t bit = hash >> (64 - seen_log2);
    const bool seen = (seen_[bit / 64] >> (bit % 64)) & 1;
    seen_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    return seen;
  }
  void want_all(bool on) { wants_all_ = on; }
  // Too much is known: all nodes are to be left and clear()ed.
  bool full() const { return count_ > most_nodes; }
  void clear();
  // Off: every cycle is a plain step, to compare with.
  void use(bool on) { used_ = on; }
  bool used() const { return used_; }
  std::size_t size() const { return count_; }  // nodes and edges

 private:
  static constexpr std::size_t most_nodes = 1u << 16, table_size = 1u << 18;
  static constexpr unsigned seen_log2 = 19;
  std::vector<std::uint64_t> seen_ = std::vector<std::uint64_t>((std::size_t{1} << seen_log2) / 64);
  std::deque<PipelineNode> nodes_;  // references stay valid
  std::deque<PipelineEdge> edges_;
  std::size_t count_ = 0;  // of both
  bool used_ = true, wants_all_ = false;
  std::vector<PipelineNode*> table_;
};

}  // namespace hartbeat::timing::cva6

// One CVA6 core, stepped cycle by cycle: cva6.sv without data paths. Modules are members; this class is the
// wiring between them, in the order in which a cycle's signals settle: memory returns, commit, execute,
// load/store, issue, decode, fetch.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "emu/timing/cva6/awaited_lines.hpp"
#include "emu/timing/cva6/csr_state.hpp"
#include "emu/timing/cva6/cva6_mmu.hpp"
#include "emu/timing/cva6/fpu_wrap.hpp"
#include "emu/timing/cva6/frontend.hpp"
#include "emu/timing/cva6/load_unit.hpp"
#include "emu/timing/cva6/mult.hpp"
#include "emu/timing/cva6/parameters.hpp"
#include "emu/timing/cva6/passage_memo.hpp"
#include "emu/timing/cva6/passage_pauses.hpp"
#include "emu/timing/cva6/pipeline_memo.hpp"
#include "emu/timing/cva6/scoreboard.hpp"
#include "emu/timing/cva6/speculation.hpp"
#include "emu/timing/cva6/stall.hpp"
#include "emu/timing/cva6/store_unit.hpp"
#include "emu/timing/cva6/wt_axi_adapter.hpp"
#include "emu/timing/cva6/wt_dcache.hpp"

namespace hartbeat::timing::cva6 {

class Core {
 public:
  Core(const Cva6Parameters& parameters, unsigned hart, Interconnect& interconnect, const HartView& view,
       DecodeCache& decode, PipelineMemo& memo, PassageMemo& passages);

  std::uint64_t cycle() const { return cycle_; }
  // An instruction of the correct path stands in the issue stage and nothing is known of it yet.
  bool needs_record() const {
    if (at_) return at_->needs_record && !have_record();
    if (node_) return node_->needs_record && !have_record();
    return issue_.valid && !have_record() && !speculative_ && !awaiting_wake_ &&
           !(execute_.valid && scoreboard_[execute_.id].mispredicted);
  }
  // The interrupt that the decoder has attached to that instruction, or -1.
  int interrupt() const { return node_ ? -1 : issue_.interrupt; }
  const Decoded& issue_decoded() const {
    return at_ ? *at_->issue : node_ ? *node_->state.issue : *issue_.entry.decoded;
  }
  // Where the record is to be written that given() then hands over.
  Retirement& record() { return record_; }
  void given();
  // What an instruction has done that is Decoded::plain, or plain_access and has not trapped; `address`: its, of the latter.
  struct Plain {
    std::uint64_t next_pc = 0, operand_a = 0, operand_b = 0, address = 0;
  };
  // Which instruction needs_record(), while in_node().
  struct Question {
    const PipelineNode* node;
    const Decoded* decoded;
    std::uint64_t pc;
    // Where the instruction has gone on to is elsewhere than the front end has. Not checks_next of the node, which says the same:
    // nodes are not in the host's cache while passages are taken.
    bool is_mispredicted(std::uint64_t next_pc) const {
      return decoded->may_mispredict() && next_pc != node->expected_next;
    }
  };
  Question question() const {
    if (at_) return {at_->pipeline, at_->issue, at_->issue_pc};
    return {node_, node_->state.issue, node_->state.issue_pc};
  }
  // given() of such a one.
  void given_plainly(const Question& question, const Plain& given) {
    record_.pc.value = question.pc;
    record_.next_pc.value = given.next_pc;
    record_.data_address.value = given.address;
    record_.store_value = given.operand_b;
    record_.operand_a = given.operand_a;
    record_.operand_b = given.operand_b;
    record_.trapped = record_.interrupt = record_.sc_failed = false;
    given_ = question.is_mispredicted(given.next_pc) ? Given::yes | Given::mispredicted : Given::yes;
    fresh_ = record_plain_ = true;
  }
  bool in_node() const { return node_ != nullptr; }
  // step(), and skip() when nothing has moved. False: `limit` has been reached, or what comes of it is for the caller to see
  // (Cva6Timing::run).
  bool glide(std::uint64_t limit);
  // The same ahead of other harts, up to `far`: nothing is done that memory, the walker or another hart has a part in, and
  // from `near` on nothing that an invalidation could matter to. False: the end, or it does not go further.
  bool glide_ahead(std::uint64_t near, std::uint64_t far);
  // Where passages begin that pass() takes, as long as they end before passages_end(); null: glide() is to go on.
  const PassageNode* passing() const { return at_ && !fresh_ ? at_ : nullptr; }
  std::uint64_t passages_end(std::uint64_t limit) const { return std::min(limit, clint_steady_until_); }
  // From a node that needs no record, or by what has been given of the instruction there. False: nothing has been done.
  bool pass(std::uint64_t end);
  bool pass(std::uint64_t end, const Plain& given);
  // Behind the last of these.
  void stop_passing() {
    if (!at_) return;
    node_ = at_->pipeline;
    execute_.valid = at_->execute_slot != PassageNode::nothing;
    execute_.id = static_cast<std::uint8_t>(scoreboard_.behind_commit(at_->execute_slot));
  }
  // Puts the load/store side back to where passages have led, before anything else than glide() looks at it.
  void leave_passages() {
    if (!at_) return;
    if (length_ != 0) restore_load_store();
    pauses_.leave(cycle_, length_);
    at_ = nullptr;
  }
  // To the node of its state, when there may be one.
  void enter_node();
  // Before that: it may get somewhere.
  bool can_glide_ahead() const { return node_ && (node_->issue_plain || !needs_record()); }
  // No other hart is behind this one.
  void is_last() { late_count_ = 0; }
  std::uint64_t mie() const { return csr_.mie(); }
  // No store is issued, or on its way to memory.
  bool stores_gone() const;
  void step() {
    passing_.from = nullptr;  // that looks at no question
    if (!replay_at_rest()) step_awake();
  }
  // Leaves the memo's nodes, until the end of a step comes to one again.
  void thaw();

  // Jumps over cycles that can only repeat the last one, up to `horizon`.
  void skip(std::uint64_t horizon);

  // Takes a hart over that has run without the model until `cycle` and goes on at `pc` in this state.
  void take_over(std::uint64_t cycle, std::uint64_t pc, const Retirement& state) {
    thaw();
    cycle_ = cycle;
    fetch_changes_ += frontend_.icache().changes() + 1;  // which begins anew
    frontend_ = Frontend(parameters_, pc);
    csr_.apply(CsrAfter(state));
    change_translation();
    external_lines_ = state.mip & 0x800;
    unsettle_wires();
  }

  // Asleep in wfi; the cycle in which it would wake by itself.
  bool asleep() const { return halted_; }
  // Nothing moves: no cycle until wake() can differ from the next.
  bool dormant() const {
    return adapter_.idle() && dcache_.quiet() && frontend_.quiet() && mmu_.quiet() && bypass_.ready() &&
           !execute_.valid && !mult_.busy() && !fpu_.active() && !load_result_.valid &&
           !mmu_.shared().flushing(cycle_) && issue_.valid && !needs_record() && wires_settled_;
  }
  std::uint64_t wake() const;
  // Lets the clock of a sleeping core jump when nothing else is in flight.
  void sleep_until(std::uint64_t cycle);

  // Interrupts that are not the CLINT's: MEIP as a wire, SSIP, STIP and SEIP as mip holds them.
  void set_external_lines(std::uint64_t mip) {
    thaw();
    external_lines_ = mip & 0x800;
    unsettle_wires();
    csr_.set_software_mip(mip);
  }
  void set_trace(TraceSink* sink) {
    trace_ = sink;
    may_pass_ = interconnect_->plain() && !sink;
    passing_.from = nullptr;
  }
  // Instructions that were issued but have not committed, and the cycle of the last commit.
  bool drained() const { return scoreboard_.empty() && !have_record(); }
  bool stores_drained() const { return store_unit_.buffer().no_store_pending() && dcache_.wbuffer_empty(); }
  std::uint64_t last_commit() const { return last_commit_; }  // passages leave it as it was
  std::uint64_t committed() const { return committed_; }
  std::uint64_t last_write() const { return adapter_.last_write(); }
  std::uint64_t last_uncached_read() const { return adapter_.last_uncached_read(); }
  std::uint64_t divergences() const { return divergences_; }
  // What the last SFENCE.VMA really flushed, by its number; the functional TLBs have to follow.
  std::uint64_t fences() const { return fences_; }
  const TlbFlush& last_fence() const { return tlb_flush_; }
  const StallCounters& stalls() const { return stalls_; }
  // What only the model knows of (docs/hpm-events.md): the counters stay where they are.
  const std::uint64_t& mispredictions() const { return mispredictions_; }
  const WtAxiAdapter& adapter() const { return adapter_; }
  // For a copy that only tries out its future: keeps nothing in the memo that depends on it.
  void rehearse() {
    fetch_context_ = stranger;
    may_pass_ = false;
  }
  // While on, nothing is issued that no record has been given for (to look ahead without the instructions
  // behind).
  void hold_issue(bool on) {
    thaw();
    hold_issue_ = on;
  }
  // Asks for no record until the wfi in flight has committed and been woken.
  void await_wake() {
    hold_issue(true);
    awaiting_wake_ = true;
  }

  // Was this line in the D$ when hart `writer` had come to `cycle`?
  bool dcache_holds(std::uint64_t address, std::uint64_t cycle, unsigned writer) const;
  void post_invalidation(std::uint64_t address, std::uint64_t arrival);

 private:
  // The register between decode and issue.
  struct IssueStage {
    bool valid = false;
    int interrupt = -1;
    FetchEntry entry;
  };
  // The register between issue and execute.
  struct ExecuteStage {
    bool valid = false;
    std::uint8_t id = 0;
  };
  // What the commit stage and the controller decide in a cycle.
  struct Commit {
    unsigned number = 0;  // instructions committed
    bool flush = false;   // the whole pipeline
    bool redirect = false;
    std::uint64_t target = 0;
    bool flush_predictors = false, flush_icache = false, flush_tlb = false;
    bool store = false, csr = false, atomic = false;
    bool apply = false;  // the head changes CSR state
    Stall restart = Stall::csr_flush;
  };
  // What finishes in a cycle: bit masks over scoreboard slots.
  struct WriteBack {
    std::uint32_t valid = 0, exception = 0;
    void add(unsigned id, bool with_exception) {
      valid |= 1u << id;
      if (with_exception) exception |= 1u << id;
    }
  };

  // Units that could take an instruction at the start of the cycle.
  struct Ready {
    bool lsu = true, fpu = true;
  };

  // What memory and the load/store side show to the pipeline in a cycle: their registers as it begins, and the stores
  // that are finished in it, when that has been worked out already.
  struct Shown {
    AdapterReturn in;
    bool room = true;      // for a committed store
    bool drained = false;  // stores_drained(), for a fence
    bool lsu_ready = true;
    LoadUnit::Outputs load;
    bool done = false;
    WriteBack stored;
  };
  // The edge of the memo that a step records.
  struct Recording {
    PipelineNode* from = nullptr;  // null: none
    PipelineEdge edge;
    std::uint64_t asked = 0;  // inputs that cause() has looked at
  };

  bool at_question() const {
    return at_ || (may_pass_ && node_ && (passing_.from || (!load_store_rests_ && pauses_.over(cycle_))) &&
                   ((fresh_ && have_record()) || node_->asks));
  }
  bool passes(std::uint64_t limit);
  [[gnu::noinline]] bool come_to_node(bool fresh);
  bool may_pass(bool fresh) const;
  [[gnu::flatten]] bool tell_load_store(bool fresh, LoadStoreState& out);
  bool writes_memory(std::uint32_t stores) const;
  PassageNode* passage_node(bool fresh, const LoadStoreState& state);
  bool tell_relations(LoadStorePacker& packer, const LoadStoreState& state);
  bool use_pages(const Decoded* const (&coming)[2]);
  Access access_of(const Decoded& d, std::uint64_t address, std::uint64_t data) const;
  void give(const Access& access);
  bool relate(const Access& access, std::uint32_t stores, AccessAnswer& out) const;
  std::uint8_t youngest_alike(const Access& access, std::uint32_t stores) const;
  bool relate_to_lines(const Access& access, AccessAnswer& out) const;
  bool shares_set(std::uint64_t physical, std::uint32_t stores) const;
  const Access& store_of_age(unsigned age) const { return accesses_.store(newest_.store() - age); }
  bool is_answer(const Retirement& record) const;
  bool keeps_csrs() const;
  [[gnu::noinline]] void end_passages();
  bool answer(bool fresh, PassageKey& key);
  void ask_here(PassageKey& key);
  bool answer_access(const Decoded& d, std::uint64_t address, std::uint64_t data, std::uint64_t& out);
  bool may_take(const Passage& passage, std::uint64_t end) const;
  [[gnu::noinline]] void fall(bool known, bool fresh);
  [[gnu::noinline]] void begin_passage(PassageNode& from, const PassageKey& key);
  [[gnu::noinline]] void note_turn(std::uint64_t address, std::uint64_t physical);
  [[gnu::noinline]] void note_training(const PipelineNode& node, const PipelineEdge& edge);
  void end_passage(PassageNode& from, PassageNode& to, bool fresh);
  void take(const Passage& passage, bool fresh);
  void give_answered();
  ScoreboardEntry& issue_by(const Passage& passage);
  void move_along(const Passage& passage);
  [[gnu::noinline]] void move_lines(unsigned sends, unsigned fills);
  [[gnu::noinline]] bool turns_alike(const PassageExtras& extras) const;
  [[gnu::noinline]] void take_extras(const PassageExtras& extras, unsigned oldest);
  [[gnu::noinline, gnu::flatten]] void restore_load_store();
  template <class Archive>
  void visit_load_store(Archive& a);
  LoadStoreFrame load_store_frame();

  bool invalidates_at_rest();
  void note_late(std::uint64_t address, std::uint64_t shown);
  bool replay_at_rest();
  [[gnu::noinline, gnu::flatten]] void step_awake();
  bool fetch_again(const PipelineNode& node, PipelineInputs& out);
  // The last cycle has led back to its node, and what is known of the next is the same.
  bool waits() const {
    return node_ && last_edge_ && last_edge_->waits && !load_result_.valid && !needs_record() &&
           !(((rest_bits_ | record_bits()) ^ last_edge_->inputs.bits) & node_->mask & PipelineInputs::known);
  }
  [[gnu::noinline, gnu::flatten]] bool wait(std::uint64_t limit);
  void finish(PipelineNode& node, PipelineInputs& seen, const AdapterReturn& in, std::uint64_t shown_bits,
              const LoadUnit::Outputs& load, const WriteBack& stored);
  std::uint64_t side_inputs(const PipelineNode& node) const;
  template <bool waits_at_head>
  bool replay(const AdapterReturn& in);
  [[gnu::noinline]] void step_at_head(const AdapterReturn& in);
  std::uint64_t end_key(const ScoreboardEntry& head, bool trapped) const;
  bool replay_waiting(const AdapterReturn& in);
  bool replay_end(const AdapterReturn& in);
  void follow_end(const PipelineNode& node, const PipelineEdge& edge, const ScoreboardEntry& head,
                  const Commit& done);
  unsigned flushing_slot() const;
  int writer_in(const PipelineState& state, unsigned reg) const;
  // A fence has waited at commit for what has happened.
  bool fence_goes_on(const PipelineNode& node) const { return node.fence_at_head && stores_drained(); }
  [[gnu::noinline]] void issue_around_flush(const PipelineNode& node, ScoreboardEntry& e);
  [[gnu::noinline]] void issue_speculatively(ScoreboardEntry& e);
  [[gnu::noinline]] void step_plainly_behind(PipelineNode& node, const PipelineInputs& seen,
                                             const AdapterReturn& in, std::uint64_t shown_bits,
                                             const LoadUnit::Outputs& load, const WriteBack& stored,
                                             bool ends = false);
  void keep_fetch(const PipelineNode& node);
  void record(PipelineNode& node, const PipelineInputs& seen);
  void keep_outcome(const Decoded& d, Outcome& out) const;
  static void begin_entry(const Decoded& d, std::uint64_t pc, ControlFlow flow, ScoreboardEntry& e,
                          std::uint64_t cycle);
  void end_entry(const Decoded& d, ScoreboardEntry& e);
  void train(const PipelineNode& node, const RasStep& ras, const ScoreboardEntry& e);
  [[gnu::noinline]] void step_fully(const AdapterReturn& in);
  void step_plainly(Shown& shown);
  [[gnu::noinline, gnu::flatten]] void plain_step(Shown& shown);
  void end_step(const Commit& done, unsigned head);
  [[gnu::noinline]] bool packable() const;
  [[gnu::noinline]] void pack(PipelineState& out) const;
  [[gnu::noinline]] void freeze();
  [[gnu::noinline]] bool fetch_anew(PipelineNode& node, PipelineInputs& out);
  const PipelineEdge* edge_for(const PipelineNode& node, PipelineInputs& seen);
  void end_cycle() {
    settle_wires();
    ++cycle_;
  }
  std::uint64_t record_bits() const {
    static_assert(PipelineInputs::mispredicted == PipelineInputs::record + 1 &&
                  PipelineInputs::trapped == PipelineInputs::record + 2);
    return std::uint64_t{given_} << PipelineInputs::record;
  }
  std::uint64_t load_bits(const LoadUnit::Outputs& load) const {
    if (!load.valid) return 0;
    return PipelineInputs::bit(PipelineInputs::load) | std::uint64_t{scoreboard_.slot_of(load.trans_id)}
                                                           << (PipelineInputs::load + 1);
  }
  std::uint64_t store_bits(const WriteBack& stored) const {
    if (!stored.valid) return 0;
    const auto id = static_cast<unsigned>(std::countr_zero(stored.valid));
    return PipelineInputs::bit(PipelineInputs::store) | std::uint64_t{scoreboard_.slot_of(id)}
                                                            << (PipelineInputs::store + 1);
  }
  void special_inputs(const PipelineNode& node, PipelineInputs& out);
  void ask_pipeline(const PipelineNode& node, PipelineInputs& out) const;
  [[gnu::noinline]] bool foresees_mispredict(const PipelineState& state);
  void update_fetch_context() {
    passage_context_ = fetch_origin_ + fetch_changes_ + frontend_.icache().changes();
    if (fetch_context_ != stranger) fetch_context_ = passage_context_ + mmu_.fetch_changes() + 1;
  }
  void change_translation();
  void follow(const PipelineNode& node, const PipelineEdge& edge);
  bool have_record() const { return given_ != 0; }
  std::uint8_t given_bits(const PipelineState& state) const;
  static bool mispredicts(const Decoded& d, ControlFlow flow, std::uint64_t predicted,
                          const Retirement& record);
  Commit commit(const Shown& shown);
  [[gnu::noinline]] void commit_system(const Shown& shown, ScoreboardEntry& head, Commit& out, bool& ack);
  void commit_second(const ScoreboardEntry& head, Commit& out) const;
  // Of an instruction with its result, which is an `exception` or not: does it trap? A CSR is refused by the CSR file itself, and
  // what the functional core says is law where the two see other pages.
  static bool raises_exception(const ScoreboardEntry& e, bool exception) {
    return exception || e.outcome.trapped;
  }
  static Commit flush_behind(const ScoreboardEntry& head, bool trapped);
  [[gnu::noinline]] void take_exception(ScoreboardEntry& head, Commit& out);
  ResolvedBranch execute(const LoadUnit::Outputs& load, WriteBack& results, FpuOperation& fpu) const;
  void lsu_request(LsuControl& out);
  // `requests`: a load or store is in the execute stage.
  void load_store(const AdapterReturn& in, const Commit& commit, bool requests, WriteBack& results);
  [[gnu::noinline, gnu::flatten]] bool load_store_lightly(const AdapterReturn& in, bool commits,
                                                          const LsuControl* request, WriteBack& results);
  // What load_store_lightly() asks first.
  bool may_go_lightly() const {
    return ways_ == Ways::light || (ways_ == Ways::unknown && mmu_.only_data() &&
                                    (load_unit_.state() == LoadUnit::State::send_tag || load_unit_.idle()));
  }
  void load_store_unflushed(const AdapterReturn& in, bool commits, bool requests, WriteBack& results);
  void load_store_otherwise(const AdapterReturn& in, bool commits, const LsuControl* request,
                            WriteBack& results);
  [[gnu::noinline, gnu::flatten]] bool load_waits(const AdapterReturn& in, const LsuControl* incoming);
  [[gnu::noinline, gnu::flatten]] bool load_walks(const AdapterReturn& in);
  [[gnu::noinline, gnu::flatten]] std::uint64_t walk_ahead(std::uint64_t limit);
  void clock_usually(const AdapterReturn& in, bool commits, bool load_ends, bool store_ends,
                     std::uint64_t physical, const LsuControl* request, WriteBack& results);
  void end_usually(bool load_ends, bool store_ends, std::uint64_t physical, WriteBack& results);
  void begin_load(const LsuControl& request);
  [[gnu::noinline, gnu::flatten]] bool load_store_usually(const AdapterReturn& in, bool commits,
                                                          const LsuControl& incoming, WriteBack& results);
  bool clock_usual_writes(const AdapterReturn& in, bool load_reads, bool commits, std::uint64_t physical,
                          StoreUnit::State next, const LsuControl& request);
  [[gnu::noinline, gnu::flatten]] void load_alone(const AdapterReturn& in, const LsuControl& incoming);
  [[gnu::noinline, gnu::flatten]] void load_store_busy(const AdapterReturn& in, const Commit& commit,
                                                       bool requests, WriteBack& results);
  void load_store_moved(bool moves);
  void keep_rest_bits();
  bool operands_ready(const Decoded& d, const WriteBack& results) const;
  bool unit_busy(const Decoded& d, const Commit& commit, Ready ready) const;
  bool issue(const Commit& commit, const WriteBack& results, Ready ready, bool flush_unissued);
  static void keep(const Retirement& record, ScoreboardEntry& e);
  // The interrupt wires are to be looked at again.
  void unsettle_wires() {
    wires_settled_ = false;
    clint_steady_until_ = 0;
  }
  void settle_wires() {
    if (cycle_ >= clint_steady_until_ || interconnect_->clint.writes() != clint_writes_) look_at_wires();
  }
  [[gnu::noinline]] void look_at_wires();
  [[gnu::noinline]] void apply_csrs(const CsrAfter& after);
  bool change_csrs(const CsrAfter& after);
  void start(ScoreboardEntry& e);
  std::uint64_t fence_operand(int writer, std::uint64_t value) const;
  void keep_fence(int writer_a, int writer_b);
  void decode(bool acknowledged, bool flush, bool& pop);
  void trace_commit(bool second_port) const;
  [[gnu::noinline]] void trace_commits(unsigned number) const;
  [[gnu::noinline]] void trace_pair() const;
  [[gnu::noinline]] void trace_trap(const ScoreboardEntry& e) const;
  std::uint64_t clint_lines();
  Stall cause();
  Stall lsu_cause(Stall otherwise);
  Stall raw_cause(const Decoded& d);

  Cva6Parameters parameters_;
  unsigned hart_;
  Interconnect* interconnect_;
  const HartView* view_;
  DecodeCache* decode_cache_;
  PipelineMemo* memo_;
  PassageMemo* passages_;
  bool may_pass_;  // in principle: alone, and nobody traces commits
  TraceSink* trace_ = nullptr;

  std::uint64_t cycle_ = 0;
  WtAxiAdapter adapter_;
  Frontend frontend_;
  Cva6Mmu mmu_;
  WtDcache dcache_;
  LsuBypass bypass_;
  LoadUnit load_unit_;
  StoreUnit store_unit_;
  Mult mult_;
  FpuWrap fpu_;
  CsrState csr_;
  Scoreboard scoreboard_;
  Speculation speculation_;

  // While set, it stands for front end, issue stage, scoreboard's masks, multiplier and restart_, which are stale.
  PipelineNode* node_ = nullptr;
  const PipelineEdge* last_edge_ = nullptr;  // that has led to node_; null: none has
  Recording recording_;

  // While set, it stands for the load/store side, from bypass to AXI, whose registers are stale when a passage has been taken;
  // and until stop_passing() for node_ and execute_ too.
  PassageNode* at_ = nullptr;
  bool fresh_ = false, record_plain_ = false;  // the record has been given for this cycle; given_plainly()
  PassageRecording passing_;
  PassagePauses pauses_;
  std::uint64_t length_ = 0;  // passages since come_to_node()
  Accesses accesses_;
  // The numbers of the last accesses that the load/store side has been given; while at_: or that a record has been given of.
  Serials serial_, newest_;
  AwaitedLines lines_;  // while at_
  std::array<std::uint64_t, 2>
      low_mask_;         // what matters of a store's, and a load's, address besides whom it meets
  Access given_access_;  // that answer_access() has looked at
  bool given_misses_ = false;

  IssueStage issue_;
  ExecuteStage execute_;
  Retirement record_;
  // The record has been given of the instruction in the issue stage; of a branch or jump that is mispredicted; of one that has
  // trapped. Of plain registers only the first is looked at.
  struct Given {
    static constexpr std::uint8_t yes = 1, mispredicted = 2, trapped = 4;
  };
  std::uint8_t given_ = 0;
  bool speculative_ = false, hold_issue_ = false, awaiting_wake_ = false;
  bool csr_buffer_ = false;  // csr_buffer: an uncommitted CSR instruction
  bool halted_ = false;      // wfi
  // Lines that the D$ has lost in cycles that other harts have not come to yet.
  struct Late {
    std::uint64_t address = 0, shown = 0;
  };
  std::array<Late, 32> late_{};  // a cycle has one, for as long as a hart may be ahead, and one comes late
  unsigned late_count_ = 0;
  bool load_store_rests_ = false;  // until a request, a commit, a return from memory or a miss of the ITLB
  // What the load/store side's registers are known to allow in this cycle, given that the ITLB has what is fetched and memory
  // returns at most a write: all of load_store_usually(), or of load_store_lightly() too.
  enum class Ways : std::uint8_t { unknown, usual, light };
  Ways ways_ = Ways::unknown;
  LsuControl incoming_;            // the load or store in the execute stage
  std::uint64_t rest_bits_ = 0;    // what the pipeline is shown of the load/store side in this cycle
  LoadUnit::Outputs load_result_;  // the pipeline register behind the load unit
  TlbFlush tlb_flush_;
  std::uint64_t wires_ = 0, external_lines_ = 0;  // mip_q of the interrupt wires
  std::uint64_t clint_lines_ = 0, clint_steady_until_ = 0, clint_writes_ = 0;
  FetchTranslation fetch_translation_;
  // A number for what fetches depend on besides their address: this core (6 bits), its translation (19), and how often I$
  // and ITLB have changed. None for a rehearsing core, whose future is not the real one's.
  static constexpr std::uint64_t stranger = 0;
  std::uint64_t fetch_context_ = stranger + 1, fetch_origin_ = 0, fetch_changes_ = 0;
  std::uint64_t passage_context_ = 0;  // the same without the ITLB, of which a passage asks what it needs
  bool resync_ = false, wires_settled_ = false;
  bool moved_ = true;  // something happened in the last cycle; else the next will be like it

  std::uint64_t last_commit_ = 0, committed_ = 0, divergences_ = 0, fences_ = 0, mispredictions_ = 0;
  StallCounters stalls_;
  Stall restart_ = Stall::reset, last_cause_ = Stall::reset;
};

}  // namespace hartbeat::timing::cva6

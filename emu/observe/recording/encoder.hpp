// Writes a recording: a listener that puts down what a reader could not derive (docs/trace-format.md).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "emu/observe/recording/actions.hpp"
#include "emu/observe/recording/block_file.hpp"
#include "emu/observe/recording/bytes.hpp"
#include "emu/observe/recording/model.hpp"
#include "emu/observe/trace_output.hpp"

namespace hartbeat::observe::recording {

// One for each hart: its registers before the first event, and where it stands.
struct Start {
  Registers registers;
  std::uint64_t pc = 0;
};

// Turns events into blocks of a recording. Who calls it decides what is recorded: an instruction that is left out must
// be `skipped`, so that registers stay known.
class alignas(64) EventEncoder {
 public:
  // What is known of a hart; hears in short of nearly all of its instructions and commits, and asks the encoder for the rest.
  class alignas(64) Lane : public RetireSink, public timing::TraceSink {
   public:
    explicit Lane(EventEncoder& of) : encoder(of) {}
    void on_commit(const timing::TraceRecord& record) final;

    EventEncoder& encoder;
    unsigned hart = 0;
    bool skipping = false;  // instructions have been left out since …
    bool fresh = true;      // it has had no event in this block
    bool straight = false;  // an instruction has retired, and none of these, no trap and no return came since
    // Straight, under a cycle model, and its last event was an instruction that changes neither satp nor privilege: it is
    // where the model has it, but for the cycle.
    bool on_course = false;
    std::uint64_t committed = 0;  // cycle of its last commit in this block
    HartModel model;
    Registers actual;  // … while they differ from what a reader knows
  };

  // With `commits`, CommitEvents will follow each instruction; without `instructions` there are none of both.
  EventEncoder(std::span<const Start> harts, bool commits, bool instructions = true);

  void add(const RetireEvent& event);
  // The same for an instruction that goes on as expected. False: it does not, or the block is full, and nothing is done.
  bool add_expected(const RetireEvent& event);
  // The same for one that is told in short (RetireSink); false also when it cannot be known without asking everything.
  // `alone`: there is one hart.
  template <bool alone>
  bool add_plain(Lane& lane, std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                 std::uint64_t rd_value);
  template <bool alone>
  bool add_access(Lane& lane, std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                  std::uint64_t rd_value, const MemoryEffect& access);
  void skipped(const RetireEvent& event);
  void add(const TrapEvent& event);
  void add(const TrapReturnEvent& event);
  void add(const WalkEvent& event);
  void add(const FenceEvent& event);
  void add(const IpiEvent& event);
  void add(const TracepointEvent& event);
  void add(const CommitEvent& event);
  // The same for one by the number that usually says it all (timing::TraceSink). False: it does not, and nothing is done.
  template <bool alone>
  bool add_commit(Lane& lane, std::uint64_t pc, timing::Committed what, std::uint64_t issue_cycle,
                  std::uint64_t latency);
  void add(const ModelEvent& event);

  // For as long as the encoder is there.
  Lane& lane(HartId hart) { return *lanes_[hart.value]; }
  // The hart may have been changed by somebody who tells nothing.
  void forget_course(HartId hart) { lane(hart).on_course = false; }

  bool is_full() const { return out_.is_full() || retired_ >= most_retired_; }
  bool is_empty() const { return out_.size() == begin_size_ && run_ == 0; }
  void limit_block(std::uint64_t retired) { most_retired_ = retired; }
  // Ends the block; `raw` is good until the next call. Then begins a new one.
  std::span<const std::uint8_t> end_block(IndexEntry& entry);
  void begin_block();

 private:
  struct Code {
    std::uint64_t pc = ~std::uint64_t{0};
    std::uint32_t bits = 0;
    Action action = Action::plain;
    std::uint8_t destination = Registers::nowhere;  // of what it writes to rd …
    bool writes = false;                            // … if it does
  };
  struct Detail {
    std::uint8_t mask = 0;
    std::uint8_t physical = 0, loads = 0;          // by memory effect
    std::array<std::uint64_t, 4> offsets, values;  // those that the masks name
  };
  void token(Token token) {
    flush_run();
    out_.byte(static_cast<std::uint8_t>(token));
  }
  void flush_run();
  Lane& turn_to(HartId hart);
  Lane& arrive(const EventSite& site);
  static bool is_expected(const HartModel& model, const EventSite& site);
  void write_site(HartModel& model, const EventSite& site);
  void write_registers(Lane& lane);
  bool is_expected(const Lane& lane, const Code& code, const RetireEvent& event) const;
  template <bool alone>
  bool is_its_turn(const Lane& lane) const {
    return alone || lane.hart == turns_.expected();
  }
  template <bool alone>
  bool is_on_course(const Lane& lane, const Code& code, std::uint32_t bits, std::uint64_t late) const;
  void tell_retired(Lane& lane, const RetireEvent& event, std::uint64_t late);
  template <bool alone = false>
  void leave_behind(Lane& lane, std::uint64_t clock, std::uint64_t next_pc, std::uint64_t rd_value,
                    unsigned destination, bool writes);
  void add_with_effects(const RetireEvent& event);
  void tell_effects(HartModel& model, const RetireEvent& event, const Code& code);
  void tell_detail(HartModel& model, const RetireEvent& event, const Code& code);
  bool is_foreseen(const HartModel& model, const MemoryEffect& access);
  template <class T>
  static bool is_there(std::uint8_t* place, const MemoryEffect& access);
  void memory_detail(HartModel& model, const RetireEvent& event, Detail& detail);
  static void system_detail(const RetireEvent& event, Action action, Detail& detail);
  void write_detail(HartModel& model, const RetireEvent& event, const Code& code, const Detail& detail);
  void write_held(HartModel& model, std::uint8_t flags, const TlbOccupancy& held);
  void write_walk(HartModel& model, const mmu::Walk& walk);
  void write_commit(const timing::TraceRecord& record, const Uncommitted& expected);
  void put_advance(HartModel& model, std::uint64_t late, std::uint64_t clock, timing::Committed what);
  static void apply_pair(Registers& registers, const RetireEvent& event, Action action);

  // More than what any event takes.
  static constexpr std::size_t spare_bytes = 1u << 16;

  // Together what every instruction needs.
  ByteWriter out_;
  Check check_;
  std::uint64_t retired_ = 0;
  CodeMap<Code> code_;
  MemoryLines lines_;
  Turns turns_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::size_t begin_size_ = 0;
  std::uint64_t run_ = 0;
  std::uint64_t most_retired_ = usual_event_retired;
  std::uint64_t first_cycle_ = ~std::uint64_t{0};
  bool commits_, modelled_;  // CommitEvents follow, at all and now
};

// --- the common case of the two events that come with every instruction: compared with what is expected, and told by a
// byte. Nothing here calls anything but at its end, so it needs no stack frame.

// Straight on, with an instruction that a reader knows and derives all of but for what it loads.
[[gnu::always_inline]] inline bool EventEncoder::is_expected(const Lane& lane, const Code& code,
                                                             const RetireEvent& event) const {
  const HartModel& model = lane.model;
  const EventSite& site = event.site;
  return site.hart.value == turns_.expected() && site.pc.value == model.pc && site.instret == model.instret &&
         site.satp == model.satp && static_cast<std::uint8_t>(site.privilege) == model.privilege &&
         lane.straight && code.pc == site.pc.value && code.bits == event.bits &&
         code.action <= Action::memory;
}

[[gnu::always_inline]] inline bool EventEncoder::add_expected(const RetireEvent& event) {
  Lane& lane = *lanes_[event.site.hart.value];
  const HartModel& model = lane.model;
  const Code& code = code_.at(event.site.pc.value);
  if (!is_expected(lane, code, event) || is_full() || model.uncommitted.full()) [[unlikely]]
    return false;
  const std::uint64_t late = event.site.cycle.value - model.cycle;
  if (late > (modelled_ ? most_advance : 0)) [[unlikely]]
    return false;
  if ((event.memory.size() | event.csrs.size()) != 0) {
    add_with_effects(event);
    return true;
  }
  tell_retired(lane, event, late);
  leave_behind(lane, event.site.cycle.value, event.next_pc.value, event.rd_value, code.destination,
               code.writes);
  return true;
}

// The instruction's token; `late`: in cycles, 0 without a cycle model. Precondition: there is room in out_ and among the
// hart's uncommitted instructions.
[[gnu::always_inline]] inline void EventEncoder::tell_retired(Lane& lane, const RetireEvent& event,
                                                              std::uint64_t late) {
  if (!modelled_) {
    ++run_;
    return;
  }
  lane.on_course = true;
  out_.limit(most_retired_ - retired_);  // each will be a byte at least
  // Between commits, instructions make no runs.
  put_advance(lane.model, late, event.site.cycle.value,
              {event.bits, static_cast<std::uint8_t>(event.site.privilege)});
}

[[gnu::always_inline]] inline void EventEncoder::put_advance(HartModel& model, std::uint64_t late,
                                                             std::uint64_t clock, timing::Committed what) {
  out_.put(static_cast<std::uint8_t>(advance_token | late));
  model.uncommitted.put(model.pc, clock, what);
}

// What a reader will know once it has executed the instruction.
template <bool alone>
[[gnu::always_inline]] inline void EventEncoder::leave_behind(Lane& lane, std::uint64_t clock,
                                                              std::uint64_t next_pc, std::uint64_t rd_value,
                                                              unsigned destination, bool writes) {
  HartModel& model = lane.model;
  const std::uint64_t result = rd_value & (0 - std::uint64_t{writes});
  model.registers.all[destination] = result;
  check_.add(next_pc + result);
  if constexpr (!alone) turns_.ends(lane.hart);
  ++retired_;
  model.cycle = clock + 1;
  ++model.instret;
  model.pc = next_pc;
}

}  // namespace hartbeat::observe::recording

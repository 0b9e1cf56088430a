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
class EventEncoder {
 public:
  // With `commits`, CommitEvents will follow each instruction; without `instructions` there are none of both.
  EventEncoder(std::span<const Start> harts, bool commits, bool instructions = true);

  void add(const RetireEvent& event);
  // The same for an instruction that goes on as expected. False: it does not, or the block is full, and nothing is done.
  bool add_expected(const RetireEvent& event);
  void skipped(const RetireEvent& event);
  void add(const TrapEvent& event);
  void add(const TrapReturnEvent& event);
  void add(const WalkEvent& event);
  void add(const FenceEvent& event);
  void add(const IpiEvent& event);
  void add(const TracepointEvent& event);
  void add(const CommitEvent& event);
  bool add_expected(unsigned hart, const timing::TraceRecord& record);  // likewise
  void add(const ModelEvent& event);

  bool is_full() const { return !out_.has_room(spare_bytes) || retired_ >= most_retired_; }
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
  struct Lane {
    HartModel model;
    Registers actual;       // while it differs from what a reader knows
    bool skipping = false;  // instructions have been left out since
    bool fresh = true;      // it has had no event in this block
    bool straight = false;  // an instruction has retired, and none of these, no trap and no return came since
    std::uint64_t committed = 0;  // cycle of its last commit in this block
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
  void tell_retired(HartModel& model, const RetireEvent& event, std::uint64_t late);
  void leave_behind(HartModel& model, const RetireEvent& event, unsigned destination, bool writes);
  void add_with_effects(const RetireEvent& event);
  void tell_effects(HartModel& model, const RetireEvent& event, const Code& code);
  void tell_detail(HartModel& model, const RetireEvent& event, const Code& code);
  bool is_foreseen(const HartModel& model, const MemoryEffect& access);
  void memory_detail(HartModel& model, const RetireEvent& event, Detail& detail);
  static void system_detail(const RetireEvent& event, Action action, Detail& detail);
  void write_detail(HartModel& model, const RetireEvent& event, const Code& code, const Detail& detail);
  void write_held(HartModel& model, std::uint8_t flags, const TlbOccupancy& held);
  void write_walk(HartModel& model, const mmu::Walk& walk);
  void write_commit(const timing::TraceRecord& record, const Uncommitted& expected);
  static void apply_pair(Registers& registers, const RetireEvent& event, Action action);

  // More than what any event takes.
  static constexpr std::size_t spare_bytes = 1u << 16;

  std::vector<Lane> lanes_;
  Turns turns_;
  CodeMap<Code> code_;
  MemoryLines lines_;
  ByteWriter out_;
  std::size_t begin_size_ = 0;
  std::uint64_t run_ = 0;
  std::uint64_t retired_ = 0, most_retired_ = usual_event_retired;
  std::uint64_t first_cycle_ = ~std::uint64_t{0};
  Check check_;
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
  Lane& lane = lanes_[event.site.hart.value];
  HartModel& model = lane.model;
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
  tell_retired(model, event, late);
  leave_behind(model, event, code.destination, code.writes);
  return true;
}

// The instruction's token; `late`: in cycles, 0 without a cycle model. Precondition: there is room in out_ and among the
// hart's uncommitted instructions.
[[gnu::always_inline]] inline void EventEncoder::tell_retired(HartModel& model, const RetireEvent& event,
                                                              std::uint64_t late) {
  if (!modelled_) {
    ++run_;
    return;
  }
  // Between commits, instructions make no runs.
  out_.put(static_cast<std::uint8_t>(advance_token | late));
  model.uncommitted.put(event.site.pc.value, event.site.cycle.value, event.bits,
                        static_cast<std::uint8_t>(event.site.privilege));
}

// What a reader will know once it has executed the instruction.
[[gnu::always_inline]] inline void EventEncoder::leave_behind(HartModel& model, const RetireEvent& event,
                                                              unsigned destination, bool writes) {
  const std::uint64_t result = event.rd_value & (0 - std::uint64_t{writes});
  model.registers.all[destination] = result;
  check_.add(event.next_pc.value + result);
  turns_.ends(event.site.hart.value);
  ++retired_;
  model.cycle = event.site.cycle.value + 1;
  ++model.instret;
  model.pc = event.next_pc.value;
}

[[gnu::always_inline]] inline bool EventEncoder::add_expected(unsigned hart,
                                                              const timing::TraceRecord& record) {
  Lane& lane = lanes_[hart];
  InFlight& waiting = lane.model.uncommitted;
  if (hart != turns_.expected() || waiting.empty() || !out_.has_room(2)) [[unlikely]]
    return false;
  const Uncommitted& oldest = waiting[0];
  const std::uint64_t delay = record.issue_cycle - oldest.cycle;
  const std::uint64_t latency = record.commit_cycle - record.issue_cycle;
  if (oldest.pc != record.pc || oldest.bits != record.bits || oldest.privilege != record.privilege ||
      delay > most_delay || latency > most_commit_latency || record.port > 1 || record.trapped) [[unlikely]]
    return false;
  waiting.pop();
  lane.committed = record.commit_cycle;
  if (delay != 0) out_.put(static_cast<std::uint8_t>(delay_token | delay));
  out_.put(static_cast<std::uint8_t>(commit_token | record.port * commit_port | latency));
  return true;
}

}  // namespace hartbeat::observe::recording

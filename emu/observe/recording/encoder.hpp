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
  void skipped(const RetireEvent& event);
  void add(const TrapEvent& event);
  void add(const TrapReturnEvent& event);
  void add(const WalkEvent& event);
  void add(const FenceEvent& event);
  void add(const IpiEvent& event);
  void add(const TracepointEvent& event);
  void add(const CommitEvent& event);
  void add(const ModelEvent& event);

  bool is_full() const { return out_.size() >= usual_event_bytes || retired_ >= most_retired_; }
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
  };
  struct Detail {
    std::uint8_t mask = 0;
    std::uint8_t physical = 0, loads = 0;          // by memory effect
    std::array<std::uint64_t, 4> offsets, values;  // those that the masks name
  };
  struct Lane {
    HartModel model;
    Registers actual;             // while it differs from what a reader knows
    bool skipping = false;        // instructions have been left out since
    bool fresh = true;            // it has had no event in this block
    std::uint64_t committed = 0;  // cycle of its last commit in this block
  };

  void token(Token token) {
    flush_run();
    out_.byte(static_cast<std::uint8_t>(token));
  }
  void flush_run();
  Lane& arrive(const EventSite& site);
  static bool is_expected(const HartModel& model, const EventSite& site);
  void write_site(HartModel& model, const EventSite& site);
  void write_registers(Lane& lane);
  bool goes_on(const Lane& lane, const EventSite& site) const;
  void retire(Lane& lane, const RetireEvent& event, std::uint64_t late);
  void add_unexpected(const RetireEvent& event);
  void tell_detail(HartModel& model, const RetireEvent& event, const Code& code);
  void memory_detail(HartModel& model, const RetireEvent& event, Detail& detail);
  static void system_detail(const RetireEvent& event, Action action, Detail& detail);
  void write_detail(HartModel& model, const RetireEvent& event, const Code& code, const Detail& detail);
  void write_held(HartModel& model, std::uint8_t flags, const TlbOccupancy& held);
  void write_walk(HartModel& model, const mmu::Walk& walk);
  void write_commit(const timing::TraceRecord& record, const Uncommitted& expected);
  static std::uint64_t apply(Registers& registers, const RetireEvent& event);
  static void apply_pair(Registers& registers, const RetireEvent& event, Action action);

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

}  // namespace hartbeat::observe::recording

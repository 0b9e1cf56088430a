// --trace binary:FILE: the listener that writes a recording, from which `hartbeat report` makes everything else.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "emu/observe/recording/block_file.hpp"
#include "emu/observe/recording/encoder.hpp"
#include "emu/observe/trace.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe::recording {

class RecordingWriter final : public Trace {
 public:
  struct Options {
    bool instructions = true;  // false: everything but retired instructions, at full speed
    std::uint64_t last = 0;    // keep about so many instructions, those before the end; 0: all
  };
  // `harts` are the registers as they are now; events from now on.
  RecordingWriter(std::unique_ptr<TraceOutput> output, const TraceContext& context,
                  std::span<const Start> harts, Options options);

  Wants wants() const override;
  void on(const TrapEvent& event) override { add(event); }
  void on(const TrapReturnEvent& event) override { add(event); }
  void on(const WalkEvent& event) override { add(event); }
  void on(const FenceEvent& event) override { add(event); }
  void on(const IpiEvent& event) override { add(event); }
  void on(const TracepointEvent& event) override { add(event); }
  void on(const RetireEvent& event) override {
    if (!encoder_.add_expected(event)) [[unlikely]]
      add_unexpected(event);
  }
  void on(const CommitEvent& event) override { encoder_.add(event); }  // few between two instructions
  timing::TraceSink* commits_of(HartId hart) override { return &encoder_.lane(hart); }
  RetireSink* retirements_of(HartId hart) override {
    encoder_.forget_course(hart);
    return &encoder_.lane(hart);
  }
  void on(const ModelEvent& event) override { add(event); }

  void skipped(const RetireEvent& event) override { encoder_.skipped(event); }

  // Before finish().
  void set_report(SavedReport report) { report_ = std::move(report); }
  bool finish() override;

 private:
  template <class Event>
  void add(const Event& event) {
    if (encoder_.is_full()) [[unlikely]]
      return add_to_next(event);
    encoder_.add(event);
  }
  [[gnu::noinline]] void add_unexpected(const RetireEvent& event) { add(event); }
  template <class Event>
  [[gnu::noinline]] void add_to_next(const Event& event) {
    end_block();
    encoder_.add(event);
  }
  void end_block();
  void write(std::span<const std::uint8_t> bytes);
  void write_block(BlockKind kind, std::string_view raw);
  void write_events(IndexEntry entry, std::span<const std::uint8_t> block);

  std::unique_ptr<TraceOutput> output_;
  Options options_;
  bool commits_;
  EventEncoder encoder_;
  BlockCompressor compressor_;
  std::vector<IndexEntry> index_;
  std::deque<std::pair<IndexEntry, std::vector<std::uint8_t>>> kept_;  // with Options::last
  std::uint64_t kept_retired_ = 0;
  SavedReport report_;
};

}  // namespace hartbeat::observe::recording

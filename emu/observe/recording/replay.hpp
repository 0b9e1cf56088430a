// A recording, read back: drives listeners with the events of the run that made it, in the same order.
//
//   recording::Replay replay("run.hb");
//   replay.attach(listener);           // any Listener that could have been attached to the machine
//   replay.run();
//
// Listeners that read a machine's counters or memory cannot: a recording has the report at the end of the run instead.
#pragma once

#include <optional>
#include <string>

#include "emu/hart/event_hub.hpp"
#include "emu/observe/recording/block_file.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe::recording {

// Which part of a recording to read; blocks outside of it are not decompressed.
struct Window {
  std::uint64_t from_cycle = 0, to_cycle = ~std::uint64_t{0};
};

class Replay {
 public:
  // Throws UserError when the file is not a whole recording of this version.
  explicit Replay(const std::string& path);
  Replay(std::string name, std::span<const std::uint8_t> bytes);

  const TraceContext& context() const { return context_; }
  // The report of the run (docs/counters.md); empty when the run made none.
  const SavedReport& report() const { return report_; }
  // Instructions in it.
  std::uint64_t retired() const;
  bool has_instructions() const { return retired() != 0; }

  void attach(Listener& listener) { hub_.attach(listener); }
  // Tells the attached listeners everything, or the events of a window (whole blocks are decoded, events outside
  // are dropped). Throws UserError when the recording turns out to be damaged.
  void run(const Window& window = {});

 private:
  void read_context();

  BlockReader blocks_;
  TraceContext context_;
  SavedReport report_;
  EventHub hub_;
};

}  // namespace hartbeat::observe::recording

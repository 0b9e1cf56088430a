// The per-instruction trace format: "commit issue port pc insn priv [TRAP cause=X]", plain or
// zstd-compressed.
#pragma once

#include <string>
#include <vector>

#include "emu/timing/retirement.hpp"

namespace hartbeat::accuracy {

// Throws UserError when the file cannot be read or a line is malformed.
std::vector<timing::TraceRecord> read_trace(const std::string& path);
std::string format(const timing::TraceRecord& record);

// Keeps a run's trace.
class TraceCollector final : public timing::TraceSink {
 public:
  void on_commit(const timing::TraceRecord& record) override { records.push_back(record); }
  std::vector<timing::TraceRecord> records;
};

struct TraceComparison {
  std::size_t instructions = 0;  // compared
  std::size_t exact = 0;         // same issue and commit cycle
  std::size_t first = 0;         // index of the first that differs; instructions when none does
  bool same_path = true;         // same pc, instruction and traps all along
};
TraceComparison compare(const std::vector<timing::TraceRecord>& reference,
                        const std::vector<timing::TraceRecord>& ours);

}  // namespace hartbeat::accuracy

#include "emu/observe/commit_log.hpp"

#include <cinttypes>
#include <cstdio>

namespace hartbeat::observe {
namespace {

constexpr std::size_t most_bytes = 160;  // of a line

}  // namespace

void CommitLog::on(const CommitEvent& event) {
  const timing::TraceRecord& r = event.record;
  TraceOutput& output = *outputs_[event.hart.value];
  char* out = output.room_for(most_bytes);
  out += std::snprintf(out, most_bytes, "%" PRIu64 " %" PRIu64 " %u %" PRIx64 " %08" PRIx32 " %u",
                       r.commit_cycle, r.issue_cycle, unsigned{r.port}, r.pc, r.bits, unsigned{r.privilege});
  if (r.trapped) out += std::snprintf(out, 32, " TRAP cause=%" PRIx64, r.cause);
  *out++ = '\n';
  output.filled(out);
}

bool CommitLog::finish() {
  bool whole = true;
  for (const auto& output : outputs_) whole &= output->flush();
  return whole;
}

}  // namespace hartbeat::observe

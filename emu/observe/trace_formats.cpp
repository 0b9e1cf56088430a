#include "emu/observe/trace_formats.hpp"

#include <algorithm>

#include "emu/machine/user_error.hpp"
#include "emu/observe/callgrind.hpp"
#include "emu/observe/commit_log.hpp"
#include "emu/observe/folded_stacks.hpp"
#include "emu/observe/kanata.hpp"
#include "emu/observe/perfetto.hpp"
#include "emu/observe/rvfi_trace.hpp"
#include "emu/observe/spike_log.hpp"
#include "emu/observe/text_trace.hpp"

namespace hartbeat::observe {
namespace {

using Make = std::unique_ptr<Trace> (*)(const TraceContext& context, const OpenOutput& open);

template <class T>
std::unique_ptr<Trace> make_simple(const TraceContext&, const OpenOutput& open) {
  return std::make_unique<T>(open(""));
}

std::unique_ptr<Trace> make_commit_log(const TraceContext& context, const OpenOutput& open) {
  std::vector<std::unique_ptr<TraceOutput>> outputs;
  for (unsigned i = 0; i < context.harts; ++i)
    outputs.push_back(open(context.harts == 1 ? "" : "." + std::to_string(i)));
  return std::make_unique<CommitLog>(std::move(outputs));
}

template <class T>
std::unique_ptr<Trace> make_with_context(const TraceContext& context, const OpenOutput& open) {
  return std::make_unique<T>(context, open(""));
}

template <Cost C>
std::unique_ptr<Trace> make_folded(const TraceContext& context, const OpenOutput& open) {
  return std::make_unique<FoldedStacks>(context, open(""), C);
}

struct Entry {
  TraceFormat format;
  Make make;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {{"spike", "Spike's commit log", false}, make_simple<SpikeLog>},
      {{"rtl", "issue and commit cycles, as our RTL traces have them", true}, make_commit_log},
      {{"text", "disassembly, symbol, process and effects, for people", false}, make_with_context<TextTrace>},
      {{"rvfi", "RVFI records as JSON lines", false}, make_with_context<RvfiTrace>},
      {{"kanata", "pipeline stages, for Konata", true}, make_with_context<KanataTrace>},
      {{"perfetto", "a timeline, for ui.perfetto.dev", false}, make_with_context<PerfettoTrace>},
      {{"callgrind", "a profile by source line, for KCachegrind", false},
       make_with_context<CallgrindProfile>},
      {{"folded", "call stacks by cycles, for flame graphs", false}, make_folded<Cost::cycles>},
      {{"folded-instructions", "by instructions", false}, make_folded<Cost::instructions>},
      {{"folded-tlb-misses", "by TLB misses", false}, make_folded<Cost::tlb_misses>},
      {{"folded-faults", "by page faults", false}, make_folded<Cost::faults>},
      {{"folded-copies", "by copies of pages", false}, make_folded<Cost::copies>},
  };
  return all;
}

}  // namespace

const std::vector<TraceFormat>& trace_formats() {
  static const std::vector<TraceFormat> formats = [] {
    std::vector<TraceFormat> result;
    for (const Entry& entry : entries()) result.push_back(entry.format);
    return result;
  }();
  return formats;
}

const TraceFormat* find_trace_format(const std::string& name) {
  const auto& all = trace_formats();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const TraceFormat& f) { return f.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::unique_ptr<Trace> make_trace(const TraceFormat& format, const TraceContext& context,
                                  const OpenOutput& open) {
  if (format.needs_cycle_model && context.timing == "none") {
    throw UserError("--trace " + format.name +
                    " writes the cycles of a cycle model: give --timing cva6, or take --trace spike");
  }
  for (const Entry& entry : entries()) {
    if (entry.format.name == format.name) return entry.make(context, open);
  }
  throw UserError("there is no trace format " + format.name);
}

}  // namespace hartbeat::observe

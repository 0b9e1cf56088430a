#include "emu/observe/trace_formats.hpp"

#include <algorithm>

#include "emu/machine/user_error.hpp"
#include "emu/observe/commit_log.hpp"
#include "emu/observe/spike_log.hpp"

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

struct Entry {
  TraceFormat format;
  Make make;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {{"spike", "Spike's commit log", false}, make_simple<SpikeLog>},
      {{"rtl", "issue and commit cycles, as our RTL traces have them", true}, make_commit_log},
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

// The trace formats by name: one list for `--trace` of a run and `--export` of a recording.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emu/observe/trace.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe {

struct TraceFormat {
  std::string name;
  std::string description;
  bool needs_cycle_model = false;
};
// `binary` and `events` are not among them: they are recordings, not views.
const std::vector<TraceFormat>& trace_formats();
const TraceFormat* find_trace_format(const std::string& name);

// Opens an output; the suffix is put behind the file's name ("" or ".0", ".1", …).
using OpenOutput = std::function<std::unique_ptr<TraceOutput>(const std::string& suffix)>;

// Throws UserError when the format cannot show such a run. The context must outlive the trace.
std::unique_ptr<Trace> make_trace(const TraceFormat& format, const TraceContext& context,
                                  const OpenOutput& open);

}  // namespace hartbeat::observe

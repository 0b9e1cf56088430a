#include "emu/observe/timeline.hpp"

#include "emu/observe/counter_table.hpp"

namespace hartbeat::observe {

void Timeline::on(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  const auto& a = event.arguments;
  family_.hear(event);
  switch (event.number) {
    case process_switch: {
      TimelineSpan& running = running_[event.site.hart.value];
      running.end = event.site.cycle.value;
      if (running.pid != 0) keep(running);
      running = {"process", event.site.hart.value,    event.site.cycle.value, 0,
                 a[0],      family_.member(a[0]).name};
      return;
    }
    case process_name: running_[event.site.hart.value].name = family_.member(a[0]).name; return;
    case fork_begin: return begin("fork", event);
    case fork_end: return end("fork", event, "fork of process " + std::to_string(a[1]));
    case fault_begin: return begin("fault", event, a[1]);
    case fault_end:
      return end("fault", event,
                 a[2] < abi::fault_resolution_count ? std::string(fault_resolutions()[a[2]].key) : "", a[1]);
    case shootdown_begin:
      if ((a[4] & ~(std::uint64_t{1} << (event.site.hart.value % 64))) != 0) begin("shootdown", event);
      return;
    case shootdown_end: return end("shootdown", event, "shootdown " + std::to_string(a[0]));
    default: return;
  }
}

void Timeline::begin(const char* kind, const TracepointEvent& event, std::uint64_t key) {
  open_[{kind, event.arguments[0], key}] = event.site.cycle.value;
}

void Timeline::end(const char* kind, const TracepointEvent& event, std::string name, std::uint64_t key) {
  const auto open = open_.find({kind, event.arguments[0], key});
  if (open == open_.end()) return;
  const HartId hart = event.site.hart;
  keep({kind, hart.value, open->second, event.site.cycle.value, family_.running_on(hart), std::move(name)});
  open_.erase(open);
}

void Timeline::keep(TimelineSpan span) {
  if (kept_[span.kind]++ < most_)
    spans_.push_back(std::move(span));
  else
    ++left_out_;
}

void Timeline::finish(std::uint64_t end) {
  for (auto& [hart, running] : running_) {
    running.end = end;
    if (running.pid != 0) keep(running);
  }
  running_.clear();
}

}  // namespace hartbeat::observe

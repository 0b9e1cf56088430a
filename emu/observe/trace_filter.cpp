#include "emu/observe/trace_filter.hpp"

#include <algorithm>

#include "emu/observe/process_family.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {

FilteredTrace::FilteredTrace(std::unique_ptr<Trace> to, FilterExpression expression, unsigned harts)
    : to_(std::move(to)),
      wanted_(to_->wants()),
      expression_(std::move(expression)),
      happened_(expression_.slots()),
      running_(harts),
      committing_(harts) {}

Listener::Wants FilteredTrace::wants() const {
  Wants wants = wanted_;
  const bool events = hears_events();
  wants.tracepoints |= events || expression_.asks(Kind::pid) || expression_.asks(Kind::process);
  wants.traps |= events || wants.commits;
  wants.walks |= events;
  wants.fences |= events;
  wants.ipis |= events;
  wants.retired |= wants.commits;
  return wants;
}

bool FilteredTrace::passes(unsigned index, const EventSite& site) const {
  const FilterExpression::Node& node = expression_.nodes()[index];
  const auto inside = [&](std::uint64_t value) {
    return std::any_of(node.ranges.begin(), node.ranges.end(),
                       [value](const auto& range) { return value >= range.first && value <= range.last; });
  };
  const auto part = [&](unsigned i) { return passes(i, site); };
  switch (node.kind) {
    case Kind::all: return std::all_of(node.parts.begin(), node.parts.end(), part);
    case Kind::any: return std::any_of(node.parts.begin(), node.parts.end(), part);
    case Kind::none_of: return std::none_of(node.parts.begin(), node.parts.end(), part);
    case Kind::hart: return inside(site.hart.value);
    case Kind::privilege: return inside(static_cast<std::uint64_t>(site.privilege));
    case Kind::pid: return inside(running_[site.hart.value]);
    case Kind::process: {
      const auto name = names_.find(running_[site.hart.value]);
      return name != names_.end() &&
             std::find(node.names.begin(), node.names.end(), name->second) != node.names.end();
    }
    case Kind::pc: return inside(site.pc.value);
    case Kind::cycle: return inside(site.cycle.value);
    case Kind::instret: return inside(site.instret);
    case Kind::from: return happened_[node.slot];
    case Kind::to: return !happened_[node.slot];
  }
  return false;
}

void FilteredTrace::note(Kind kind, std::string_view event, const EventSite& site) {
  for (const FilterExpression::Node& node : expression_.nodes()) {
    if (node.kind != kind || node.event != event) continue;
    if (!node.event_pid || *node.event_pid == running_[site.hart.value]) happened_[node.slot] = true;
  }
}

void FilteredTrace::open(std::string_view event, const EventSite& site) {
  if (hears_events()) note(Kind::from, event, site);
}

void FilteredTrace::close(std::string_view event, const EventSite& site) {
  if (hears_events()) note(Kind::to, event, site);
}

void FilteredTrace::on(const TrapEvent& event) {
  const std::string name = !hears_events()   ? std::string()
                           : event.interrupt ? "interrupt"
                                             : exception_name(event.cause);
  open("trap", event.site);
  open(name, event.site);
  const bool pass = passes(event.site);
  if (pass && wanted_.traps) to_->on(event);
  if (wanted_.commits && modelled_) committing_[event.site.hart.value].push_back(pass);
  close("trap", event.site);
  close(name, event.site);
}

void FilteredTrace::on(const TrapReturnEvent& event) {
  const bool to_user = event.target == mmu::Privilege::user;
  if (to_user) open("user", event.site);
  if (wanted_.traps && passes(event.site)) to_->on(event);
  if (to_user) close("user", event.site);
}

void FilteredTrace::on(const WalkEvent& event) {
  open("walk", event.site);
  if (wanted_.walks && passes(event.site)) to_->on(event);
  close("walk", event.site);
}

void FilteredTrace::on(const FenceEvent& event) {
  open("fence", event.site);
  if (wanted_.fences && passes(event.site)) to_->on(event);
  close("fence", event.site);
}

void FilteredTrace::on(const IpiEvent& event) {
  open("ipi", event.site);
  if (wanted_.ipis && passes(event.site)) to_->on(event);
  close("ipi", event.site);
}

void FilteredTrace::hear(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  if (event.number == process_switch) running_[event.site.hart.value] = event.arguments[0];
  if (event.number == process_name) names_[event.arguments[0]] = name_in(event.arguments);
  if (event.number == fork_end) names_.try_emplace(event.arguments[1], names_[event.arguments[0]]);
}

void FilteredTrace::on(const TracepointEvent& event) {
  hear(event);
  const std::string_view name = tracepoint_name(event.number);
  const std::string_view resolution =
      event.number == abi::Tracepoint::fault_end ? resolution_name(event.arguments[2]) : std::string_view();
  open(name, event.site);
  open(resolution, event.site);
  // Who runs where, and under which name, is told in any case: what a later event means depends on it.
  const bool context =
      event.number == abi::Tracepoint::process_switch || event.number == abi::Tracepoint::process_name;
  if (wanted_.tracepoints && (context || passes(event.site))) to_->on(event);
  close(name, event.site);
  close(resolution, event.site);
}

void FilteredTrace::on(const RetireEvent& event) {
  const bool pass = passes(event.site);
  if (!pass)
    to_->skipped(event);
  else if (wanted_.retired)
    to_->on(event);
  if (wanted_.commits && modelled_) committing_[event.site.hart.value].push_back(pass);
}

void FilteredTrace::on(const ModelEvent& event) {
  modelled_ = event.on;
  if (wanted_.commits) to_->on(event);
}

void FilteredTrace::on(const CommitEvent& event) {
  std::deque<bool>& passed = committing_[event.hart.value];
  if (passed.empty()) return;
  const bool pass = passed.front();
  passed.pop_front();
  if (pass) to_->on(event);
}

}  // namespace hartbeat::observe

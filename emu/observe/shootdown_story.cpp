#include "emu/observe/shootdown_story.hpp"

#include <algorithm>

namespace hartbeat::observe {
namespace {

bool software_interrupt(const TrapEvent& event) {
  return event.interrupt && (event.cause == 1 || event.cause == 3);
}

}  // namespace

void ShootdownStory::on(const TracepointEvent& event) {
  switch (event.number) {
    case abi::Tracepoint::shootdown_begin: return begin(event);
    case abi::Tracepoint::shootdown_fence: return about_to_fence(event);
    case abi::Tracepoint::shootdown_ack: return acknowledge(event);
    case abi::Tracepoint::shootdown_end: return end(event);
    default: return;
  }
}

void ShootdownStory::begin(const TracepointEvent& event) {
  const HartId self = event.site.hart;
  const auto& a = event.arguments;
  Open opened{.id = a[0],
              .process = a[1],
              .first = a[2],
              .pages = a[3],
              .initiator = self,
              .begin = event.site.cycle,
              .targets = {}};
  for (std::uint32_t hart = 0; hart < 64; ++hart) {
    const bool targeted = (event.arguments[4] >> hart & 1) != 0;
    if (targeted && HartId{hart} != self) opened.targets.push_back({.hart = {hart}});
  }
  if (opened.targets.empty()) {
    ++figures_.avoided;
    return;
  }
  ++figures_.initiated;
  figures_.targets += opened.targets.size();
  const auto after = std::upper_bound(open_.begin(), open_.end(), self,
                                      [](HartId hart, const Open& open) { return hart < open.initiator; });
  open_.insert(after, std::move(opened));
}

void ShootdownStory::on(const IpiEvent& event) {
  for (Open& open : open_) {
    if (open.initiator != event.site.hart) continue;
    for (Target& target : open.targets) {
      if (target.hart != event.target || target.raised) continue;
      target.raised = event.site.cycle;
      ++figures_.ipis_sent;
      return;
    }
  }
}

void ShootdownStory::on(const TrapEvent& event) {
  if (!software_interrupt(event)) return;
  for (Open& open : open_) {
    for (Target& target : open.targets) {
      if (target.hart != event.site.hart || !target.raised || target.trapped || target.acknowledged) continue;
      target.trapped = event.site.cycle;
      receive(target);
    }
  }
}

void ShootdownStory::on(const FenceEvent& event) {
  const HartId self = event.site.hart;
  Target* target = find(0, self, [](const Target& t) { return t.fencing && !t.acknowledged; });
  if (target == nullptr && !fences_are_told_ && event.site.privilege == mmu::Privilege::machine) {
    // A firmware without tracepoints (OpenSBI): its fence in machine mode stands in for them.
    target = find(0, self, [](const Target& t) { return t.raised && !t.fencing; });
    if (target == nullptr) return;
    target->fencing = event.site.cycle;
    receive(*target);
  }
  if (target == nullptr) return;
  target->removed += event.removed;
  target->fenced = event.site.cycle;
}

template <class Suits>
ShootdownStory::Target* ShootdownStory::find(std::uint64_t id, HartId hart, Suits suits) {
  for (Open& open : open_) {
    if (id != 0 && open.id != id) continue;
    for (Target& target : open.targets) {
      if (target.hart == hart && suits(target)) return &target;
    }
  }
  return nullptr;
}

void ShootdownStory::receive(Target& target) {
  if (!target.received) ++figures_.ipis_received;
  target.received = true;
}

void ShootdownStory::about_to_fence(const TracepointEvent& event) {
  const std::uint64_t id = event.arguments[0];
  Target* target =
      find(id, event.site.hart, [&](const Target& t) { return !t.fencing && (id != 0 || t.raised); });
  if (target == nullptr) return;  // another remote fence, of instructions say
  target->fencing = event.site.cycle;
  receive(*target);
}

void ShootdownStory::acknowledge(const TracepointEvent& event) {
  Target* target =
      find(event.arguments[0], event.site.hart, [](const Target& t) { return t.fencing && !t.acknowledged; });
  if (target == nullptr) return;
  target->acknowledged = event.site.cycle;
  close(*target, event.site.cycle);
}

// A target has done its part.
void ShootdownStory::close(Target& target, Cycle at) {
  ++figures_.acknowledged;
  target.busy = at.value - target.trapped.value_or(target.fencing.value_or(at)).value;
  figures_.target_cycles += target.busy;
  if (target.removed != 0) return;
  ++figures_.wasted;
  figures_.wasted_cycles += target.busy;
}

void ShootdownStory::end(const TracepointEvent& event) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const Open& open) { return open.id == event.arguments[0]; });
  if (found == open_.end()) return;
  for (Target& target : found->targets) {
    if (target.acknowledged || !target.fencing) continue;
    close(target, target.fenced.value_or(*target.fencing));  // untold: else the initiator would still wait
  }
  add_latency(*found, event.site.cycle);
  open_.erase(found);
}

void ShootdownStory::add_latency(const Open& open, Cycle end) {
  const auto finished = [](const Target& t) { return t.acknowledged.value_or(t.fencing.value_or(Cycle{})); };
  const Target& last =
      *std::max_element(open.targets.begin(), open.targets.end(),
                        [&](const Target& a, const Target& b) { return finished(a) < finished(b); });
  const std::array<std::optional<Cycle>, 5> between = {last.raised, last.trapped, last.fencing, last.fenced,
                                                       last.acknowledged};
  std::array<Cycle, shootdown_phases.size() + 1> moments{};
  moments.front() = open.begin;
  moments.back() = end;
  for (std::size_t i = between.size(); i > 0; --i) {
    moments[i] = std::clamp(between[i - 1].value_or(moments[i + 1]), open.begin, moments[i + 1]);
  }
  ++figures_.completed;
  const std::uint64_t latency = end.value - open.begin.value;
  figures_.latency += latency;
  figures_.latency_most = std::max(figures_.latency_most, latency);
  figures_.latencies.add(latency);
  ShootdownCycles phases{};
  for (std::size_t i = 0; i < phases.size(); ++i) {
    phases[i] = moments[i + 1].value - moments[i].value;
    figures_.phases[i] += phases[i];
    figures_.phase_spread[i].add(phases[i]);
  }
  if (figures_.events.size() < most_events_) keep(open, last, phases);
}

void ShootdownStory::keep(const Open& open, const Target& slowest, const ShootdownCycles& phases) {
  ShootdownRecord record{.id = open.id,
                         .process = open.process,
                         .initiator = open.initiator.value,
                         .first = open.first,
                         .pages = open.pages,
                         .begin = open.begin.value,
                         .slowest = slowest.hart.value,
                         .phases = phases,
                         .targets = {}};
  for (const Target& target : open.targets) {
    record.targets.push_back({target.hart.value, target.removed, target.busy});
  }
  figures_.events.push_back(std::move(record));
}

}  // namespace hartbeat::observe

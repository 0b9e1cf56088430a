// Listeners by what they want to hear. Whoever has events (a machine, a recording that is replayed) has one of these.
#pragma once

#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat {

class EventHub {
 public:
  void attach(Listener& listener) {
    const Listener::Wants wants = listener.wants();
    if (wants.traps) traps_.push_back(&listener);
    if (wants.walks) walks_.push_back(&listener);
    if (wants.fences) fences_.push_back(&listener);
    if (wants.ipis) ipis_.push_back(&listener);
    if (wants.tracepoints) tracepoints_.push_back(&listener);
    if (wants.retired) retired_.push_back(&listener);
    if (wants.commits) commits_.push_back(&listener);
  }
  bool wants_retired() const { return !retired_.empty(); }

  template <class Event>
  void emit(const std::vector<Listener*>& to, const Event& event) const {
    for (Listener* listener : to) listener->on(event);
  }
  const std::vector<Listener*>& traps() const { return traps_; }
  const std::vector<Listener*>& walks() const { return walks_; }
  const std::vector<Listener*>& fences() const { return fences_; }
  const std::vector<Listener*>& ipis() const { return ipis_; }
  const std::vector<Listener*>& tracepoints() const { return tracepoints_; }
  const std::vector<Listener*>& retired() const { return retired_; }
  const std::vector<Listener*>& commits() const { return commits_; }

 private:
  std::vector<Listener*> traps_, walks_, fences_, ipis_, tracepoints_, retired_, commits_;
};

}  // namespace hartbeat

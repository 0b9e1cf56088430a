// Listeners by what they want to hear. Whoever has events (a machine, a recording that is replayed) has one of these.
#pragma once

#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat {

// Those who hear one kind of event, in the order in which they were attached. Nearly always it is none or one, and that
// one is told by a tail call: with two of these for each instruction, anything more is felt.
class Listeners {
 public:
  bool empty() const { return all_.empty(); }
  void add(Listener& listener) {
    all_.push_back(&listener);
    only_ = all_.size() == 1 ? &listener : nullptr;
  }
  Listener* only() const { return only_; }  // null: none, or several
  template <class Event>
  void tell(const Event& event) const {
    if (only_ != nullptr) [[likely]]
      return only_->on(event);
    if (!all_.empty()) tell_all(event);
  }

 private:
  template <class Event>
  [[gnu::noinline]] void tell_all(const Event& event) const {
    for (Listener* listener : all_) listener->on(event);
  }

  Listener* only_ = nullptr;
  std::vector<Listener*> all_;
};

class EventHub {
 public:
  void attach(Listener& listener) {
    const Listener::Wants wants = listener.wants();
    if (wants.traps) traps_.add(listener);
    if (wants.walks) walks_.add(listener);
    if (wants.fences) fences_.add(listener);
    if (wants.ipis) ipis_.add(listener);
    if (wants.tracepoints) tracepoints_.add(listener);
    if (wants.retired) retired_.add(listener);
    if (wants.commits) commits_.add(listener);
  }
  bool wants_retired() const { return !retired_.empty(); }

  template <class Event>
  void emit(const Listeners& to, const Event& event) const {
    to.tell(event);
  }
  const Listeners& traps() const { return traps_; }
  const Listeners& walks() const { return walks_; }
  const Listeners& fences() const { return fences_; }
  const Listeners& ipis() const { return ipis_; }
  const Listeners& tracepoints() const { return tracepoints_; }
  const Listeners& retired() const { return retired_; }
  const Listeners& commits() const { return commits_; }

 private:
  Listeners traps_, walks_, fences_, ipis_, tracepoints_, retired_, commits_;
};

}  // namespace hartbeat

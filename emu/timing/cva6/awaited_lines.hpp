// The lines that loads will bring into the D$ which have been issued and not been looked up, or wait: in the order of the loads,
// which is the one that they come in, for there is one MSHR and one read port.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/load_store_state.hpp"
#include "emu/timing/cva6/ring.hpp"

namespace hartbeat::timing::cva6 {

class AwaitedLines {
 public:
  bool empty() const { return lines_.empty(); }
  bool full() const { return lines_.full(); }
  void clear() {
    lines_.clear();
    asked_ = false;
  }
  // The address of a load that misses.
  void push(std::uint64_t physical) { lines_.push(physical); }
  std::uint64_t front() const { return lines_.front(); }
  // Memory has been asked for the first, and it has come.
  bool asked() const { return asked_; }
  void ask(bool asked = true) { asked_ = asked; }
  void come() {
    lines_.pop();
    asked_ = false;
  }
  template <class Condition>
  bool any_of(Condition condition) const {
    for (unsigned i = 0; i < lines_.size(); ++i)
      if (condition(lines_.at(i))) return true;
    return false;
  }

 private:
  Ring<std::uint64_t, Accesses::most> lines_;
  bool asked_ = false;
};

}  // namespace hartbeat::timing::cva6

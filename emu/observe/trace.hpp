// A trace in some format: a listener that writes, live or from a recording.
#pragma once

#include <memory>

#include "emu/hart/events.hpp"
#include "emu/observe/trace_output.hpp"

namespace hartbeat::observe {

class Trace : public Listener {
 public:
  // An instruction that a filter has left out, for those who keep track of registers.
  virtual void skipped(const RetireEvent&) {}
  // The events are over: writes what is left. False when anything has been lost.
  virtual bool finish() = 0;
};

}  // namespace hartbeat::observe

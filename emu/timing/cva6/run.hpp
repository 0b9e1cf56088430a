// Runs a system under the cycle model: the loop between the functional core's step() and Cva6Timing.
#pragma once

#include <memory>
#include <vector>

#include "emu/hart/engine.hpp"
#include "emu/hart/recorder.hpp"
#include "emu/timing/cva6/cva6_timing.hpp"

namespace hartbeat::timing::cva6 {

class Cva6Run {
 public:
  // Every hart starts at its pc, with empty caches, in cycle 0.
  Cva6Run(System& system, Cva6Parameters parameters);
  ~Cva6Run();

  // Until System::stop is set.
  void run();
  Cva6Timing& timing() { return *timing_; }

 private:
  class View;
  struct Lane;  // per hart: its view, recorder and what was last told

  void turn(unsigned hart);
  void interrupt(unsigned hart, int cause);
  void execute(unsigned hart);
  Retirement before(const Hart& hart, const Decoded& d) const;
  void after(const Hart& hart, const Step& step, Retirement& out) const;
  bool due(Hart& hart);

  System& system_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Cva6Timing> timing_;
};

}  // namespace hartbeat::timing::cva6

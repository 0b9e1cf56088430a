// Runs a system under the cycle model: the loop between the functional core's step() and Cva6Timing.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "emu/hart/engine.hpp"
#include "emu/hart/recorder.hpp"
#include "emu/timing/cva6/cva6_timing.hpp"

namespace hartbeat::timing::cva6 {

class Cva6Run {
 public:
  // Takes the harts over at their pc and clock, with empty caches, TLBs and predictors. Harts that sleep in
  // wfi go on behind it, as the specification lets them.
  Cva6Run(System& system, Cva6Parameters parameters);
  ~Cva6Run();

  // Until System::stop is set. May be called again: nothing but the stop has happened.
  void run();
  // Lets what is in flight commit and reach memory; the harts' clocks move to the end of that.
  void drain();
  // Brings the harts' clocks and counters up to date; whoever reads them outside of an event calls it first.
  void settle();
  // While off, cycles pass but are given to no cause: the model warms up.
  void count_stalls(bool on);

  // Of the time in which stalls were counted.
  MemoryCounters memory_counters() const { return timing_->interconnect().counters() - uncounted_; }

  Cva6Timing& timing() { return *timing_; }

 private:
  class View;
  struct Lane;  // per hart: its view, recorder and what was last told

  std::optional<unsigned> next_lane();
  void queue_last();
  std::uint64_t next_moment(Lane& lane);
  [[gnu::flatten]] void advance(Lane& lane);
  bool glide(Lane& lane, std::uint64_t horizon);
  bool glide_along(Lane& lane, std::uint64_t horizon);
  void stretch(Lane& lane, std::uint64_t others);
  void level();
  bool glide_plainly(Lane& lane, std::uint64_t limit, std::uint64_t far);
  void pass_along(Lane& lane, std::uint64_t limit);
  static bool may_execute(const Lane& lane, std::uint64_t pc);
  bool execute_plainly(Lane& lane, const Decoded& d, bool may_access, Core::Plain& out);
  bool devices_rest();
  void leave_blocks();
  void tell_lines(std::uint64_t cycle);
  static bool lines_moved(const Lane& lane);
  bool perform_usually(Lane& lane);
  void turn(Lane& lane);
  [[gnu::noinline]] void interrupt(Lane& lane, int cause);
  static bool displaces(const Hart& hart, int cause);
  void look_around(Lane& lane, const Step& done, bool state_told);
  std::uint64_t others_may_wake(unsigned hart) const;
  static bool reads_time(const Decoded& d, const Retirement& out);
  [[gnu::noinline]] bool foretell(Lane& lane, const Decoded& d, Retirement& out);
  void execute(Lane& lane);
  bool perform(Lane& lane, const Decoded& d, Retirement& out);
  [[gnu::noinline]] static void tell_state(const Hart& hart, Retirement& out);
  static void before(const Hart& hart, const Decoded& d, Retirement& out);
  static void after(const Hart& hart, const Step& step, bool may_write_csr, Retirement& out);
  bool is_due(const Lane& lane) const;
  bool limit_reached(const Hart& hart) const;
  void keep_due(Lane& lane) const;
  [[gnu::noinline]] bool attend(Lane& lane);
  void follow_fence(Lane& lane);
  [[gnu::noinline]] void settle(Lane& lane, Privilege privilege);
  void take_over_clint();

  System& system_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Cva6Timing> timing_;
  unsigned last_ = 0;          // whose the last turn was
  std::uint64_t horizon_ = 0;  // of the hart whose turn it is: when another's comes
  std::uint64_t others_ = 0;   // the smallest moment of another
  std::uint64_t invalidation_latency_ = 0;
  std::uint64_t line_delay_ = 0;  // from what moves a line of a device's to what hears it
  // By when they have something to do, and the harts' numbers below that: whose turn comes when, as long as none sleeps.
  static constexpr unsigned queue_shift = 8, queue_id = 255;
  std::vector<std::uint64_t> queue_;
  bool glides_ = false;         // no instruction can trap by a misaligned jump
  bool listens_ = false;        // somebody does, to each instruction, in the order of the clock
  bool device_stores_ = false;  // a lane has device_store
  bool counting_ = true, all_asleep_ = false, some_sleep_ = false;
  MemoryCounters uncounted_;  // of the time in which they were not
};

}  // namespace hartbeat::timing::cva6

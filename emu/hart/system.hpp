// What the harts share: memory, devices, decoded code, reservations, listeners.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "emu/devices/platform.hpp"
#include "emu/hart/code_cache.hpp"
#include "emu/hart/event_hub.hpp"
#include "emu/hart/hart.hpp"

namespace hartbeat {

// Why the engine came back.
enum class Stop : std::uint8_t {
  none,
  power_off,  // the guest asked for it
  reset,
  limit,        // RunLimits reached
  deadlock,     // all harts sleep and nothing will wake them
  trap_loop,    // a hart traps again and again without retiring an instruction
  engine,       // the harts' counters ask for another engine; Machine::run goes on with it
  interrupted,  // the host asked (signal, timeout)
};

class System {
 public:
  System(Platform& platform, const HartConfig& config, unsigned hart_count, const HandlerSet& handlers);

  Platform& platform;
  Ram& ram;
  CodeCache code;
  EventHub events;
  std::vector<std::unique_ptr<Hart>> harts;
  const bool ring;  // more than one hart: instructions of all harts interleave

  // --- the scheduler's state
  Hart* current = nullptr;  // the hart whose instruction is being executed
  unsigned awake = 0;
  std::function<bool()> keep_going;  // asked every few million cycles; false ends the run
  std::uint64_t next_event = 0;      // clock of the devices' next event
  std::uint64_t clock_limit = ~std::uint64_t{0};
  std::uint64_t instret_limit = ~std::uint64_t{0};
  Stop stop = Stop::none;
  int exit_status = 0;
  const Op* arrival = nullptr;        // the operation of a hart that is between blocks, in the fast engine
  bool in_blocks = false;             // harts are suspended within blocks: the ring engine runs
  bool accessing = false;             // `current` is accessing a device …
  std::uint64_t access_clock = 0;     // … at this clock
  std::uint64_t event_clock = 0;      // clock of the devices' event being handled …
  const Hart* event_hart = nullptr;   // … in this hart's turn; null: in nobody's, all are asleep
  std::uint64_t poll_at = 0;          // clock at which the host is asked whether to go on
  std::uint64_t reserving_harts = 0;  // bit per hart with a valid reservation

  // A hart's clock, exact also while it is suspended within a block.
  std::uint64_t clock_of(const Hart& hart) const;
  // The site of an event that is about to be emitted; while it is, clock_of(hart) is `clock`.
  EventSite site(const Hart& hart, std::uint64_t clock, std::uint64_t pc);
  const Hart* telling = nullptr;
  std::uint64_t telling_clock = 0;

  // A write to RAM that the fast path did not see, at the writer's clock `now` (null: a device's, whose clock is known here):
  // drops decoded code there, breaks other harts' reservations, tells HTIF. Returns true when the writer should end its block.
  bool written(Hart* writer, std::uint64_t now, std::uint64_t physical, unsigned size);
  // Must every store to this page pass through written()? (It holds code, or tohost.)
  bool stores_need_notice(PhysAddr page) const;
  // Forget translations of all harts that allow a store without notice (a page has got decoded code).
  void forget_fast_stores();

  // Puts a hart to sleep / makes it runnable again from the slot behind (clock, hart `from`).
  void sleep(Hart& hart);
  void wake(Hart& hart, std::uint64_t clock, const Hart* from);
  // The sleep that the hart is about to begin ends with its reservation, with any pending interrupt, and at the clock `until`.
  void wait_on_reservation(Hart& hart, std::uint64_t until);
  // Recomputes when `hart` must look up: device events, limits, or at once when an interrupt is pending.
  void set_deadline(Hart& hart);
  void event_moved();
  // Events of the devices and of the harts' own timers (Sstc) that are due at `clock` happen.
  void handle_events(std::uint64_t clock, bool all_asleep);
  // stimecmp, menvcfg.STCE or mtime has changed.
  // A hart's programmable counters count something else: their next overflow, and whether instructions must be looked at
  // one by one.
  void counters_changed(Hart& hart);
  bool counters_need_instructions() const;
  bool engine_may_change = false;  // the run's engine was chosen for the counters' sake alone
  bool engine_observes = false;    // what was chosen
  void timer_moved(Hart& hart, std::uint64_t now);
  // A device drives a mip bit of a hart; wakes it, or makes it look up, as needed.
  void set_interrupt(HartId id, unsigned mip_bit, bool level);
  void begin_access(Hart& hart, std::uint64_t now) {
    ++hart.counters.device_accesses;
    current = &hart;
    accessing = true;
    access_clock = now;
  }
  // A hart that is suspended within a block fetches anew when its turn comes.
  void look_up(Hart& hart);
  void end(Stop reason, int status);

 private:
  void find_next_event();
  void break_reservations(const Hart* writer, std::uint64_t now, std::uint64_t physical, std::uint64_t size);
  // Wakes a hart by what `from` or, without one, a device does.
  void rouse(Hart& hart, std::uint64_t clock, const Hart* from);
  void rouse_by_device(Hart& hart);
  void deadlines_moved();
  // mip has changed: wakes the hart, or makes it look up, as needed.
  void interrupts_changed(Hart& hart);
  void set_timer(Hart& hart, std::uint64_t now);
};

}  // namespace hartbeat

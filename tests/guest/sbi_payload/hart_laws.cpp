// HSM and IPI: start, stop, status, suspend, and interrupts between harts.
#include "payload.hpp"

extern "C" {
extern const char secondary_start[];
[[noreturn]] void secondary_main(std::uint64_t hart_id, std::uint64_t argument, std::uint64_t satp,
                                 std::uint64_t sstatus);
}

namespace payload {

[[noreturn]] void worker_loop(std::uint64_t hart_id);

namespace {

enum Function : std::uint64_t { start = 0, stop = 1, status = 2, suspend = 3 };
enum State : std::uint64_t { started = 0, stopped = 1, suspended = 4 };
constexpr std::uint64_t non_retentive = 0x80000000;

struct Arrival {
  std::atomic<std::uint64_t> count{0};
  std::uint64_t argument = 0;
  bool as_promised = false;
};
Arrival arrivals[64];

std::uint64_t entry() { return reinterpret_cast<std::uint64_t>(secondary_start); }

void wait_for_state(std::uint64_t hart_id, std::uint64_t wanted) {
  while (sbi(extension::hart_state, status, hart_id).value != wanted) nap();
}

void wait_for_arrival(std::uint64_t hart_id, std::uint64_t count) {
  while (arrivals[hart_id].count < count) nap();
}

void stop_this_hart(std::uint64_t) { sbi(extension::hart_state, stop); }

// A wfi for M-mode: it returns when an interrupt that S-mode wants is pending.
void suspend_this_hart(std::uint64_t type) {
  asm volatile("csrw sie, %0" : : "r"(software_interrupt));
  sbi(extension::hart_state, suspend, type, entry(), 0x5a5a);
  asm volatile("csrc sip, %0\n\tcsrw sie, zero" : : "r"(software_interrupt));
}

void check_errors(std::uint64_t harts) {
  law(sbi(extension::hart_state, status, this_hart()).value == started, "the boot hart is started");
  law(sbi(extension::hart_state, start, harts, entry()).error == error::invalid_param,
      "a hart that does not exist cannot be started");
  law(sbi(extension::hart_state, status, 1ull << 40).error == error::invalid_param, "nor has it a state");
  law(sbi(extension::hart_state, start, this_hart(), entry()).error == error::already_available,
      "a hart that runs cannot be started");
  law(sbi(extension::hart_state, suspend, 0x1234).error == error::invalid_param,
      "a reserved kind of suspend is invalid");
  law(sbi(extension::hart_state, suspend, 0x10000000).error == error::not_supported,
      "a platform's own kind of suspend is not supported");
}

void check_start_and_stop(std::uint64_t harts) {
  bool all_stopped = true, all_promised = true, all_arguments = true;
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart())
      all_stopped = all_stopped && sbi(extension::hart_state, status, id).value == stopped;
  }
  law(all_stopped, "every other hart is stopped at first");
  const std::uint64_t some = this_hart() == 0 ? 1 : 0;
  law(sbi(extension::hart_state, start, some, 0x7000'0000'0000).error == error::invalid_address &&
          sbi(extension::hart_state, start, some, entry() + 1).error == error::invalid_address,
      "a hart cannot start where no memory is, or at an odd address");
  for (std::uint64_t round = 1; round <= 2; ++round) {
    for (std::uint64_t id = 0; id < harts; ++id) {
      if (id == this_hart()) continue;
      all_promised =
          all_promised && sbi(extension::hart_state, start, id, entry(), 1000 * round + id).error == 0;
    }
    for (std::uint64_t id = 0; id < harts; ++id) {
      if (id == this_hart()) continue;
      wait_for_arrival(id, round);
      all_promised = all_promised && arrivals[id].as_promised;
      all_arguments = all_arguments && arrivals[id].argument == 1000 * round + id;
      if (round == 1) begin_work(id, stop_this_hart, 0);
    }
    for (std::uint64_t id = 0; id < harts && round == 1; ++id) {
      if (id != this_hart()) wait_for_state(id, stopped);
      // The hart never came back from its work: the mailbox must be emptied for it.
      if (id != this_hart()) begin_work(id, nullptr, 0);
    }
  }
  law(all_promised, "harts start with translation and interrupts off");
  law(all_arguments, "and get their argument; a stopped hart can be started again");
}

void check_suspend(std::uint64_t sleeper) {
  begin_work(sleeper, suspend_this_hart, 0);
  wait_for_state(sleeper, suspended);
  const std::uint64_t before = arrivals[sleeper].count;
  law(sbi(extension::remote_fence, 1, 1, sleeper, 0, 0).error == 0 &&
          sbi(extension::hart_state, status, sleeper).value == suspended,
      "a remote fence is answered by a suspended hart, which sleeps on");
  sbi(extension::ipi, 0, 1, sleeper);
  finish_work(sleeper);
  law(arrivals[sleeper].count == before && sbi(extension::hart_state, status, sleeper).value == started,
      "an IPI ends a retentive suspend, where it was");
  begin_work(sleeper, suspend_this_hart, non_retentive);
  wait_for_state(sleeper, suspended);
  begin_work(sleeper, nullptr, 0);
  sbi(extension::ipi, 0, 1, sleeper);
  wait_for_arrival(sleeper, before + 1);
  law(arrivals[sleeper].argument == 0x5a5a && arrivals[sleeper].as_promised,
      "an IPI ends a non-retentive suspend, at the resume address");
}

void take_interrupts(std::uint64_t wanted) {
  enable_interrupts(software_interrupt);
  while (traps_of(this_hart()).software_interrupts < wanted) {
  }
  disable_interrupts();
}

}  // namespace

void check_hart_states() {
  const std::uint64_t harts = hart_count();
  law(harts >= 1, "there is a hart");
  check_errors(harts);
  if (harts == 1) return;
  check_start_and_stop(harts);
  check_suspend(this_hart() == 0 ? 1 : 0);
}

void check_interrupts_between_harts() {
  const std::uint64_t harts = hart_count();
  const std::uint64_t self = this_hart();
  const std::uint64_t before = traps_of(self).software_interrupts;
  sbi(extension::ipi, 0, 1, self);
  take_interrupts(before + 1);
  law(traps_of(self).software_interrupts == before + 1, "a hart interrupts itself");
  law(sbi(extension::ipi, 0, 1, harts).error == error::invalid_param &&
          sbi(extension::ipi, 0, 1, 64).error < 0,
      "an IPI to a hart that does not exist is invalid");
  law(sbi(extension::ipi, 0, 0, 0).error == 0, "an IPI to nobody is nothing");
  std::uint64_t wanted[64];
  for (std::uint64_t id = 0; id < harts; ++id) {
    wanted[id] = traps_of(id).software_interrupts + 1;
    if (id != self) begin_work(id, take_interrupts, wanted[id]);
  }
  law(sbi(extension::ipi, 0, 0, ~std::uint64_t{0}).error == 0, "an IPI goes to all harts");
  take_interrupts(wanted[self]);
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != self) finish_work(id);
  }
  law(true, "and every hart takes it");
  static const std::uint64_t mask = 1;
  const std::uint64_t legacy_wanted = traps_of(0).software_interrupts + 1;
  if (self != 0) return;
  sbi(4, 0, reinterpret_cast<std::uint64_t>(&mask));
  law(sbi(3, 0).error == 1, "the legacy clear_ipi clears the legacy send_ipi");
  law(traps_of(0).software_interrupts + 1 == legacy_wanted, "so that it does not come");
}

}  // namespace payload

void secondary_main(std::uint64_t hart_id, std::uint64_t argument, std::uint64_t satp,
                    std::uint64_t sstatus) {
  payload::Arrival& mine = payload::arrivals[hart_id];
  mine.argument = argument;
  mine.as_promised = satp == 0 && (sstatus & 2) == 0;
  ++mine.count;
  payload::worker_loop(hart_id);
}

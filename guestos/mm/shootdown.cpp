#include "guestos/mm/shootdown.hpp"

#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constinit u64 last_id = 0;
constexpr u64 everything = ~u64{0};

constinit ShootdownPolicy policy = ShootdownPolicy::sbi;
constinit u64 page_limit = 64;
constinit bool tells_of_widening = false;
constinit char breakage[24] = {};

// One hart's question to others. It asks one at a time: it waits for the answers.
struct Request {
  u64 id = 0;
  u64 asid = 0;
  u64 start = 0;
  u64 pages = 0;
  u64 unanswered = 0;  // harts that have not fenced yet
};
constinit Request requests[max_harts] = {};
constinit u64 inbox[max_harts] = {};  // by hart asked: who asks

void fence_range(u64 start, u64 pages, u64 asid) {
  if (start == everything || pages > page_limit || policy == ShootdownPolicy::asid) return fence_asid(asid);
  if (policy == ShootdownPolicy::batched) {
    begin_invalidation();
    for (u64 i = 0; i < pages; ++i) invalidate_page(start + i * page_size, asid);
    return end_invalidation();
  }
  for (u64 i = 0; i < pages; ++i) fence_page(start + i * page_size, asid);
}

void interrupt_harts(u64 harts) {
  const u64 sswi = boot_info().sswi;
  if (sswi == 0) return sbi::send_ipi(harts);
  device_fence();
  for (; harts != 0; harts &= harts - 1) *direct<volatile u32>(sswi + lowest_bit(harts) * sizeof(u32)) = 1;
}

// The targets fence from now on; wait_for_answers returns when all have.
void ask(u64 targets, u64 id, u64 asid, u64 start, u64 pages) {
  const u64 self = this_hart().id;
  Request& request = requests[self];
  request.id = id, request.asid = asid, request.start = start, request.pages = pages;
  __atomic_store_n(&request.unanswered, targets, __ATOMIC_SEQ_CST);
  for (u64 rest = targets; rest != 0; rest &= rest - 1)
    __atomic_fetch_or(&inbox[lowest_bit(rest)], u64{1} << self, __ATOMIC_SEQ_CST);
  interrupt_harts(targets);
}

void wait_for_answers() {
  const Request& request = requests[this_hart().id];
  while (__atomic_load_n(&request.unanswered, __ATOMIC_ACQUIRE) != 0) answer_shootdowns();
}

}  // namespace

u64 begin_shootdown(AddressSpace& space, u64 start, u64 pages, u64& id) {
  u64 targets = harts_to_fence(space);
  if (this_hart().space != &space)
    __atomic_fetch_or(&space.stale, u64{1} << this_hart().id, __ATOMIC_SEQ_CST);
  if (kernel_is_broken("no-remote-flush")) targets = 0;
  const bool whole = start == everything || pages > page_limit;
  id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
  trace<Tracepoint::shootdown_begin>(id, current_pid(), whole ? everything : start, whole ? 0 : pages,
                                     targets);
  return targets;
}

// If the space is not active here, the mark in `stale` does this work at the next activation.
void fence_here(const AddressSpace& space, u64 start, u64 pages) {
  if (this_hart().space == &space) fence_range(start, pages, space.asid);
}

void shoot_down(AddressSpace& space, u64 start, u64 pages) {
  u64 id = 0;
  const u64 targets = begin_shootdown(space, start, pages, id);
  const bool whole = start == everything || pages > page_limit;
  const bool by_firmware = policy == ShootdownPolicy::sbi;
  if (targets != 0 && !by_firmware) ask(targets, id, space.asid, start, pages);
  fence_here(space, start, pages);  // while the others do
  if (targets != 0 && by_firmware) {
    sbi::remote_fence_asid(targets, whole ? 0 : start, whole ? everything : pages * page_size, space.asid);
  } else if (targets != 0) {
    wait_for_answers();
  }
  trace<Tracepoint::shootdown_end>(id, current_pid());
}

void shootdown_open() {
  policy = static_cast<ShootdownPolicy>(
      boot_choice("shootdown", {"sbi", "ipi", "batched", "asid", "lazy", "async"}));
  if (policy == ShootdownPolicy::batched && !boot_info().svinval)
    panic("shootdown=batched needs Svinval, which the device tree does not name");
  page_limit = boot_number("fence-limit", page_limit);
  tells_of_widening = boot_choice("widen", {"silently", "tell"}) != 0;
  if (!boot_argument("broken", breakage, sizeof breakage)) return;
  TextBuffer<120> text;
  text << "guestos: THIS KERNEL IS BROKEN ON PURPOSE (broken=" << breakage << "): expect wrong results\n";
  firmware_console_write(text.c_str(), text.size());
}

bool kernel_is_broken(const char* how) { return breakage[0] != 0 && equal(breakage, how); }

void answer_shootdowns() {
  const u64 self = this_hart().id;
  if (__atomic_load_n(&inbox[self], __ATOMIC_RELAXED) == 0) return;
  for (u64 asking = __atomic_exchange_n(&inbox[self], 0, __ATOMIC_SEQ_CST); asking != 0;
       asking &= asking - 1) {
    Request& request = requests[lowest_bit(asking)];
    trace<Tracepoint::shootdown_fence>(request.id);
    fence_range(request.start, request.pages, request.asid);
    trace<Tracepoint::shootdown_ack>(request.id);
    __atomic_fetch_and(&request.unanswered, ~(u64{1} << self), __ATOMIC_ACQ_REL);
  }
}

void shoot_down_all(AddressSpace& space) { shoot_down(space, everything, 0); }
void shoot_down_stricter(AddressSpace& space, u64 start, u64 pages) {
  if (tells_of_widening) shoot_down(space, start, pages);
}

bool shootdown_is_lazy() { return policy == ShootdownPolicy::lazy || policy == ShootdownPolicy::async; }
void hurry(u64 harts) {
  if (policy == ShootdownPolicy::async && harts != 0) interrupt_harts(harts);
}

}  // namespace guestos

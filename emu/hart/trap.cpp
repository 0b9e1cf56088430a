#include "emu/hart/trap.hpp"

#include <algorithm>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/system.hpp"

namespace hartbeat {
namespace {

// So many traps in a row without one retired instruction: nothing will ever change.
constexpr unsigned hopeless_traps = 1000;

void change_privilege(Hart& h, std::uint64_t now, Privilege to) {
  account_privilege(h, now);
  hpm::settle(h, now);
  h.privilege = to;
  update_context(h);
  h.system->set_deadline(h);
}

void count(Hart& h, std::uint64_t now, const TrapRequest& request) {
  if (request.interrupt) {
    ++h.counters.interrupts[request.code & 15];
    return;
  }
  ++h.counters.exceptions[request.code % h.counters.exceptions.size()];
  const std::uint64_t instret = h.instret_at(now);
  h.trap_repeats = instret == h.instret_at_trap ? h.trap_repeats + 1 : 0;
  h.instret_at_trap = instret;
  if (h.trap_repeats == hopeless_traps) h.system->end(Stop::trap_loop, 1);
}

std::uint64_t handler_address(std::uint64_t tvec, const TrapRequest& request) {
  const std::uint64_t base = tvec & ~std::uint64_t{3};
  return (tvec & 1) && request.interrupt ? base + 4 * request.code : base;
}

void enter_supervisor(Hart& h, const TrapRequest& request, std::uint64_t cause_value) {
  CsrState& c = h.csr;
  c.sepc = request.epc;
  c.scause = cause_value;
  c.stval = request.value;
  const bool sie = (c.mstatus & mstatus::SIE) != 0;
  c.mstatus &= ~(mstatus::SPIE | mstatus::SPP | mstatus::SIE);
  if (sie) c.mstatus |= mstatus::SPIE;
  if (h.privilege == Privilege::supervisor) c.mstatus |= mstatus::SPP;
  h.pc = handler_address(c.stvec, request);
}

void enter_machine(Hart& h, const TrapRequest& request, std::uint64_t cause_value) {
  CsrState& c = h.csr;
  c.mepc = request.epc;
  c.mcause = cause_value;
  c.mtval = request.value;
  const bool mie = (c.mstatus & mstatus::MIE) != 0;
  c.mstatus &= ~(mstatus::MPIE | mstatus::MPP | mstatus::MIE);
  if (mie) c.mstatus |= mstatus::MPIE;
  c.mstatus |= static_cast<std::uint64_t>(h.privilege) << mstatus::MPP_shift;
  h.pc = handler_address(c.mtvec, request);
}

void tell_return(Hart& h, const EventSite& site) {
  const auto& listeners = h.system->events.traps();
  if (!listeners.empty()) h.system->events.emit(listeners, TrapReturnEvent{site, h.privilege});
}

}  // namespace

void account_privilege(Hart& h, std::uint64_t now) {
  const std::uint64_t instret = h.instret_at(now);
  const unsigned level = static_cast<unsigned>(h.privilege);
  const std::uint64_t retired = instret - h.stats_instret;
  h.counters.cycles_by_privilege[level] += now - h.stats_clock;
  h.counters.instret_by_privilege[level] += retired;
  const std::uint64_t fetched = retired + h.fetched_in_vain;
  const std::uint64_t counted = std::min(fetched, h.slow_fetches);
  if (mmu::translates(h.fetch_context)) h.translation.absorbed_hits(mmu::Access::fetch, fetched - counted);
  h.slow_fetches -= counted;  // one is left when this is asked within an instruction
  h.fetched_in_vain = 0;
  h.stats_clock = now;
  h.stats_instret = instret;
}

void enter_trap(Hart& h, std::uint64_t now, const TrapRequest& request) {
  count(h, now, request);
  const std::uint64_t delegation = request.interrupt ? h.csr.mideleg : h.csr.medeleg;
  const bool to_supervisor = h.privilege != Privilege::machine && ((delegation >> request.code) & 1);
  const std::uint64_t cause_value = request.code | (request.interrupt ? cause::interrupt_bit : 0);
  const EventSite site = h.system->site(h, now, request.epc);
  if (to_supervisor) {
    enter_supervisor(h, request, cause_value);
  } else {
    enter_machine(h, request, cause_value);
  }
  const Privilege target = to_supervisor ? Privilege::supervisor : Privilege::machine;
  change_privilege(h, now, target);
  const auto& listeners = h.system->events.traps();
  if (!listeners.empty()) {
    h.system->events.emit(
        listeners, TrapEvent{site, request.interrupt, request.code, request.value, target, request.walk});
  }
}

void return_from_machine(Hart& h, std::uint64_t now, std::uint64_t pc) {
  const EventSite site = h.system->site(h, now, pc);
  CsrState& c = h.csr;
  const auto to = static_cast<Privilege>((c.mstatus & mstatus::MPP) >> mstatus::MPP_shift);
  const bool mpie = (c.mstatus & mstatus::MPIE) != 0;
  c.mstatus &= ~(mstatus::MIE | mstatus::MPP);
  c.mstatus |= mstatus::MPIE | (mpie ? mstatus::MIE : 0);
  if (to != Privilege::machine) c.mstatus &= ~mstatus::MPRV;
  if (!h.config.extensions.has(isa::Extension::supervisor)) c.mstatus |= mstatus::MPP;  // M is all there is
  h.pc = c.mepc;
  change_privilege(h, now + 1, to);
  tell_return(h, site);
}

void return_from_supervisor(Hart& h, std::uint64_t now, std::uint64_t pc) {
  const EventSite site = h.system->site(h, now, pc);
  CsrState& c = h.csr;
  const Privilege to = (c.mstatus & mstatus::SPP) ? Privilege::supervisor : Privilege::user;
  const bool spie = (c.mstatus & mstatus::SPIE) != 0;
  c.mstatus &= ~(mstatus::SIE | mstatus::SPP | mstatus::MPRV);
  c.mstatus |= mstatus::SPIE | (spie ? mstatus::SIE : 0);
  h.pc = c.sepc;
  change_privilege(h, now + 1, to);
  tell_return(h, site);
}

}  // namespace hartbeat

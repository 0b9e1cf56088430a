#include "emu/hart/hpm.hpp"

#include <algorithm>
#include <numeric>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/hart.hpp"
#include "emu/hart/system.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat::hpm {
namespace {

using isa::Unit;

Event event_of(std::uint64_t mhpmevent) { return static_cast<Event>(mhpmevent & selector); }

bool is_class(Event event) {
  const unsigned number = static_cast<unsigned>(event);
  return number >= static_cast<unsigned>(Event::retired_by_unit) &&
         number <= static_cast<unsigned>(Event::control_transfers);
}

std::uint64_t sum(const auto& counts, std::initializer_list<unsigned> codes) {
  return std::accumulate(codes.begin(), codes.end(), std::uint64_t{0},
                         [&](std::uint64_t total, unsigned code) { return total + counts[code]; });
}

std::uint64_t total_of(const auto& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// The hart's own count and what its fast tables hold since the last accounting.
std::uint64_t accesses(const Hart& h, bool stores) {
  std::uint64_t total = stores ? h.counters.stores : h.counters.loads;
  for (const FastTable& table : *h.fast_tables) total += stores ? table.stores : table.loads;
  return total;
}

std::uint64_t class_count(const Counters& c, Event event) {
  const auto retired = [&](Unit unit) { return c.retired[static_cast<unsigned>(unit)]; };
  if (event == Event::taken_branches) return c.taken;
  if (event == Event::control_transfers) {
    return retired(Unit::branch) + retired(Unit::jump) + retired(Unit::jump_register) + retired(Unit::xret);
  }
  return c
      .retired[(static_cast<unsigned>(event) - static_cast<unsigned>(Event::retired_by_unit)) % unit_slots];
}

// How often the event has happened up to clock `now`, for what there is no end to count.
std::uint64_t figure(const Hart& h, std::uint64_t now, Event event) {
  const HartCounters& c = h.counters;
  const mmu::UnitCounters& t = h.translation.counters();
  if (is_class(event)) return class_count(h.hpm, event);
  switch (event) {
    case Event::cycles: return now;
    case Event::instructions: return h.sleeping ? h.instret_at(h.clock) : h.instret_at(now);
    case Event::loads: return accesses(h, false);
    case Event::stores: return accesses(h, true);
    case Event::device_accesses: return c.device_accesses;
    case Event::misaligned_accesses: return c.misaligned;
    case Event::failed_store_conditionals: return c.sc_failed;
    case Event::wfi_cycles: return c.wfi_cycles + (h.sleeping ? now - h.clock : 0);
    case Event::itlb_misses: return t.itlb.misses;
    case Event::dtlb_misses: return t.dtlb.misses;
    case Event::second_tlb_misses: return t.l2.misses;
    case Event::walks: return t.walks;
    case Event::walk_reads: return t.walk_reads;
    case Event::walk_faults: return t.walk_faults;
    case Event::ad_updates: return t.ad_writes;
    case Event::exceptions: return total_of(c.exceptions);
    case Event::fetch_page_faults: return c.exceptions[cause::fetch_page_fault];
    case Event::load_page_faults: return c.exceptions[cause::load_page_fault];
    case Event::store_page_faults: return c.exceptions[cause::store_page_fault];
    case Event::access_faults: return sum(c.exceptions, {1, 5, 7});
    case Event::illegal_instructions: return c.exceptions[cause::illegal_instruction];
    case Event::environment_calls: return sum(c.exceptions, {8, 9, 11});
    case Event::breakpoints: return c.exceptions[cause::breakpoint];
    case Event::misaligned_traps: return sum(c.exceptions, {0, 4, 6});
    case Event::interrupts: return total_of(c.interrupts);
    case Event::software_interrupts: return sum(c.interrupts, {irq::SSI, irq::MSI});
    case Event::timer_interrupts: return sum(c.interrupts, {irq::STI, irq::MTI});
    case Event::external_interrupts: return sum(c.interrupts, {irq::SEI, irq::MEI});
    case Event::sfence_vma: return c.sfence_vma;
    case Event::fence_i: return c.fence_i;
    case Event::dcache_accesses: return accesses(h, false) + accesses(h, true) + t.walk_reads;
    default: break;
  }
  const unsigned model = static_cast<unsigned>(event) - first_model_event;
  if (model >= model_events) return 0;
  return h.hpm.model_before[model] + (h.hpm.model[model] != nullptr ? *h.hpm.model[model] : 0);
}

// Which events there are: every other selector reads back as 0.
bool exists(Event event) {
  const unsigned number = static_cast<unsigned>(event);
  return (number <= 0x08) || (number >= 0x10 && number <= 0x16) || (number >= 0x20 && number <= 0x28) ||
         (number >= 0x30 && number <= 0x33) || number == 0x40 || number == 0x41 ||
         (number >= first_model_event && number < first_model_event + model_events) ||
         event == Event::dcache_accesses || is_class(event);
}

// No event happens oftener than this in a cycle: a page-crossing access makes two walks behind two of its fetch.
std::uint64_t most_per_cycle(Event event) {
  return event == Event::cycles || event == Event::instructions || is_class(event) ? 1 : 32;
}

bool counts_in(std::uint64_t mhpmevent, Privilege privilege) {
  return !(mhpmevent & (privilege == Privilege::machine      ? MINH
                        : privilege == Privilege::supervisor ? SINH
                                                             : UINH));
}

bool is_active(const Counters& c, unsigned counter) { return (c.active >> counter) & 1; }

// A counter's value and base as of now; an overflow leaves its mark.
void bring_up(Hart& h, std::uint64_t now, unsigned counter) {
  Counters& c = h.hpm;
  const std::uint64_t reached = figure(h, now, event_of(c.event[counter]));
  const std::uint64_t before = c.value[counter];
  if (counts_in(c.event[counter], h.privilege)) c.value[counter] += reached - c.base[counter];
  c.base[counter] = reached;
  const bool wrapped = c.value[counter] < before;
  if (!wrapped || !h.config.extensions.has(isa::Extension::sscofpmf) || (c.event[counter] & OF)) return;
  c.event[counter] |= OF;
  set_line(h, irq::LCOFI, true);
}

// Computes check_at from counters that have been brought up to `now`.
void schedule(Hart& h, std::uint64_t now) {
  Counters& c = h.hpm;
  c.check_at = ~std::uint64_t{0};
  if (!h.config.extensions.has(isa::Extension::sscofpmf)) return;
  // An interrupt may come a little late (Sscofpmf allows a skid); looking at every cycle for a rare event would cost.
  constexpr std::uint64_t skid = 64;
  for (unsigned i = 3; i < 32; ++i) {
    if (!is_active(c, i) || (c.event[i] & OF)) continue;
    const std::uint64_t rate = most_per_cycle(event_of(c.event[i]));
    const std::uint64_t left = c.value[i] == 0 ? ~std::uint64_t{0} : std::uint64_t{0} - c.value[i];
    const std::uint64_t cycles = rate == 1 ? left : std::max(left / rate, skid);
    if (cycles < ~now) c.check_at = std::min(c.check_at, now + cycles);
  }
}

// After software has changed event, counter or mcountinhibit; `now` is behind the instruction that did.
void rearm(Hart& h, std::uint64_t now) {
  Counters& c = h.hpm;
  const std::uint32_t before = c.active;
  c.active = 0;
  c.each_instruction = false;
  for (unsigned i = 3; i < 32; ++i) {
    const Event event = event_of(c.event[i]);
    if (event == Event::none || ((h.csr.mcountinhibit >> i) & 1)) continue;
    if (!((before >> i) & 1)) c.base[i] = figure(h, now, event);
    c.active |= 1u << i;
    c.each_instruction |= is_class(event);
  }
  schedule(h, now);
  h.system->counters_changed(h);
}

}  // namespace

std::uint64_t read_counter(const Hart& h, std::uint64_t now, unsigned counter) {
  const Counters& c = h.hpm;
  const bool counts = is_active(c, counter) && counts_in(c.event[counter], h.privilege);
  return c.value[counter] + (counts ? figure(h, now, event_of(c.event[counter])) - c.base[counter] : 0);
}

// The instruction that writes is counted before: the next one reads back what was written.
void write_counter(Hart& h, std::uint64_t now, unsigned counter, std::uint64_t value) {
  settle(h, now + 1);
  h.hpm.value[counter] = value;
  rearm(h, now + 1);
}

void write_event(Hart& h, std::uint64_t now, unsigned counter, std::uint64_t value) {
  settle(h, now + 1);
  const std::uint64_t filters =
      h.config.extensions.has(isa::Extension::sscofpmf) ? OF | MINH | SINH | UINH : 0;
  const Event event = event_of(value);
  h.hpm.event[counter] = (value & filters) | (exists(event) ? value & selector : 0);
  h.hpm.base[counter] = figure(h, now + 1, event_of(h.hpm.event[counter]));
  rearm(h, now + 1);
}

void inhibit_changed(Hart& h, std::uint64_t now) {
  settle(h, now + 1);
  rearm(h, now + 1);
}

void settle(Hart& h, std::uint64_t now) {
  if (h.hpm.active == 0) return;
  for (unsigned i = 3; i < 32; ++i) {
    if (is_active(h.hpm, i)) bring_up(h, now, i);
  }
}

void check_overflow(Hart& h, std::uint64_t now) {
  settle(h, now);
  schedule(h, now);
}

std::uint64_t overflowed(const Hart& h) {
  std::uint64_t bits = 0;
  for (unsigned i = 3; i < 32; ++i) bits |= std::uint64_t{(h.hpm.event[i] & OF) != 0} << i;
  return h.privilege == Privilege::machine ? bits : bits & h.csr.mcounteren;
}

void follow_model(Counters& counters, const std::array<const std::uint64_t*, model_events>& figures) {
  for (unsigned i = 0; i < model_events; ++i) {
    const std::uint64_t left = counters.model[i] != nullptr ? *counters.model[i] : 0;
    counters.model_before[i] += left - (figures[i] != nullptr ? *figures[i] : 0);
    counters.model[i] = figures[i];
  }
}

void count_unit(Hart& h, unsigned unit, std::uint64_t by) { h.hpm.retired[unit % unit_slots] += by; }

}  // namespace hartbeat::hpm

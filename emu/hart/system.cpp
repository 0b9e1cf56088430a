#include "emu/hart/system.hpp"

#include <algorithm>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/memory.hpp"

namespace hartbeat {

Hart::Hart(HartId hart_id, const HartConfig& hart_config, System& hart_system)
    : system(&hart_system),
      id(hart_id),
      pc(hart_config.reset_pc),
      pmp(hart_config.pmp_entries),
      translation(hart_config.mmu),
      fast_tables(std::make_unique<std::array<FastTable, 4>>()),
      fast_none(std::make_unique<FastTable>()),
      jump_tables(std::make_unique<std::array<JumpTable, 3>>()),
      config(hart_config) {
  scratch.block.linkable = false;
  scratch.block.instructions = 1;
  if (config.svadu && config.adue_reset) csr.menvcfg |= menvcfg::ADUE;
  const auto looks_at_hits = [](mmu::TlbConfig::Replacement r) {
    return r == mmu::TlbConfig::lru || r == mmu::TlbConfig::tree_plru;
  };
  fast_only_last = looks_at_hits(config.mmu.itlb.replacement) || looks_at_hits(config.mmu.dtlb.replacement);
  update_context(*this);
}

System::System(Platform& machine_platform, const HartConfig& config, unsigned hart_count,
               const HandlerSet& handlers)
    : platform(machine_platform),
      ram(machine_platform.ram()),
      code(machine_platform.ram(), config.extensions, handlers),
      ring(hart_count > 1) {
  for (unsigned i = 0; i < hart_count; ++i) harts.push_back(std::make_unique<Hart>(HartId{i}, config, *this));
  for (unsigned i = 0; i < hart_count; ++i) harts[i]->ring_next = harts[(i + 1) % hart_count].get();
  awake = hart_count;
  current = harts[0].get();
}

EventSite System::site(const Hart& hart, std::uint64_t clock, std::uint64_t pc) {
  telling = &hart;
  telling_clock = clock;
  return {hart.id, Cycle{clock}, hart.instret_at(clock), VirtAddr{pc}, hart.privilege, hart.csr.satp};
}

std::uint64_t System::clock_of(const Hart& hart) const {
  if (&hart == telling) return telling_clock;
  const bool between = hart.sleeping || hart.op == nullptr || hart.op == arrival || &hart == current;
  return between || !in_blocks ? hart.clock : hart.clock + hart.op->index;
}

bool System::stores_need_notice(PhysAddr page) const {
  if (code.has_code(page.value)) return true;
  const auto tohost = platform.tohost();
  return tohost && (tohost->value & ~page_offset_mask) == (page.value & ~page_offset_mask);
}

bool System::written(Hart* writer, std::uint64_t now, std::uint64_t physical, unsigned size) {
  bool boundary = false;
  if (code.code_at(physical, size)) {
    code.drop_page(physical);
    if (writer != nullptr) current = writer;
    for (const auto& hart : harts) {
      for (JumpTable& table : *hart->jump_tables) table.clear();
      look_up(*hart);  // it may be suspended within a dropped block
    }
    boundary = true;
  }
  if (reserving_harts != 0) break_reservations(writer, now, physical, size);
  platform.memory_stored(PhysAddr{physical}, size);
  return boundary || stop != Stop::none;
}

void System::break_reservations(const Hart* writer, std::uint64_t now, std::uint64_t physical,
                                std::uint64_t size) {
  for (const auto& hart : harts) {
    if (hart.get() == writer || !hart->reservation_valid) continue;
    if (physical < hart->reservation + reservation_granule && physical + size > hart->reservation) {
      clear_reservation(*hart);
      if (!hart->waits_on_reservation) continue;
      if (writer != nullptr)
        rouse(*hart, now, writer);
      else
        rouse_by_device(*hart);
    }
  }
}

void System::forget_fast_stores() {
  for (const auto& hart : harts) {
    for (FastTable& table : *hart->fast_tables) table.clear_writes();
  }
}

void System::sleep(Hart& hart) {
  hart.sleeping = true;
  --awake;
  if (!ring) return;
  Hart* before = &hart;
  while (before->ring_next != &hart) before = before->ring_next;
  before->ring_next = hart.ring_next;
}

// The woken hart's next instruction is at the earliest (clock, id) slot behind that of the hart that woke it.
void System::wake(Hart& hart, std::uint64_t clock, const Hart* from) {
  if (!hart.sleeping) return;
  hart.sleeping = false;
  hart.waits_on_reservation = false;
  hart.wait_ends = never.value;
  ++awake;
  const std::uint64_t slot = clock + (from != nullptr && hart.id < from->id ? 1 : 0);
  const std::uint64_t start = std::max(slot, hart.clock);  // its wfi may have ended later than that
  hart.counters.wfi_cycles += start - hart.clock;
  hart.unretired += start - hart.clock;
  hart.clock = start;
  if (!ring) return;
  // Insert by id among those awake.
  Hart* before = nullptr;
  for (unsigned i = 1; i < harts.size() && before == nullptr; ++i) {
    Hart* candidate = harts[(hart.id.value + harts.size() - i) % harts.size()].get();
    if (!candidate->sleeping) before = candidate;
  }
  hart.ring_next = before == nullptr ? &hart : before->ring_next;
  if (before != nullptr) before->ring_next = &hart;
}

void System::wait_on_reservation(Hart& hart, std::uint64_t until) {
  current = &hart;
  hart.waits_on_reservation = true;
  hart.wait_ends = until;
  if (until < next_event) deadlines_moved();
}

void System::rouse(Hart& hart, std::uint64_t clock, const Hart* from) {
  wake(hart, clock, from);
  hart.op = arrival;
  set_deadline(hart);
}

void System::rouse_by_device(Hart& hart) {
  if (accessing)
    rouse(hart, access_clock, current);
  else
    rouse(hart, event_clock, event_hart);
}

void System::set_deadline(Hart& hart) {
  if (stop != Stop::none || interrupt_to_take(hart) >= 0) {
    hart.deadline = 0;
    return;
  }
  std::uint64_t deadline = std::min({next_event, clock_limit, poll_at});
  if (instret_limit < never.value - hart.unretired)
    deadline = std::min(deadline, instret_limit + hart.unretired);
  hart.deadline = deadline;
}

void System::look_up(Hart& hart) {
  if (hart.sleeping || hart.op == arrival || hart.op == nullptr || &hart == current) return;
  if (!in_blocks) {  // the observed engine keeps pc and clock exact
    hart.op = nullptr;
    return;
  }
  hart.pc = hart.pc_of(hart.op);
  hart.clock += hart.op->index;
  hart.op = arrival;
}

void System::find_next_event() {
  next_event = platform.next_event().value;
  for (const auto& hart : harts)
    next_event = std::min({next_event, hart->timer_at, hart->hpm.check_at, hart->wait_ends});
}

// Sstc (privileged specification, "Supervisor Timer Register"): STIP follows time >= stimecmp.
void System::set_timer(Hart& hart, std::uint64_t now) {
  hart.timer_at = never.value;
  if (!(hart.csr.menvcfg & menvcfg::STCE)) return;
  const bool reached = platform.mtime(Cycle{now}) >= hart.csr.stimecmp;
  set_line(hart, irq::STI, reached);
  if (!reached) hart.timer_at = platform.clint().cycle_of(hart.csr.stimecmp).value;
}

void System::timer_moved(Hart& hart, std::uint64_t now) {
  set_timer(hart, now);
  deadlines_moved();
}

bool System::counters_need_instructions() const {
  return std::any_of(harts.begin(), harts.end(), [](const auto& hart) { return hart->hpm.each_instruction; });
}

void System::counters_changed(Hart& hart) {
  if (engine_may_change && engine_observes != counters_need_instructions()) end(Stop::engine, 0);
  deadlines_moved();
  set_deadline(hart);
}

void System::handle_events(std::uint64_t clock, bool all_asleep) {
  telling = nullptr;
  event_clock = clock;
  event_hart = all_asleep ? nullptr : current;
  platform.advance(Cycle{clock}, all_asleep);
  for (const auto& hart : harts) {
    if (hart->hpm.check_at <= clock) {
      hpm::check_overflow(*hart, hart->sleeping ? clock : clock_of(*hart));
      interrupts_changed(*hart);
    }
    if (hart->wait_ends <= clock) rouse_by_device(*hart);
    if (hart->timer_at > clock) continue;
    set_timer(*hart, clock);
    interrupts_changed(*hart);
  }
  find_next_event();
}

void System::event_moved() {
  for (const auto& hart : harts) {
    // mtime itself may have been written.
    if (!(hart->csr.menvcfg & menvcfg::STCE)) continue;
    set_timer(*hart, accessing ? access_clock : event_clock);
    interrupts_changed(*hart);
  }
  deadlines_moved();
}

void System::deadlines_moved() {
  find_next_event();
  for (const auto& hart : harts) {
    set_deadline(*hart);
    if (!in_blocks || hart->op == arrival || hart->op == nullptr) continue;
    if (hart->deadline < hart->clock + Block::of(hart->op)->instructions) look_up(*hart);
  }
}

void System::set_interrupt(HartId id, unsigned mip_bit, bool level) {
  Hart& hart = *harts[id.value];
  const bool was = (pending_interrupts(hart) >> mip_bit) & 1;
  set_line(hart, mip_bit, level);
  if (level && !was && (mip_bit == irq::MSI || mip_bit == irq::SSI) && !events.ipis().empty() && accessing) {
    events.emit(events.ipis(),
                IpiEvent{site(*current, access_clock, current->current_pc), id, mip_bit == irq::SSI});
  }
  interrupts_changed(hart);
}

void System::interrupts_changed(Hart& hart) {
  // wrs also heeds interrupts that are not enabled (Zawrs).
  const std::uint64_t heeded = hart.waits_on_reservation ? ~std::uint64_t{0} : hart.csr.mie;
  if (hart.sleeping && (pending_interrupts(hart) & heeded) != 0) rouse_by_device(hart);
  set_deadline(hart);
  if (hart.deadline == 0) look_up(hart);
}

void System::end(Stop reason, int status) {
  if (stop != Stop::none) return;
  stop = reason;
  exit_status = status;
  for (const auto& hart : harts) hart->deadline = 0;
}

}  // namespace hartbeat

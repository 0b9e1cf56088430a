// One hart: its registers, its CSRs and its private caches of translations and code. State only; what it does is in
// the files beside: csr, trap, memory, fetch, view and the two engines.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "emu/hart/block.hpp"
#include "emu/hart/config.hpp"
#include "emu/hart/counters.hpp"
#include "emu/hart/fast_table.hpp"
#include "emu/hart/hpm.hpp"
#include "emu/hart/pmp.hpp"
#include "emu/timing/cycle.hpp"
#include "mmu/mmu.hpp"

namespace hartbeat {

class System;
struct Recorder;
using mmu::Privilege;

// Why a body reported failure: what the engine has to do about it.
enum class Pending : std::uint8_t {
  none,
  trap,      // take Hart::trap
  boundary,  // done, but the block must end here: a device was touched, code or interrupts may have changed
};

struct TrapCause {
  std::uint64_t code = 0;
  std::uint64_t value = 0;  // for mtval/stval
  bool has_walk = false;    // translation.last_walk() tells the story
};

struct JumpEntry {
  std::uint64_t pc = ~std::uint64_t{0};
  Block* block = nullptr;
};

// Virtual pc to block for one privilege: a subset of what the I-TLB holds.
struct JumpTable {
  static constexpr unsigned entries = 1024, most_listed = 32;
  static constexpr unsigned index(std::uint64_t pc) { return (pc >> 1) % entries; }
  std::array<JumpEntry, entries> slots;
  // The slots filled since the last clear(), when they are few: a program that goes from page to page clears often.
  std::array<std::uint16_t, most_listed> listed{};
  unsigned filled = 0;
  // The page that was fetched last, whole RAM and executable, and where it lies: code in it needs no look at the I-TLB either.
  std::uint64_t page = ~std::uint64_t{0}, physical_page = 0;
  void put(std::uint64_t pc, Block* block) {
    slots[index(pc)] = {pc, block};
    if (filled < most_listed) listed[filled] = static_cast<std::uint16_t>(index(pc));
    if (filled <= most_listed) ++filled;
  }
  void clear() {
    if (filled > most_listed)
      slots.fill({});
    else
      for (unsigned i = 0; i < filled; ++i) slots[listed[i]] = {};
    filled = 0;
    page = ~std::uint64_t{0};
  }
};

// The CSRs that are plain storage, in the widths and with the bits that their write functions let through.
struct CsrState {
  std::uint64_t mstatus = 0, medeleg = 0, mideleg = 0, mie = 0, mip = 0, mtvec = 0, mcounteren = 0,
                menvcfg = 0;
  std::uint64_t mscratch = 0, mepc = 0, mcause = 0, mtval = 0, mcountinhibit = 0;
  std::uint64_t stvec = 0, scounteren = 0, senvcfg = 0, sscratch = 0, sepc = 0, scause = 0, stval = 0,
                satp = 0;
  std::uint64_t stimecmp = ~std::uint64_t{0};
  std::uint32_t fflags = 0, frm = 0;
  std::array<std::uint64_t, 4> mstateen{};
  std::uint64_t cycle_offset = 0;                      // mcycle = clock + offset
  std::uint64_t instret_offset = 0;                    // minstret = instret + offset
  std::uint64_t cycle_frozen = 0, instret_frozen = 0;  // values while mcountinhibit holds them
};

struct Hart {
  // --- touched by every instruction
  std::array<std::uint64_t, 33> x{};  // x[32] takes the writes to x0
  std::array<std::uint64_t, 32> f{};
  std::uint64_t page_pc = 0;   // virtual address of the page the current block lies in
  std::uint64_t clock = 0;     // cycles up to the start of the current block (see now())
  std::uint64_t deadline = 0;  // the clock at which the engine must look up from its blocks
  FastTable* fast = nullptr;   // of the current data context
  JumpTable* jump = nullptr;   // of the current privilege
  const Op* op = nullptr;      // next operation, while the hart is suspended in the engine's ring
  Hart* ring_next = nullptr;   // the hart that runs after this one
  System* system = nullptr;

  // --- state
  HartId id;
  Privilege privilege = Privilege::machine;
  bool sleeping = false;  // in wfi or wrs, out of the ring
  bool stopped = false;   // never runs again (the run is over for it)
  std::uint64_t pc = 0;   // valid while the hart is not inside a block
  Pending pending = Pending::none;
  TrapCause trap;
  std::uint64_t slow_value = 0;  // result of a slow load
  PhysAddr last_physical;        // of the last slow access
  std::uint64_t current_pc = 0;  // of the instruction whose slow path runs, for events
  std::uint64_t slow_fetches =
      0;  // instructions whose fetch the I-TLB has counted itself, since the last accounting
  std::uint64_t fetched_in_vain = 0;  // instructions that were fetched but trapped, since the last accounting
  CsrState csr;
  hpm::Counters hpm;
  Pmp pmp;
  std::uint64_t unretired = 0;                       // clock - unretired = instret
  std::uint64_t stats_clock = 0, stats_instret = 0;  // at the last change of privilege
  std::uint64_t timer_at =
      ~std::uint64_t{0};   // clock at which `time` reaches stimecmp (Sstc); never when it has
  bool seip_line = false;  // the PLIC's line; mip shows it or-ed with the software bit
  bool reservation_valid = false;
  std::uint64_t reservation = 0;                // physical address of the reserved granule
  bool waits_on_reservation = false;            // sleeps in wrs: …
  std::uint64_t wait_ends = ~std::uint64_t{0};  // … at most to this clock
  unsigned trap_repeats = 0;                    // traps in a row without a retired instruction
  std::uint64_t instret_at_trap = ~std::uint64_t{0};

  // --- translation
  mmu::TranslationUnit translation;
  mmu::Context data_context;  // of loads and stores as things stand (MPRV, SUM, MXR)
  mmu::Context fetch_context;
  bool fast_only_last =
      false;  // replacement looks at hits: only the last page may bypass the TLB, others rest (rouse_page)
  std::uint64_t last_fast_va = 0;
  std::uint64_t last_fetch_page =
      ~std::uint64_t{0};  // the same for the jump tables: they know code of this page only
  std::unique_ptr<std::array<FastTable, 4>> fast_tables;  // U, S, S with SUM, M
  std::unique_ptr<FastTable> fast_none;                   // always empty: for unusual contexts (MPRV, MXR)
  std::unique_ptr<std::array<JumpTable, 3>> jump_tables;  // U, S, M

  // --- decoding one instruction at a time (page-crossing, or up to a deadline)
  ScratchBlock scratch;

  Recorder* recorder = nullptr;  // set while instructions are observed one by one
  const HartConfig& config;
  HartCounters counters;

  Hart(HartId id, const HartConfig& config, System& system);

  // The clock at the start of `op`; instructions retired before it.
  std::uint64_t now(const Op* op) const { return clock + op->index; }
  // Behind a page's last instruction this is the next page.
  std::uint64_t pc_of(const Op* op) const { return page_pc + op->page_offset; }
  std::uint64_t instret_at(std::uint64_t clock_value) const { return clock_value - unretired; }
  // For people, of a hart that sleeps.
  const char* asleep_in() const { return waits_on_reservation ? "wrs" : "wfi"; }
};

}  // namespace hartbeat

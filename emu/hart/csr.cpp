#include "emu/hart/csr.hpp"

#include "emu/hart/csr_bits.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/system.hpp"
#include "emu/hart/trap.hpp"
#include "emu/isa/csr_names.hpp"

namespace hartbeat {
namespace {

using isa::Csr;
using isa::CsrOp;
using isa::Extension;

constexpr std::uint64_t counter_inhibit_cy = 1, counter_inhibit_ir = 4;

std::uint64_t read_cycle(const Hart& h, std::uint64_t now) {
  return (h.csr.mcountinhibit & counter_inhibit_cy) ? h.csr.cycle_frozen : now + h.csr.cycle_offset;
}

std::uint64_t read_instret(const Hart& h, std::uint64_t now) {
  return (h.csr.mcountinhibit & counter_inhibit_ir) ? h.csr.instret_frozen
                                                    : h.instret_at(now) + h.csr.instret_offset;
}

std::uint64_t read_mstatus(const Hart& h) {
  const bool dirty = (h.csr.mstatus & mstatus::FS) == mstatus::FS;
  return h.csr.mstatus | mstatus::UXL_64 | mstatus::SXL_64 | (dirty ? mstatus::SD : 0);
}

std::uint64_t read_sstatus(const Hart& h) {
  return read_mstatus(h) & (mstatus::supervisor | mstatus::SD | mstatus::UXL_64 * 3 / 2);
}

std::uint64_t read_misa(const Hart& h) {
  std::uint64_t misa = std::uint64_t{2} << 62;
  const auto letter = [&](char c, bool on) { misa |= std::uint64_t{on} << (c - 'A'); };
  letter('I', true);
  letter('M', h.config.extensions.has(Extension::m));
  letter('A', h.config.extensions.has(Extension::a));
  letter('F', h.config.extensions.has(Extension::f));
  letter('D', h.config.extensions.has(Extension::d));
  letter('C', h.config.extensions.has(Extension::c));
  letter('B', h.config.extensions.has(Extension::zba) && h.config.extensions.has(Extension::zbb) &&
                  h.config.extensions.has(Extension::zbs));
  letter('S', h.config.extensions.has(Extension::supervisor));
  letter('U', h.config.extensions.has(Extension::supervisor));
  return misa;
}

// Eight configurations a register; RV64 has the even registers only.
std::uint64_t read_pmpcfg(const Hart& h, unsigned number) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{h.pmp.config(number * 4 + i)} << (8 * i);
  return value;
}

bool between(std::uint16_t address, Csr first, Csr last) {
  return address >= static_cast<std::uint16_t>(first) && address <= static_cast<std::uint16_t>(last);
}
unsigned distance(std::uint16_t address, Csr first) { return address - static_cast<std::uint16_t>(first); }

bool has(const Hart& h, Extension extension) { return h.config.extensions.has(extension); }

// The machine's counters and events are there without Zihpm, too, and then 0.
bool read_hpm(const Hart& h, std::uint64_t now, std::uint16_t address, std::uint64_t& value) {
  if (between(address, Csr::mhpmevent3, Csr::mhpmevent31)) {
    value = h.hpm.event[distance(address, Csr::mhpmevent3) + 3];
    return true;
  }
  const bool user = between(address, Csr::hpmcounter3, Csr::hpmcounter31);
  if (!user && !between(address, Csr::mhpmcounter3, Csr::mhpmcounter31)) return false;
  value = hpm::read_counter(h, now, address & 0x1f);
  return !user || has(h, Extension::zihpm);
}

// False: there is no such CSR.
bool read_ranges(const Hart& h, std::uint64_t now, std::uint16_t address, std::uint64_t& value) {
  value = 0;
  if (between(address, Csr::pmpaddr0, Csr::pmpaddr63)) {
    const unsigned entry = distance(address, Csr::pmpaddr0);
    if (entry < h.pmp.entries()) value = h.pmp.address(entry);
    return h.pmp.entries() != 0;
  }
  if (between(address, Csr::pmpcfg0, Csr::pmpcfg15)) {
    const unsigned number = distance(address, Csr::pmpcfg0);
    if (number % 2 != 0) return false;
    value = read_pmpcfg(h, number);
    return h.pmp.entries() != 0;
  }
  if (between(address, Csr::mstateen0, Csr::mstateen3)) {
    value = h.csr.mstateen[distance(address, Csr::mstateen0)];
    return has(h, Extension::smstateen);
  }
  // None of the state that sstateen could guard is here: the registers are read-only zero.
  if (between(address, Csr::sstateen0, Csr::sstateen3)) return has(h, Extension::smstateen);
  return read_hpm(h, now, address, value);
}

// False: there is no such CSR.
bool read(const Hart& h, std::uint64_t now, std::uint16_t address, std::uint64_t& value) {
  const CsrState& c = h.csr;
  switch (static_cast<Csr>(address)) {
    case Csr::fflags: value = c.fflags; return true;
    case Csr::frm: value = c.frm; return true;
    case Csr::fcsr: value = c.frm << 5 | c.fflags; return true;
    case Csr::cycle: value = read_cycle(h, now); return has(h, Extension::zicntr);
    case Csr::mcycle: value = read_cycle(h, now); return true;
    case Csr::instret: value = read_instret(h, now); return has(h, Extension::zicntr);
    case Csr::minstret: value = read_instret(h, now); return true;
    case Csr::time:
      value = h.system->platform.mtime(Cycle{now});
      return h.config.time_csr && has(h, Extension::zicntr);
    case Csr::sstatus: value = read_sstatus(h); return true;
    case Csr::sie: value = c.mie & c.mideleg; return true;
    case Csr::stvec: value = c.stvec; return true;
    case Csr::scounteren: value = c.scounteren; return true;
    case Csr::senvcfg: value = c.senvcfg; return true;
    case Csr::sscratch: value = c.sscratch; return true;
    case Csr::sepc: value = c.sepc; return true;
    case Csr::scause: value = c.scause; return true;
    case Csr::stval: value = c.stval; return true;
    case Csr::sip: value = pending_interrupts(h) & c.mideleg; return true;
    case Csr::satp: value = c.satp; return true;
    case Csr::scountovf: value = hpm::overflowed(h); return has(h, Extension::sscofpmf);
    case Csr::stimecmp: value = c.stimecmp; return h.config.sstc;
    case Csr::mvendorid: value = h.config.mvendorid; return true;
    case Csr::marchid: value = h.config.marchid; return true;
    case Csr::mimpid: value = h.config.mimpid; return true;
    case Csr::mhartid: value = h.id.value; return true;
    case Csr::mconfigptr: value = h.config.mconfigptr; return true;
    case Csr::mstatus: value = read_mstatus(h); return true;
    case Csr::misa: value = read_misa(h); return true;
    case Csr::medeleg: value = c.medeleg; return true;
    case Csr::mideleg: value = c.mideleg; return true;
    case Csr::mie: value = c.mie; return true;
    case Csr::mtvec: value = c.mtvec; return true;
    case Csr::mcounteren: value = c.mcounteren; return true;
    case Csr::menvcfg: value = c.menvcfg; return true;
    case Csr::mcountinhibit: value = c.mcountinhibit; return true;
    case Csr::mscratch: value = c.mscratch; return true;
    case Csr::mepc: value = c.mepc; return true;
    case Csr::mcause: value = c.mcause; return true;
    case Csr::mtval: value = c.mtval; return true;
    case Csr::mip: value = pending_interrupts(h); return true;
    // No triggers (Sdtrig): selecting one reads back 0 and its type is 0, "no trigger".
    case Csr::tselect:
    case Csr::tdata1:
    case Csr::tdata2:
    case Csr::tdata3: value = 0; return true;
    default: return read_ranges(h, now, address, value);
  }
}

void write_mstatus(Hart& h, std::uint64_t value, std::uint64_t mask) {
  std::uint64_t next = (h.csr.mstatus & ~mask) | (value & mask);
  if ((next & mstatus::MPP) >> mstatus::MPP_shift == 2) {  // reserved: WARL keeps what was there
    next = (next & ~mstatus::MPP) | (h.csr.mstatus & mstatus::MPP);
  }
  h.csr.mstatus = next;
  update_context(h);
  h.system->set_deadline(h);
}

void write_satp(Hart& h, std::uint64_t now, std::uint64_t value) {
  const auto mode = static_cast<mmu::Mode>(value >> 60);
  const bool supported = mode == mmu::Mode::bare || mode == mmu::Mode::sv39 ||
                         (mode == mmu::Mode::sv48 && h.config.sv48) ||
                         (mode == mmu::Mode::sv57 && h.config.sv57);
  if (!supported) return;  // "the entire write has no effect"
  const mmu::Features& features = h.config.mmu.features;
  const std::uint64_t asid_mask = ((std::uint64_t{1} << features.asid_bits) - 1) << 44;
  const std::uint64_t ppn_mask = (std::uint64_t{1} << (features.pa_bits - 12)) - 1;
  const std::uint64_t next = value & (std::uint64_t{0xf} << 60 | asid_mask | ppn_mask);
  const std::uint64_t changed = next ^ h.csr.satp;
  account_privilege(h, now);
  fold_access_counts(h);
  h.csr.satp = next;
  if (changed & ~ppn_mask) {
    // Another address space or mode: the subset caches hold the old one's translations. The TLB keeps them by ASID.
    for (unsigned i = 0; i < 3; ++i) (*h.fast_tables)[i].clear();
    for (unsigned i = 0; i < 2; ++i) (*h.jump_tables)[i].clear();
  }
  update_context(h);
}

void forget_all_translations(Hart& h) {
  for (FastTable& table : *h.fast_tables) table.clear();
  for (JumpTable& table : *h.jump_tables) table.clear();
}

void write_mie(Hart& h, std::uint64_t value, std::uint64_t mask) {
  h.csr.mie = (h.csr.mie & ~mask) | (value & mask);
  h.system->set_deadline(h);
}

void write_mip(Hart& h, std::uint64_t value, std::uint64_t mask) {
  h.csr.mip = (h.csr.mip & ~mask) | (value & mask);
  h.system->set_deadline(h);
}

void write_mcountinhibit(Hart& h, std::uint64_t now, std::uint64_t value) {
  // This instruction still counts, or does not, as things stood before it.
  const std::uint64_t cycle = read_cycle(h, now) + ((h.csr.mcountinhibit & counter_inhibit_cy) ? 0 : 1);
  const std::uint64_t instret = read_instret(h, now) + ((h.csr.mcountinhibit & counter_inhibit_ir) ? 0 : 1);
  constexpr std::uint64_t programmable = 0xfffffff8;
  h.csr.mcountinhibit =
      value & (counter_inhibit_cy | counter_inhibit_ir | (has(h, Extension::zihpm) ? programmable : 0));
  h.csr.cycle_frozen = cycle;
  h.csr.cycle_offset = cycle - (now + 1);
  h.csr.instret_frozen = instret;
  h.csr.instret_offset = instret - (h.instret_at(now) + 1);
  hpm::inhibit_changed(h, now);
}

// CBIE, CBCFE and CBZE, as far as Zicbom and Zicboz are there.
std::uint64_t cache_block_fields(const Hart& h) {
  return (h.config.extensions.has(Extension::zicbom) ? menvcfg::CBIE | menvcfg::CBCFE : 0) |
         (h.config.extensions.has(Extension::zicboz) ? menvcfg::CBZE : 0);
}

// CBIE = 2 is reserved: the field keeps what it held.
std::uint64_t legal_envcfg(std::uint64_t old, std::uint64_t value) {
  constexpr std::uint64_t reserved = 2u << 4;
  return (value & menvcfg::CBIE) == reserved ? (value & ~menvcfg::CBIE) | (old & menvcfg::CBIE) : value;
}

void write_menvcfg(Hart& h, std::uint64_t now, std::uint64_t value) {
  std::uint64_t mask = menvcfg::FIOM | cache_block_fields(h);
  if (h.config.svadu) mask |= menvcfg::ADUE;
  if (h.config.mmu.features.svpbmt) mask |= menvcfg::PBMTE;
  if (h.config.sstc) mask |= menvcfg::STCE;
  const std::uint64_t next = legal_envcfg(h.csr.menvcfg, value) & mask;
  const std::uint64_t changed = h.csr.menvcfg ^ next;
  h.csr.menvcfg = next;
  update_context(h);
  if (changed & menvcfg::STCE) h.system->timer_moved(h, now);
}

void write_ranges(Hart& h, std::uint64_t now, std::uint16_t address, std::uint64_t value) {
  if (between(address, Csr::pmpaddr0, Csr::pmpaddr63)) {
    h.pmp.set_address(distance(address, Csr::pmpaddr0), value);
    forget_all_translations(h);
  } else if (between(address, Csr::pmpcfg0, Csr::pmpcfg15)) {
    const unsigned first = distance(address, Csr::pmpcfg0) * 4;
    for (unsigned i = 0; i < 8; ++i) h.pmp.set_config(first + i, static_cast<std::uint8_t>(value >> (8 * i)));
    forget_all_translations(h);
  } else if (between(address, Csr::mstateen0, Csr::mstateen3)) {
    const unsigned number = distance(address, Csr::mstateen0);
    h.csr.mstateen[number] = value & (number == 0 ? mstateen::SE | mstateen::ENVCFG : mstateen::SE);
  } else if (has(h, Extension::zihpm) && between(address, Csr::mhpmcounter3, Csr::mhpmcounter31)) {
    hpm::write_counter(h, now, address & 0x1f, value);
  } else if (has(h, Extension::zihpm) && between(address, Csr::mhpmevent3, Csr::mhpmevent31)) {
    hpm::write_event(h, now, distance(address, Csr::mhpmevent3) + 3, value);
  }
}

void dirty_float(Hart& h) { h.csr.mstatus |= mstatus::FS; }

void write_float(Hart& h, Csr csr, std::uint64_t value) {
  if (csr != Csr::frm) h.csr.fflags = value & 0x1f;
  if (csr == Csr::frm) h.csr.frm = value & 7;
  if (csr == Csr::fcsr) h.csr.frm = (value >> 5) & 7;
  dirty_float(h);
}

// tvec: direct or vectored, so bit 1 cannot be set; a vectored base is 4-byte aligned like any other here.
std::uint64_t legal_tvec(std::uint64_t value) { return value & ~std::uint64_t{2}; }

// xepc: a multiple of IALIGN, which is 4 bytes without C.
std::uint64_t legal_epc(const Hart& h, std::uint64_t value) {
  return value & ~std::uint64_t{has(h, Extension::c) ? 1u : 3u};
}

std::uint64_t overflow_interrupt(const Hart& h) { return has(h, Extension::sscofpmf) ? irq::LCOFIP : 0; }

void write(Hart& h, std::uint64_t now, std::uint16_t address, std::uint64_t value) {
  CsrState& c = h.csr;
  switch (static_cast<Csr>(address)) {
    case Csr::fflags:
    case Csr::frm:
    case Csr::fcsr: write_float(h, static_cast<Csr>(address), value); return;
    case Csr::sstatus: write_mstatus(h, value, mstatus::supervisor); return;
    case Csr::sie: write_mie(h, value, c.mideleg); return;
    case Csr::stvec: c.stvec = legal_tvec(value); return;
    case Csr::scounteren: c.scounteren = value & 0xffffffff; return;
    case Csr::senvcfg:
      c.senvcfg = legal_envcfg(c.senvcfg, value) & (menvcfg::FIOM | cache_block_fields(h));
      return;
    case Csr::sscratch: c.sscratch = value; return;
    case Csr::sepc: c.sepc = legal_epc(h, value); return;
    case Csr::scause: c.scause = value; return;
    case Csr::stval: c.stval = value; return;
    case Csr::sip: write_mip(h, value, (irq::SSIP | overflow_interrupt(h)) & c.mideleg); return;
    case Csr::satp: write_satp(h, now, value); return;
    case Csr::stimecmp:
      c.stimecmp = value;
      h.system->timer_moved(h, now);
      return;
    case Csr::mstatus: write_mstatus(h, value, mstatus::writable); return;
    case Csr::medeleg: c.medeleg = value & cause::delegable; return;
    case Csr::mideleg:
      c.mideleg = value & (irq::supervisor | overflow_interrupt(h));
      h.system->set_deadline(h);
      return;
    case Csr::mie: write_mie(h, value, irq::all | overflow_interrupt(h)); return;
    case Csr::mtvec: c.mtvec = legal_tvec(value); return;
    case Csr::mcounteren: c.mcounteren = value & 0xffffffff; return;
    case Csr::menvcfg: write_menvcfg(h, now, value); return;
    case Csr::mcountinhibit: write_mcountinhibit(h, now, value); return;
    case Csr::mscratch: c.mscratch = value; return;
    case Csr::mepc: c.mepc = legal_epc(h, value); return;
    case Csr::mcause: c.mcause = value; return;
    case Csr::mtval: c.mtval = value; return;
    case Csr::mip: {
      const bool sstc_drives = (c.menvcfg & menvcfg::STCE) != 0;  // then STIP is read-only
      write_mip(h, value, (irq::supervisor | overflow_interrupt(h)) & ~(sstc_drives ? irq::STIP : 0));
      return;
    }
    case Csr::mcycle:
      c.cycle_frozen = value;
      c.cycle_offset = value - (now + 1);  // the next instruction reads the value written
      return;
    case Csr::minstret:
      c.instret_frozen = value;
      c.instret_offset = value - (h.instret_at(now) + 1);
      return;
    default: write_ranges(h, now, address, value); return;  // misa and the rest: WARL, nothing to change
  }
}

bool counter_enabled(const Hart& h, unsigned counter) {
  if (h.privilege == Privilege::machine) return true;
  if (!((h.csr.mcounteren >> counter) & 1)) return false;
  return h.privilege == Privilege::supervisor || ((h.csr.scounteren >> counter) & 1);
}

bool permitted(const Hart& h, std::uint16_t address, bool writes) {
  if (writes && (address >> 10) == 3) return false;
  if (static_cast<unsigned>(h.privilege) < ((address >> 8) & 3)) return false;
  if (between(address, Csr::cycle, Csr::hpmcounter31)) return counter_enabled(h, address & 0x1f);
  if (between(address, Csr::fflags, Csr::fcsr)) {
    return (h.csr.mstatus & mstatus::FS) != 0 && h.config.extensions.has(Extension::f);
  }
  if (h.privilege == Privilege::machine) return true;
  if (static_cast<Csr>(address) == Csr::satp) return !(h.csr.mstatus & mstatus::TVM);
  // mstateen0: senvcfg and the four sstateen are the machine's to give (Smstateen).
  if (has(h, Extension::smstateen)) {
    if (static_cast<Csr>(address) == Csr::senvcfg) return (h.csr.mstateen[0] & mstateen::ENVCFG) != 0;
    if (between(address, Csr::sstateen0, Csr::sstateen3)) {
      return (h.csr.mstateen[distance(address, Csr::sstateen0)] & mstateen::SE) != 0;
    }
  }
  if (static_cast<Csr>(address) == Csr::stimecmp) {
    constexpr std::uint64_t counteren_tm = 2;
    return (h.csr.menvcfg & menvcfg::STCE) && (h.csr.mcounteren & counteren_tm);
  }
  return true;
}

}  // namespace

bool csr_peek(const Hart& hart, std::uint64_t now, std::uint16_t address, std::uint64_t& value) {
  return read(hart, now, address, value);
}

bool csr_access(Hart& hart, std::uint64_t now, std::uint16_t address, CsrOp op, std::uint64_t source,
                bool reads, bool writes, std::uint64_t& old) {
  if (!permitted(hart, address, writes)) return false;
  if (!read(hart, now, address, old)) return false;
  (void)reads;  // no CSR here has a side effect when read
  if (!writes) return true;
  std::uint64_t base = old;
  // Set and clear of mip act on the software-writable SEIP, not on the line (privileged spec, "mip and mie").
  if (static_cast<Csr>(address) == Csr::mip) base = hart.csr.mip;
  const std::uint64_t value = op == CsrOp::write ? source : op == CsrOp::set ? base | source : base & ~source;
  write(hart, now, address, value);
  return true;
}

void update_context(Hart& h) {
  const std::uint64_t status = h.csr.mstatus;
  mmu::Context context;
  context.mode = static_cast<mmu::Mode>(h.csr.satp >> 60);
  context.asid = static_cast<std::uint16_t>(h.csr.satp >> 44);
  context.root_ppn = h.csr.satp & ((std::uint64_t{1} << 44) - 1);
  context.privilege = h.privilege;
  context.sum = (status & mstatus::SUM) != 0;
  context.mxr = (status & mstatus::MXR) != 0;
  context.hardware_ad = (h.csr.menvcfg & menvcfg::ADUE) != 0;
  context.pbmt_enabled = (h.csr.menvcfg & menvcfg::PBMTE) != 0;
  h.fetch_context = context;
  h.data_context = context;
  const bool machine = h.privilege == Privilege::machine;
  const bool mprv = machine && (status & mstatus::MPRV);
  if (mprv) h.data_context.privilege = static_cast<Privilege>((status & mstatus::MPP) >> mstatus::MPP_shift);

  h.jump = &(*h.jump_tables)[machine ? 2 : static_cast<unsigned>(h.privilege)];
  const bool unusual = (mprv && h.data_context.privilege != Privilege::machine) || (context.mxr && !machine);
  const unsigned table = machine ? 3 : h.privilege == Privilege::user ? 0 : context.sum ? 2 : 1;
  h.fast = unusual ? h.fast_none.get() : &(*h.fast_tables)[table];
}

int interrupt_to_take(const Hart& h) {
  const std::uint64_t ready = pending_interrupts(h) & h.csr.mie;
  if (ready == 0) return -1;
  const std::uint64_t for_machine = ready & ~h.csr.mideleg;
  const std::uint64_t for_supervisor = ready & h.csr.mideleg;
  const bool machine_on = h.privilege != Privilege::machine || (h.csr.mstatus & mstatus::MIE);
  const bool supervisor_on = h.privilege == Privilege::user ||
                             (h.privilege == Privilege::supervisor && (h.csr.mstatus & mstatus::SIE));
  const std::uint64_t taken = machine_on && for_machine ? for_machine : supervisor_on ? for_supervisor : 0;
  // Order of priority: MEI, MSI, MTI, SEI, SSI, STI, LCOFI.
  for (const unsigned code : {irq::MEI, irq::MSI, irq::MTI, irq::SEI, irq::SSI, irq::STI, irq::LCOFI}) {
    if ((taken >> code) & 1) return static_cast<int>(code);
  }
  return -1;
}

void set_line(Hart& h, unsigned bit, bool level) {
  if (bit == irq::SEI) {
    h.seip_line = level;
  } else if (level) {
    h.csr.mip |= std::uint64_t{1} << bit;
  } else {
    h.csr.mip &= ~(std::uint64_t{1} << bit);
  }
}

}  // namespace hartbeat

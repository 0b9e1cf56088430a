// Names and addresses of the control and status registers (privileged spec 1.13, chapter 2).
//
// A family of numbered registers (hpmcounter, sstateen, pmpcfg, pmpaddr, mhpmevent …) has its first and last
// member here; those between follow by address. That a register has a name does not say that the machine has
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hartbeat::isa {

enum class Csr : std::uint16_t {
  // Unprivileged: floating point, counters
  fflags = 0x001,
  frm = 0x002,
  fcsr = 0x003,
  seed = 0x015,
  jvt = 0x017,
  cycle = 0xc00,
  time = 0xc01,
  instret = 0xc02,
  hpmcounter3 = 0xc03,
  hpmcounter31 = 0xc1f,
  // Supervisor
  sstatus = 0x100,
  sie = 0x104,
  stvec = 0x105,
  scounteren = 0x106,
  senvcfg = 0x10a,
  sstateen0 = 0x10c,
  sstateen3 = 0x10f,
  scountinhibit = 0x120,
  sscratch = 0x140,
  sepc = 0x141,
  scause = 0x142,
  stval = 0x143,
  sip = 0x144,
  stimecmp = 0x14d,
  siselect = 0x150,
  sireg = 0x151,
  stopei = 0x15c,
  satp = 0x180,
  srmcfg = 0x181,
  scontext = 0x5a8,
  scountovf = 0xda0,
  stopi = 0xdb0,
  // Machine: information
  mvendorid = 0xf11,
  marchid = 0xf12,
  mimpid = 0xf13,
  mhartid = 0xf14,
  mconfigptr = 0xf15,
  // Machine: traps
  mstatus = 0x300,
  misa = 0x301,
  medeleg = 0x302,
  mideleg = 0x303,
  mie = 0x304,
  mtvec = 0x305,
  mcounteren = 0x306,
  mscratch = 0x340,
  mepc = 0x341,
  mcause = 0x342,
  mtval = 0x343,
  mip = 0x344,
  mtinst = 0x34a,
  mtval2 = 0x34b,
  miselect = 0x350,
  mireg = 0x351,
  mtopei = 0x35c,
  mtopi = 0xfb0,
  // Machine: configuration
  menvcfg = 0x30a,
  mseccfg = 0x747,
  mstateen0 = 0x30c,
  mstateen3 = 0x30f,
  pmpcfg0 = 0x3a0,
  pmpcfg15 = 0x3af,
  pmpaddr0 = 0x3b0,
  pmpaddr63 = 0x3ef,
  // Machine: counters
  mcycle = 0xb00,
  minstret = 0xb02,
  mhpmcounter3 = 0xb03,
  mhpmcounter31 = 0xb1f,
  mcountinhibit = 0x320,
  mcyclecfg = 0x321,
  minstretcfg = 0x322,
  mhpmevent3 = 0x323,
  mhpmevent31 = 0x33f,
  // Machine: resumable non-maskable interrupts
  mnscratch = 0x740,
  mnepc = 0x741,
  mncause = 0x742,
  mnstatus = 0x744,
  // Debug and trace
  tselect = 0x7a0,
  tdata1 = 0x7a1,
  tdata2 = 0x7a2,
  tdata3 = 0x7a3,
  tinfo = 0x7a4,
  tcontrol = 0x7a5,
  mcontext = 0x7a8,
  dcsr = 0x7b0,
  dpc = 0x7b1,
  dscratch0 = 0x7b2,
  dscratch1 = 0x7b3,
};

constexpr std::uint16_t address_of(Csr csr) { return static_cast<std::uint16_t>(csr); }

// The register's name, or its address in hexadecimal ("0x7c0") when it has none here. Only the low 12 bits
// count.
std::string csr_name(std::uint16_t address);

// The address behind a name that csr_name gives, its hexadecimal form included.
std::optional<std::uint16_t> csr_address(std::string_view name);

}  // namespace hartbeat::isa

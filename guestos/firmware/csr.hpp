// Control and status registers by the names of the privileged specification, and how to read and write them.
#pragma once

#include <cstdint>

namespace hartbeat::firmware {

enum class Csr : unsigned {
  stvec = 0x105,
  scounteren = 0x106,
  sepc = 0x141,
  scause = 0x142,
  stval = 0x143,
  stimecmp = 0x14d,
  satp = 0x180,
  mstatus = 0x300,
  misa = 0x301,
  medeleg = 0x302,
  mideleg = 0x303,
  mie = 0x304,
  mtvec = 0x305,
  mcounteren = 0x306,
  menvcfg = 0x30a,
  mstateen0 = 0x30c,
  mcountinhibit = 0x320,
  mscratch = 0x340,
  mepc = 0x341,
  mcause = 0x342,
  mtval = 0x343,
  mip = 0x344,
  pmpcfg0 = 0x3a0,
  pmpaddr0 = 0x3b0,
  time = 0xc01,
  scountovf = 0xda0,
  mvendorid = 0xf11,
  marchid = 0xf12,
  mimpid = 0xf13,
  mhartid = 0xf14,
};

template <Csr number>
inline std::uint64_t read_csr() {
  std::uint64_t value;
  asm volatile("csrr %0, %1" : "=r"(value) : "i"(static_cast<unsigned>(number)) : "memory");
  return value;
}

template <Csr number>
inline void write_csr(std::uint64_t value) {
  asm volatile("csrw %0, %1" : : "i"(static_cast<unsigned>(number)), "r"(value) : "memory");
}

template <Csr number>
inline void set_csr_bits(std::uint64_t bits) {
  asm volatile("csrs %0, %1" : : "i"(static_cast<unsigned>(number)), "r"(bits) : "memory");
}

template <Csr number>
inline void clear_csr_bits(std::uint64_t bits) {
  asm volatile("csrc %0, %1" : : "i"(static_cast<unsigned>(number)), "r"(bits) : "memory");
}

// mstatus and sstatus (privileged specification, 3.1.6).
namespace status {
inline constexpr std::uint64_t sie = 1u << 1;
inline constexpr std::uint64_t mie = 1u << 3;
inline constexpr std::uint64_t spie = 1u << 5;
inline constexpr std::uint64_t mpie = 1u << 7;
inline constexpr std::uint64_t spp = 1u << 8;
inline constexpr std::uint64_t mpp = 3u << 11;
inline constexpr std::uint64_t mpp_supervisor = 1u << 11;
inline constexpr std::uint64_t fs_dirty = 3u << 13;
inline constexpr std::uint64_t mprv = 1u << 17;
inline constexpr std::uint64_t sum = 1u << 18;
inline constexpr std::uint64_t mxr = 1u << 19;
inline constexpr std::uint64_t tvm_tw_tsr = 7u << 20;
}  // namespace status

// mip, mie and mideleg (3.1.9).
namespace interrupt {
inline constexpr std::uint64_t ssi = 1u << 1;
inline constexpr std::uint64_t msi = 1u << 3;
inline constexpr std::uint64_t sti = 1u << 5;
inline constexpr std::uint64_t mti = 1u << 7;
inline constexpr std::uint64_t sei = 1u << 9;
inline constexpr std::uint64_t counter_overflow = 1u << 13;
inline constexpr std::uint64_t cause_bit = 1ull << 63;  // in mcause
inline constexpr unsigned msi_cause = 3;
inline constexpr unsigned mti_cause = 7;
}  // namespace interrupt

// mcause (3.1.15, table of exception codes).
namespace cause {
inline constexpr std::uint64_t instruction_access_fault = 1;
inline constexpr std::uint64_t illegal_instruction = 2;
inline constexpr std::uint64_t load_misaligned = 4;
inline constexpr std::uint64_t load_access_fault = 5;
inline constexpr std::uint64_t store_misaligned = 6;
inline constexpr std::uint64_t supervisor_call = 9;
inline constexpr std::uint64_t instruction_page_fault = 12;
inline constexpr std::uint64_t load_page_fault = 13;
}  // namespace cause

inline unsigned this_hart_id() { return static_cast<unsigned>(read_csr<Csr::mhartid>()); }

}  // namespace hartbeat::firmware

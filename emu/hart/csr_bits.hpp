// Bits of the machine- and supervisor-level CSRs, named as in the privileged specification.
#pragma once

#include <cstdint>

namespace hartbeat {

namespace mstatus {
inline constexpr std::uint64_t SIE = 1u << 1, MIE = 1u << 3, SPIE = 1u << 5, MPIE = 1u << 7, SPP = 1u << 8;
inline constexpr unsigned MPP_shift = 11;
inline constexpr std::uint64_t MPP = 3u << MPP_shift, FS = 3u << 13, FS_initial = 1u << 13;
inline constexpr std::uint64_t MPRV = 1u << 17, SUM = 1u << 18, MXR = 1u << 19, TVM = 1u << 20, TW = 1u << 21;
inline constexpr std::uint64_t TSR = 1u << 22;
inline constexpr std::uint64_t UXL_64 = std::uint64_t{2} << 32, SXL_64 = std::uint64_t{2} << 34;
inline constexpr std::uint64_t SD = std::uint64_t{1} << 63;
inline constexpr std::uint64_t writable =
    SIE | MIE | SPIE | MPIE | SPP | MPP | FS | MPRV | SUM | MXR | TVM | TW | TSR;
inline constexpr std::uint64_t supervisor = SIE | SPIE | SPP | FS | SUM | MXR;  // writable through sstatus
}  // namespace mstatus

namespace irq {
inline constexpr unsigned SSI = 1, MSI = 3, STI = 5, MTI = 7, SEI = 9, MEI = 11, LCOFI = 13;
inline constexpr std::uint64_t SSIP = 1u << SSI, MSIP = 1u << MSI, STIP = 1u << STI, MTIP = 1u << MTI;
inline constexpr std::uint64_t SEIP = 1u << SEI, MEIP = 1u << MEI;
inline constexpr std::uint64_t LCOFIP = 1u << LCOFI;  // Sscofpmf
inline constexpr std::uint64_t supervisor = SSIP | STIP | SEIP;
inline constexpr std::uint64_t all = supervisor | MSIP | MTIP | MEIP;
}  // namespace irq

namespace menvcfg {
inline constexpr std::uint64_t FIOM = 1, CBIE = 3u << 4, CBCFE = 1u << 6, CBZE = 1u << 7;
inline constexpr std::uint64_t ADUE = std::uint64_t{1} << 61, PBMTE = std::uint64_t{1} << 62;
inline constexpr std::uint64_t STCE = std::uint64_t{1} << 63;
}  // namespace menvcfg

// mstateen0 (Smstateen). Of what it guards only senvcfg and sstateen0 are here.
namespace mstateen {
inline constexpr std::uint64_t ENVCFG = std::uint64_t{1} << 62, SE = std::uint64_t{1} << 63;
}  // namespace mstateen

// Exception codes (mcause, scause).
namespace cause {
inline constexpr std::uint64_t fetch_misaligned = 0, fetch_access = 1, illegal_instruction = 2,
                               breakpoint = 3;
inline constexpr std::uint64_t load_misaligned = 4, load_access = 5, store_misaligned = 6, store_access = 7;
inline constexpr std::uint64_t ecall_from_u = 8, ecall_from_s = 9, ecall_from_m = 11;
inline constexpr std::uint64_t fetch_page_fault = 12, load_page_fault = 13, store_page_fault = 15;
// Exceptions that medeleg can delegate: all that exist but the environment call from M-mode.
inline constexpr std::uint64_t delegable = 0xb3ff;
inline constexpr std::uint64_t interrupt_bit = std::uint64_t{1} << 63;
}  // namespace cause

}  // namespace hartbeat

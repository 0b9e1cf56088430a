// A page-table entry's bits, named as in the privileged specification (figure "Sv39 page table entry"; Sv48
// and Sv57 use the same layout).
#pragma once

#include <cstdint>

namespace hartbeat::mmu::pte {

inline constexpr std::uint64_t V = 1 << 0;
inline constexpr std::uint64_t R = 1 << 1;
inline constexpr std::uint64_t W = 1 << 2;
inline constexpr std::uint64_t X = 1 << 3;
inline constexpr std::uint64_t U = 1 << 4;
inline constexpr std::uint64_t G = 1 << 5;
inline constexpr std::uint64_t A = 1 << 6;
inline constexpr std::uint64_t D = 1 << 7;
inline constexpr std::uint64_t RSW = std::uint64_t{3} << 8;           // left to supervisor software
inline constexpr std::uint64_t reserved = std::uint64_t{0x7f} << 54;  // bits 60:54
inline constexpr std::uint64_t PBMT = std::uint64_t{3} << 61;         // Svpbmt: 0 PMA, 1 NC, 2 IO, 3 reserved
inline constexpr std::uint64_t N = std::uint64_t{1} << 63;            // Svnapot

inline constexpr unsigned ppn_shift = 10;
inline constexpr unsigned pbmt_shift = 61;
inline constexpr std::uint64_t ppn_mask = (std::uint64_t{1} << 44) - 1;

constexpr std::uint64_t ppn(std::uint64_t entry) { return (entry >> ppn_shift) & ppn_mask; }

}  // namespace hartbeat::mmu::pte

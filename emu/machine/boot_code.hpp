// The code in the boot ROM: what every hart executes first, with the registers that RISC-V boot protocols
// agree on.
#pragma once

#include <cstdint>
#include <vector>

namespace hartbeat {

struct BootTarget {
  std::uint64_t entry = 0;        // where every hart goes, in M-mode
  std::uint64_t next = 0;         // for OpenSBI's fw_dynamic: what it enters in S-mode
  std::uint64_t device_tree = 0;  // physical address
};

// a0 = hart id, a1 = device tree, a2 = fw_dynamic_info of OpenSBI, version 2 (firmware/README of OpenSBI),
// then `entry`.
std::vector<std::uint8_t> boot_code(const BootTarget& target);

// Where the fw_dynamic_info is in it, in bytes.
inline constexpr std::uint64_t boot_info_offset = 40;

}  // namespace hartbeat

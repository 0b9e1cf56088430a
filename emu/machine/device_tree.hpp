// The machine's flattened device tree, generated from its configuration with the bindings of QEMU's virt
// board.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emu/machine/config.hpp"

namespace hartbeat {

struct BootChoices {
  std::string bootargs{};
  std::uint64_t initrd_start = 0, initrd_end = 0;  // physical addresses; equal: there is none
  std::uint64_t firmware_start = 0,
                firmware_end = 0;  // to be left alone by S-mode, unless the firmware says so itself
};

// A complete blob (Devicetree Specification 0.4, chapter 5), about 4 KiB and 1 KiB a hart.
std::vector<std::uint8_t> device_tree(const MachineConfig& config, const BootChoices& choices);

}  // namespace hartbeat

// The cycle model's part of a machine's configuration: its keys, and which machines it can time.
#pragma once

#include "emu/machine/config.hpp"
#include "emu/machine/config_reader.hpp"

namespace hartbeat {

// Reads `timing`, `core.…` and `memory.…` but its size.
void read_timing(ConfigReader& reader, MachineConfig& config);

// Throws UserError when the machine has something that its cycle model does not model, with the reason.
void require_timeable(const ConfigReader& reader, const MachineConfig& config);

}  // namespace hartbeat

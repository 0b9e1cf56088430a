// The configuration of a machine: TOML files in configs/machines, some of them bundled in the program, with
// overrides. docs/configuration.md lists every key; config.cpp is where each is read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emu/devices/platform.hpp"
#include "emu/hart/config.hpp"
#include "emu/timing/cva6/parameters.hpp"

namespace hartbeat {

// Where harts start.
enum class ResetTarget : std::uint8_t {
  rom,      // in the boot ROM, which sets the registers of the boot protocol and jumps to the image's entry
  program,  // at the image's entry, with those registers set already: no instruction but the image's own
};

struct MachineConfig {
  std::string name = "virt";
  std::string description;
  std::string isa;                    // canonical ISA string, e.g. rv64imafdc_zicsr_…, for the device tree
  std::string timing = "none";        // name of the timing model: none, cva6
  timing::cva6::Cva6Parameters cva6;  // of that model
  ResetTarget reset = ResetTarget::rom;
  HartConfig hart;
  PlatformConfig platform;  // harts, memory, clocks; the run fills in disks and consoles
};

// Loads a machine by the name of a bundled one or by a file's path (anything with '/' or '.'), then applies
// overrides "dotted.key=value" in order. Throws UserError with file, line and key for anything unknown, of
// the wrong type, out of range, or impossible to build.
MachineConfig load_machine(const std::string& name_or_path, std::span<const std::string> overrides = {});
// The same from text; `origin` names it in messages.
MachineConfig parse_machine(const std::string& name, const std::string& origin, std::string_view toml,
                            std::span<const std::string> overrides = {});

struct BundledMachine {
  std::string_view name;
  std::string_view toml;
};
// The machines in the program, by name.
std::span<const BundledMachine> bundled_machines();

// "64M", "2GiB", "4096" in bytes; units are powers of 1024. Throws UserError, beginning with `what`.
std::uint64_t parse_size(std::string_view text, const std::string& what);

}  // namespace hartbeat

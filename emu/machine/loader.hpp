// From what the user names to what lies in memory at reset: program, firmware, kernel, initial archive,
// device tree.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emu/devices/platform.hpp"
#include "emu/machine/boot_code.hpp"
#include "emu/machine/bundle.hpp"
#include "emu/machine/config.hpp"
#include "emu/machine/elf.hpp"

namespace hartbeat {

// What to run. Paths are of the host; empty means not given.
struct RunRequest {
  std::string program{};                   // bare-metal or kernel ELF, or a Linux ELF for the guest OS
  std::vector<std::string> arguments{};    // of a Linux program, without its name
  std::vector<std::string> environment{};  // of a Linux program, "NAME=value"
  std::string firmware{};                  // ELF or raw binary; "none": the program starts in M-mode
  std::string kernel{};                    // ELF, Linux Image, or raw binary, entered at 0x8020_0000
  std::string initrd{};                    // archive; for a Linux program its entries are added to
  std::string root{};                      // directory that becomes / of a Linux program
  std::string append{};                    // kernel command line
  std::string user_append{};               // the same, of the guest OS that runs a Linux program
  std::string device_tree{};               // blob to use instead of the generated one
};

// Bytes to copy to RAM before reset.
struct Placement {
  PhysAddr address;
  std::span<const std::uint8_t> bytes;  // owned by the Image
};

// Everything for one boot. Owns its bytes; moves, does not copy.
struct Image {
  Image() = default;
  Image(Image&&) = default;
  Image& operator=(Image&&) = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  std::vector<Placement> placements;
  BootTarget target;  // what the boot ROM enters
  std::vector<std::uint8_t> boot_rom;
  std::vector<std::uint8_t> device_tree;
  bool user_program = false;                 // a Linux program on the guest OS; otherwise a system of its own
  std::optional<PhysAddr> tohost, fromhost;  // of a bare-metal program that has the symbols
  std::vector<ElfFile> files;                // in the order program, kernel, firmware: where symbols are
  std::vector<std::vector<std::uint8_t>> blobs;
};

// Reads the files and lays them out: firmware and programs where their headers say, a kernel image at
// 0x8020_0000, archive and device tree at the top of RAM (below 4 GiB). Throws UserError for whatever cannot
// be loaded or overlaps.
Image load(const MachineConfig& config, const RunRequest& request, const BundledImages& bundle);

// Copies an image into a platform at reset, and watches its HTIF words.
void place(const Image& image, Platform& platform);

}  // namespace hartbeat

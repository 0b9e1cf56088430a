// The firmware and the kernel of the guest OS that travel in the program.
#pragma once

#include <cstdint>
#include <span>

namespace hartbeat {

// ELF files; empty in a program that was built without guests (HARTBEAT_GUESTS=OFF).
struct BundledImages {
  std::span<const std::uint8_t> firmware;
  std::span<const std::uint8_t> kernel;
};
BundledImages bundled_images();

}  // namespace hartbeat

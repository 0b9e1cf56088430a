#include "emu/machine/bundle.hpp"

// Defined in bundled_images.S.
extern "C" const std::uint8_t hartbeat_firmware_begin[], hartbeat_firmware_end[], hartbeat_kernel_begin[],
    hartbeat_kernel_end[];

namespace hartbeat {

BundledImages bundled_images() {
  return {{hartbeat_firmware_begin, hartbeat_firmware_end}, {hartbeat_kernel_begin, hartbeat_kernel_end}};
}

}  // namespace hartbeat

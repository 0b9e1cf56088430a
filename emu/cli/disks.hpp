// Host files as the guest's disks.
#pragma once

#include <string>

#include "emu/devices/platform.hpp"

namespace hartbeat::cli {

// "FILE" or "FILE,rw". Throws UserError when the file cannot be opened or is no disk.
DiskSlot open_disk(const std::string& text);

}  // namespace hartbeat::cli

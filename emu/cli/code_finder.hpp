// Which file an address of the guest's code belongs to, for a run.
#pragma once

#include "emu/machine/loader.hpp"
#include "emu/observe/code_finder.hpp"

namespace hartbeat::cli {

// The image's files, without their bytes being copied: `image` must outlive them.
std::vector<std::shared_ptr<const ElfFile>> files_of(const Image& image);

// In the image's files and under --root. `image` must outlive it.
observe::FindCode code_finder(const Image& image, const RunRequest& request);

}  // namespace hartbeat::cli

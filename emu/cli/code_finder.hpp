// Which file an address of the guest's code belongs to.
#pragma once

#include "emu/machine/loader.hpp"
#include "emu/observe/cow_attribution.hpp"

namespace hartbeat::cli {

// Looks in the image's files (the program, kernel and firmware), and for programs that the guest executes under
// --root. Reads a file's symbols when it is first asked about it. `image` must outlive it.
observe::FindCode code_finder(const Image& image, const RunRequest& request);

}  // namespace hartbeat::cli

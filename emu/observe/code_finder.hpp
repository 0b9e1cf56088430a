// Which file an address of the guest's code belongs to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emu/machine/elf.hpp"
#include "emu/observe/cow_attribution.hpp"

namespace hartbeat::observe {

// Looks in the files of a run (program, kernel, firmware), and for programs that the guest executes under the host's
// directory `root`, if there is one. Reads a file's symbols when it is first asked about it.
FindCode code_finder(std::vector<std::shared_ptr<const ElfFile>> files, std::string root);

}  // namespace hartbeat::observe

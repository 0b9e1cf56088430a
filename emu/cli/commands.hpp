// The commands of the program. Each returns the exit status and throws UserError for mistakes of the user.
#pragma once

#include "emu/cli/options.hpp"

namespace hartbeat::cli {

int run(const RunOptions& options);
int report(const ReportOptions& options);
int machines(const MachinesOptions& options);
int disasm(const DisasmOptions& options);

}  // namespace hartbeat::cli

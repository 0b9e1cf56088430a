#include <fmt/format.h>

#include <iostream>

#include "emu/cli/commands.hpp"
#include "emu/machine/config.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat::cli {

int machines(const MachinesOptions& options) {
  if (options.name.empty()) {
    for (const BundledMachine& machine : bundled_machines()) {
      std::cout << fmt::format("{:<12} {}\n", machine.name,
                               load_machine(std::string(machine.name)).description);
    }
    return 0;
  }
  for (const BundledMachine& machine : bundled_machines()) {
    if (machine.name != options.name) continue;
    std::cout << machine.toml;
    return 0;
  }
  throw UserError(
      fmt::format("there is no bundled machine \"{}\"; hartbeat machines lists them", options.name));
}

}  // namespace hartbeat::cli

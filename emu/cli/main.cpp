// hartbeat: the program. Parses the command line, runs the command, turns mistakes into messages.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <iostream>
#include <new>

#include "emu/cli/commands.hpp"
#include "emu/machine/user_error.hpp"

namespace {

using namespace hartbeat;

int dispatch(const cli::Options& options) {
  switch (options.command) {
    case cli::Command::run: return cli::run(options.run);
    case cli::Command::report: return cli::report(options.report);
    case cli::Command::machines: return cli::machines(options.machines);
    case cli::Command::disasm: return cli::disasm(options.disasm);
    case cli::Command::none: break;
  }
  return options.exit_status;
}

void set_up_log(bool verbose) {
  spdlog::set_default_logger(spdlog::stderr_color_st("hartbeat"));
  spdlog::set_pattern("%n: %v");
  spdlog::set_level(verbose ? spdlog::level::info : spdlog::level::warn);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const cli::Options options = cli::parse_options(argc, argv);
    set_up_log(options.verbose);
    return dispatch(options);
  } catch (const UserError& error) {
    std::cerr << "hartbeat: " << error.what() << '\n';
  } catch (const std::bad_alloc&) {
    std::cerr << "hartbeat: the host has not enough memory or address space for this machine; try a smaller "
                 "--memory\n";
  } catch (const std::exception& error) {
    std::cerr << "hartbeat: internal error: " << error.what() << '\n';
    return 70;
  }
  return UserError::exit_status;
}

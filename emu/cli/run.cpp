#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "emu/cli/commands.hpp"
#include "emu/cli/console_keys.hpp"
#include "emu/cli/disks.hpp"
#include "emu/cli/host_limits.hpp"
#include "emu/cli/reporting.hpp"
#include "emu/cli/status_line.hpp"
#include "emu/cli/terminal.hpp"
#include "emu/cli/traces.hpp"
#include "emu/cli/user_network.hpp"
#include "emu/machine/bundle.hpp"
#include "emu/machine/device_tree.hpp"
#include "emu/machine/machine.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat::cli {
namespace {

constexpr int limit_status = 124, broken_status = 125, interrupted_status = 130;

MachineConfig configure(const RunOptions& options) {
  std::string machine = options.machine;
  const bool cycles =
      std::find(options.overrides.begin(), options.overrides.end(), "timing=cva6") != options.overrides.end();
  if (machine.empty()) machine = cycles ? "cva6" : "virt";
  MachineConfig config = load_machine(machine, options.overrides);
  const bool region = !options.timing_from.empty() || !options.timing_to.empty() || options.timing_warm != 0;
  if (region && config.timing == "none")
    throw UserError("--timing-from, --timing-to and --timing-warm are for a cycle model: give --timing cva6");
  return config;
}

// Somebody sits in front of a Linux program: the guest's console is to be a terminal, too.
bool is_interactive() { return ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO); }

// The boot argument that says so to the bundled guest OS, with the size of the window.
std::string terminal_argument() {
  const virtio::WindowSize window = window_size();
  return window.rows != 0 ? fmt::format(" tty={}x{}", window.rows, window.columns) : " tty";
}

// A terminal is not waited for: ^C must come through while the guest computes. Only a terminal has a size, so that a run
// with other input does not depend on one. A system of its own posts buffers whether it wants input or not, and would take
// one that comes back empty for a reason to post the next.
ConsoleSlot console_on_standard_streams(bool user_program) {
  std::function<virtio::WindowSize()> window;
  if (is_interactive()) window = window_size;
  return {STDIN_FILENO, STDOUT_FILENO, {user_program && !is_interactive(), user_program, window}};
}

// What sits on the board. A Linux program has the host's three streams; a system of its own has the serial line, or a virtio
// console, beside which what comes out of the serial line is still seen.
void plug_in(const RunOptions& options, bool user_program, PlatformConfig& platform) {
  if (user_program) {
    platform.uart_input = -1;
    platform.uart_output = STDERR_FILENO;  // the kernel's own messages
    platform.virtio = {console_on_standard_streams(true), ConsoleSlot{-1, STDERR_FILENO, {}}, EntropySlot{}};
  } else {
    platform.uart_input = options.console == "virtio" ? -1 : STDIN_FILENO;
    platform.uart_output = STDOUT_FILENO;
  }
  for (const std::string& disk : options.disks) platform.virtio.emplace_back(open_disk(disk));
  if (!options.network.empty() && options.network != "none")
    platform.virtio.emplace_back(NetworkSlot{open_user_network(parse_port_forwards(options.network))});
  if (!user_program && options.console == "virtio")
    platform.virtio.emplace_back(console_on_standard_streams(false));
  if (platform.virtio.size() > virtio::Transport::slots) {
    throw UserError(fmt::format("{} disks are too many; this machine has room for {}", options.disks.size(),
                                virtio::Transport::slots - (platform.virtio.size() - options.disks.size())));
  }
  const bool room = platform.virtio.size() < virtio::Transport::slots;
  if (!user_program && room) platform.virtio.emplace_back(EntropySlot{});
}

int dump_device_tree(const RunOptions& options, const MachineConfig& config) {
  const RunRequest& request = options.request;
  const bool nothing_to_load = request.program.empty() && request.kernel.empty() && request.firmware.empty();
  write_file(options.dump_dtb, nothing_to_load ? device_tree(config, {.bootargs = request.append})
                                               : load(config, request, bundled_images()).device_tree);
  return 0;
}

void tell_layout(const MachineConfig& config, const Image& image) {
  spdlog::info("machine {}: {} harts, {} MiB, {}", config.name, config.platform.harts,
               config.platform.memory >> 20, config.isa);
  for (const ElfFile& file : image.files) spdlog::info("{}: entry {:#x}", file.name(), file.entry());
  for (const Placement& placement : image.placements) {
    spdlog::info("{:#x}: {} bytes", placement.address.value, placement.bytes.size());
  }
}

TimingPoint timing_point(const std::string& text, const std::string& option, const Image& image) {
  if (text.empty()) return {};
  std::string symbol;
  TimingPoint point = parse_timing_point(text, option, symbol);
  if (symbol.empty()) return point;
  for (const ElfFile& file : image.files) {
    if (const auto address = file.symbol(symbol)) {
      point.value = *address;
      return point;
    }
  }
  throw UserError(fmt::format("{} {}: none of the loaded files has this symbol", option, text));
}

struct Ending {
  int status;
  std::string sentence;
};

// Statuses of the host's shell have eight bits; a failure must not become a success in them.
int shell_status(int guest_status) {
  const int low = guest_status & 0xff;
  return guest_status != 0 && low == 0 ? 1 : low;
}

Ending describe(const RunResult& result, const HostLimits& limits, bool trace_failed) {
  if (result.stop == Stop::power_off) {
    return {shell_status(result.exit_status),
            fmt::format("the guest ended the run with status {}", result.exit_status)};
  }
  if (trace_failed)
    return {UserError::exit_status, "a trace could not be written, and --trace-error is stop"};
  if (limits.interrupted()) return {interrupted_status, "interrupted by a signal"};
  if (limits.timed_out()) return {limit_status, "the time of --timeout was up"};
  switch (result.stop) {
    case Stop::reset: return {0, "the guest asked for a reset"};
    case Stop::deadlock: return {broken_status, "every hart sleeps and nothing will wake one"};
    case Stop::trap_loop:
      return {broken_status, "a hart traps again and again without retiring an instruction"};
    default: return {limit_status, "the limit of --max-cycles or --max-instret was reached"};
  }
}

}  // namespace

int run(const RunOptions& options) {
  MachineConfig config = configure(options);
  if (!options.dump_dtb.empty()) return dump_device_tree(options, config);
  RunRequest request = options.request;
  if (is_interactive()) request.user_append = terminal_argument();
  const Image image = load(config, request, bundled_images());
  HostLimits host_limits(options.timeout);
  plug_in(options, image.user_program, config.platform);
  StatusLine status(!options.quiet);
  config.platform.before_output = [&status](bool ends_line) { status.make_way(ends_line); };
  config.platform.gives_up_waiting = [&host_limits] { return host_limits.reached(); };
  tell_layout(config, image);

  Machine machine(config);
  machine.boot(image);
  std::optional<RawTerminal> terminal;
  if (!image.user_program || is_interactive()) terminal.emplace(image.user_program);
  if (terminal && terminal->active()) {
    machine.platform().enable_escape_keys([&machine](std::uint8_t key) { return console_key(machine, key); });
  }
  Traces traces(options, image, machine);
  Reporting reporting(options, machine, image, traces.wants_report());

  if (!options.timing_from.empty() || !options.timing_to.empty() || options.timing_warm != 0) {
    machine.time_only({timing_point(options.timing_from, "--timing-from", image),
                       timing_point(options.timing_to, "--timing-to", image), options.timing_warm});
  }

  RunLimits limits{options.max_cycles, options.max_instret, [&] {
                     machine.platform().flush();  // what is printed without a line feed is seen in time
                     status.update(machine);
                     return !host_limits.reached() && !traces.stops_run();
                   }};
  const RunResult result = machine.run(limits);
  status.erase();
  terminal.reset();
  const Ending ending = describe(result, host_limits, traces.stops_run());
  if (result.stop != Stop::power_off && !options.quiet) spdlog::warn("{}", ending.sentence);
  if (!result.diagnosis.empty()) std::cerr << result.diagnosis;
  const std::optional<observe::Report> report = reporting.report(ending.status, ending.sentence);
  traces.finish(report ? &*report : nullptr);
  if (report) reporting.print(*report);
  if (traces.stops_run()) return UserError::exit_status;  // also for what was lost at the very end
  return ending.status;
}

}  // namespace hartbeat::cli

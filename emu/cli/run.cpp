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
// with other input does not depend on one; and one that does not know its own (0 rows) has none to tell.
ConsoleSlot console_on_standard_streams(bool user_program) {
  std::function<virtio::WindowSize()> window;
  if (is_interactive() && window_size().rows != 0) window = window_size;
  return {STDIN_FILENO, STDOUT_FILENO, {user_program && !is_interactive(), !user_program, window}};
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
    case Stop::reset: return {0, "the guest asked for a reset; --reboot restart would give it one"};
    case Stop::deadlock: return {broken_status, "every hart sleeps and nothing will wake one"};
    case Stop::trap_loop:
      return {broken_status, "a hart traps again and again without retiring an instruction"};
    default: return {limit_status, "the limit of --max-cycles or --max-instret was reached"};
  }
}

// What a run of one boot after the other needs all the time.
struct Session {
  const RunOptions& options;
  const Image& image;
  HostLimits host_limits;
  std::optional<StatusLine> status;
  std::optional<RawTerminal> terminal;
  std::uint64_t cycles = 0, instret = 0;  // of the boots before this one, of the hart with the most
};

void time_part(const RunOptions& options, const Image& image, Machine& machine) {
  if (options.timing_from.empty() && options.timing_to.empty() && options.timing_warm == 0) return;
  machine.time_only({timing_point(options.timing_from, "--timing-from", image),
                     timing_point(options.timing_to, "--timing-to", image), options.timing_warm});
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) { return limit - std::min(limit, used); }

// The clock goes on where the boot before has left it.
void account(Machine& machine, Session& session, MachineConfig& config) {
  std::uint64_t cycles = 0, instret = 0;
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    const HartCounters& counted = machine.counters(HartId{i});
    cycles = std::max(cycles, counted.cycles);
    instret = std::max(instret, counted.instret);
  }
  session.cycles += cycles;
  session.instret += instret;
  config.platform.rtc_epoch += cycles / config.platform.clock_hz;
}

// From a reset to the end, or to the next reset: nothing, then.
std::optional<int> boot(Session& session, MachineConfig& config) {
  const RunOptions& options = session.options;
  Machine machine(config);
  machine.boot(session.image);
  session.status.emplace(!options.quiet);
  const bool user_program = session.image.user_program;
  if (!session.terminal && (!user_program || is_interactive())) session.terminal.emplace(user_program);
  if (session.terminal && session.terminal->active()) {
    machine.platform().enable_escape_keys([&machine](std::uint8_t key) { return console_key(machine, key); });
    machine.platform().on_input_wanted([&session] { session.terminal->pass_all_keys(); });
  }
  Traces traces(options, session.image, machine);
  Reporting reporting(options, machine, session.image, traces.wants_report());
  time_part(options, session.image, machine);
  RunLimits limits{left(options.max_cycles, session.cycles), left(options.max_instret, session.instret), [&] {
                     machine.platform().flush();  // what is printed without a line feed is seen in time
                     session.status->update(machine);
                     return !session.host_limits.reached() && !traces.stops_run();
                   }};
  const RunResult result = machine.run(limits);
  const bool restarts = result.stop == Stop::reset && options.restarts && !session.host_limits.reached();
  account(machine, session, config);
  session.status->erase();
  if (!restarts) session.terminal.reset();
  const Ending ending = describe(result, session.host_limits, traces.stops_run());
  if (result.stop != Stop::power_off && !options.quiet && !restarts) spdlog::warn("{}", ending.sentence);
  if (!result.diagnosis.empty()) std::cerr << result.diagnosis;
  const std::optional<observe::Report> report = reporting.report(ending.status, ending.sentence);
  traces.finish(report ? &*report : nullptr);
  if (report && !restarts) reporting.print(*report);
  if (traces.stops_run()) return UserError::exit_status;  // also for what was lost at the very end
  if (restarts) return std::nullopt;
  return ending.status;
}

}  // namespace

int run(const RunOptions& options) {
  MachineConfig config = configure(options);
  if (!options.dump_dtb.empty()) return dump_device_tree(options, config);
  RunRequest request = options.request;
  if (is_interactive()) request.user_append = terminal_argument();
  const Image image = load(config, request, bundled_images());
  Session session{options, image, HostLimits(options.timeout), std::nullopt, std::nullopt};
  plug_in(options, image.user_program, config.platform);
  config.platform.before_output = [&session](bool ends_line) {
    if (session.status) session.status->make_way(ends_line);
  };
  config.platform.gives_up_waiting = [&session] { return session.host_limits.reached(); };
  tell_layout(config, image);
  std::optional<int> status;
  while (!status) status = boot(session, config);
  return *status;
}

}  // namespace hartbeat::cli

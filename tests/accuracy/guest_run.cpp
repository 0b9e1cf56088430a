#include "tests/accuracy/guest_run.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <ctime>

#include "emu/machine/loader.hpp"
#include "emu/machine/machine.hpp"
#include "emu/machine/user_error.hpp"
#include "emu/timing/cva6/run.hpp"

namespace hartbeat::accuracy {
namespace {

// The longest recorded run has 13 million cycles.
constexpr std::uint64_t longest = 100'000'000;

std::string read_back(int file) {
  std::string out;
  char buffer[4096];
  ::lseek(file, 0, SEEK_SET);
  for (ssize_t n; (n = ::read(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  return out;
}

}  // namespace

GuestRun run_guest(const std::string& elf, unsigned latency, timing::TraceSink* trace) {
  MachineConfig config = load_machine("cva6");
  const int terminal = ::memfd_create("uart", 0);
  if (terminal < 0) throw UserError("cannot create a file for the UART's output");
  config.platform.uart_output = terminal;
  RunRequest request;
  request.program = elf;
  request.firmware = "none";
  GuestRun out;
  {
    Machine machine(config);
    const Image image = load(config, request, BundledImages{});
    place(image, machine.platform());
    System& system = machine.system();
    timing::cva6::Cva6Parameters parameters;
    parameters.memory.read_latency = parameters.memory.write_latency = parameters.memory.uncached_latency =
        latency;
    system.harts[0]->pc = parameters.boot_address;
    timing::cva6::Cva6Run run(system, parameters);
    timing::cva6::Core& core = run.timing().core(0);
    core.set_trace(trace);
    system.stop = Stop::none;
    system.clock_limit = longest;
    system.event_moved();
    const std::clock_t start = std::clock();
    run.run();
    out.total = run.timing().drain(0);
    out.seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    out.instret = core.committed();
    out.unattributed = core.cycle() - core.stalls().total();
    out.divergences = core.divergences();
    out.finished = system.stop == Stop::power_off;
    machine.platform().flush();
  }
  out.output = read_back(terminal);
  ::close(terminal);
  return out;
}

}  // namespace hartbeat::accuracy

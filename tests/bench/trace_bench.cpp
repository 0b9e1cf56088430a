// What a line of Spike's commit log costs the host, written to /dev/null. Not a test: run by hand.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include "emu/observe/spike_log.hpp"

namespace {

using namespace hartbeat;

void commit_lines(benchmark::State& state) {
  const int descriptor = ::open("/dev/null", O_WRONLY);
  {
    observe::SpikeLog log(
        std::make_unique<observe::TraceOutput>(descriptor, "/dev/null", observe::TraceOutput::ReportError{}));
    isa::Operands operands;
    operands.rd = 10;
    const MemoryEffect load{.address = {0x3ffffffe48}, .physical = {}, .value = 7, .size = 8, .store = false};
    RetireEvent event;
    event.bits = 0x00853503;
    event.length = 4;
    event.operands = &operands;
    event.writes_x = true;
    for (auto _ : state) {
      event.site.pc.value += 4;
      event.rd_value = event.site.pc.value * 0x9e3779b97f4a7c15;
      event.memory = event.site.pc.value % 16 == 0 ? std::span(&load, 1) : std::span<const MemoryEffect>();
      log.on(event);
    }
  }
  ::close(descriptor);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(commit_lines);

}  // namespace

BENCHMARK_MAIN();

#include "emu/cli/status_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "emu/observe/text_table.hpp"

namespace hartbeat::cli {
namespace {

constexpr std::chrono::milliseconds first_after{1000}, between{500};

}  // namespace

StatusLine::StatusLine(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) != 0) {}

void StatusLine::update(Machine& machine) {
  if (!wanted_ || !line_is_free_) return;
  const Clock::time_point now = Clock::now();
  if (now - began_ < first_after || now - last_ < between) return;
  const std::string line = text(machine, std::chrono::duration<double>(now - last_).count());
  last_ = now;
  // To the line's beginning, and back there: what is written next takes its place.
  std::fprintf(stderr, "\r\x1b[K%s\r", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void StatusLine::erase() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

std::string StatusLine::text(Machine& machine, double seconds) {
  Look now;
  for (unsigned i = 0; i < machine.hart_count(); ++i) {
    const HartCounters& hart = machine.counters(HartId{i});
    now.instret += hart.instret;
    now.cycles += hart.cycles;
    now.asleep += hart.wfi_cycles;
    now.furthest = std::max(now.furthest, hart.cycles);
  }
  const std::uint64_t passed = now.cycles - before_.cycles, slept = now.asleep - before_.asleep;
  const double busy = passed == 0 ? 0
                                  : static_cast<double>(machine.hart_count()) *
                                        static_cast<double>(passed - slept) / static_cast<double>(passed);
  const std::string line = fmt::format(
      "{:.3f} s of guest time, {} instructions, {:.0f} MIPS, cycle {}, {:.1f} of {} harts busy",
      static_cast<double>(now.furthest) / static_cast<double>(machine.config().platform.clock_hz),
      observe::grouped(now.instret), static_cast<double>(now.instret - before_.instret) / seconds / 1e6,
      observe::grouped(now.furthest), busy, machine.hart_count());
  before_ = now;
  return line;
}

}  // namespace hartbeat::cli

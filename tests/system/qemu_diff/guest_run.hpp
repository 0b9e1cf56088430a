// Runs an emulator as a child process and collects what the guest printed.
#pragma once

#include <string>
#include <vector>

namespace hartbeat::qemu_diff {

struct GuestRun {
  std::string output;
  int status = -1;         // exit status; 128 + n after signal n
  bool timed_out = false;  // then it was killed
};

// argv[0] is searched for in PATH. The child's standard input is empty; its standard error is ours.
// It is killed after so many seconds of CPU, or ten times as many of the clock: on a busy machine it may wait.
// Throws std::runtime_error when no process can be made.
GuestRun run_guest(const std::vector<std::string>& argv, unsigned cpu_seconds);

}  // namespace hartbeat::qemu_diff

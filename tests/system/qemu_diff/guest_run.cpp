#include "tests/system/qemu_diff/guest_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

namespace hartbeat::qemu_diff {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void become(const std::vector<std::string>& argv, int output, unsigned cpu_seconds) {
  const rlimit limit{cpu_seconds, cpu_seconds};
  setrlimit(RLIMIT_CPU, &limit);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(output, 1);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

// Reads until the other end closes; false when time is up.
bool collect(int input, std::string& output, Clock::time_point deadline) {
  std::array<char, 65536> buffer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{input, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) == 0) return false;
    const ssize_t count = read(input, buffer.data(), buffer.size());
    if (count <= 0) return true;
    output.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

GuestRun run_guest(const std::vector<std::string>& argv, unsigned cpu_seconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for " + argv[0]);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process for " + argv[0]);
  if (child == 0) become(argv, ends[1], cpu_seconds);
  close(ends[1]);
  GuestRun run;
  const bool late = !collect(ends[0], run.output, Clock::now() + std::chrono::seconds(10 * cpu_seconds));
  close(ends[0]);
  if (late) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  run.timed_out = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;  // the limit's signal, too
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return run;
}

}  // namespace hartbeat::qemu_diff

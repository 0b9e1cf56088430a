#include "emu/cli/host_limits.hpp"

#include <csignal>
#include <initializer_list>

namespace hartbeat::cli {
namespace {

volatile std::sig_atomic_t signalled = 0;  // all that a signal handler may touch

void note(int signal) { signalled = signal; }

void handle(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;  // without SA_RESTART: a wait for input ends
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

HostLimits::HostLimits(std::optional<double> timeout_seconds) {
  using Clock = std::chrono::steady_clock;
  if (timeout_seconds) {
    end_ = Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*timeout_seconds));
  }
  signalled = 0;
  handle(note, static_cast<int>(SA_RESETHAND));
}

HostLimits::~HostLimits() { handle(SIG_DFL, 0); }

bool HostLimits::interrupted() const { return signalled != 0; }

bool HostLimits::timed_out() const { return end_ && std::chrono::steady_clock::now() >= *end_; }

}  // namespace hartbeat::cli

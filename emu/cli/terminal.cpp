#include "emu/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace hartbeat::cli {
namespace {

// A signal handler has no object to work on: what it restores has to be global.
termios saved;
volatile std::sig_atomic_t raw = 0;

void restore() {
  if (raw == 0) return;
  raw = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

// The terminal first, then the signal's own effect.
void restore_and_die(int signal) {
  restore();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

virtio::WindowSize window_size() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0) return {};
  return {window.ws_col, window.ws_row};
}

RawTerminal::RawTerminal(bool raw_output) {
  if (!::isatty(STDIN_FILENO) || ::tcgetattr(STDIN_FILENO, &saved) != 0) return;
  termios settings = saved;
  settings.c_iflag &=
      ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
  if (raw_output) settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) != 0) return;
  active_ = true;
  raw = 1;
  std::atexit(restore);
  // All that end a program, but those that ask the run to end in good order (host_limits.hpp). What somebody ignores for us
  // stays ignored.
  for (const int signal :
       {SIGHUP,  SIGQUIT, SIGABRT, SIGSEGV, SIGBUS,    SIGFPE,  SIGILL,  SIGTRAP, SIGSYS, SIGPIPE,
        SIGALRM, SIGUSR1, SIGUSR2, SIGPROF, SIGVTALRM, SIGXCPU, SIGXFSZ, SIGIO,   SIGPWR, SIGSTKFLT}) {
    if (std::signal(signal, restore_and_die) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

void RawTerminal::pass_all_keys() {
  termios settings{};
  if (!active_ || ::tcgetattr(STDIN_FILENO, &settings) != 0) return;
  settings.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
}

RawTerminal::~RawTerminal() {
  if (active_) restore();
}

}  // namespace hartbeat::cli

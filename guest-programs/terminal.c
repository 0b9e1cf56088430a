// A terminal: what is typed is edited, ^C and ^Z go to the foreground job, and a background job may not read.
// tests/guest/terminal.py types when it is asked ("line?").
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "law.h"

static int reads(const char* question, const char* answer) {
  char line[64] = {0};
  say("%s", question);
  ssize_t size = read(0, line, sizeof line - 1);
  return size == (ssize_t)strlen(answer) && memcmp(line, answer, strlen(answer)) == 0;
}

static volatile sig_atomic_t interrupted;
static void on_interrupt(int signal) { interrupted = signal; }

// A child that is the foreground job, or not; it says when it is ready.
static int job(int in_foreground, struct go ready, void (*work)(void)) {
  int child = fork_or_die();
  if (child != 0) {
    setpgid(child, child);
    wait_go(ready);
    return child;
  }
  setpgid(0, 0);
  signal(SIGINT, SIG_DFL), signal(SIGTSTP, SIG_DFL);
  if (in_foreground) {
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
  }
  give_go(ready);
  work();
  _exit(0);
}

static void ask_for_interrupt(void) {
  say("interrupt?");
  for (;;) pause();
}
static void ask_for_stop(void) {
  say("stop?");
  for (;;) pause();
}
static void read_a_byte(void) {
  char byte;
  _exit(read(0, &byte, 1) != 1);
}

static void editing(void) {
  struct winsize window;
  struct termios saved, raw;
  law(isatty(0) && isatty(1) && ioctl(0, TIOCGWINSZ, &window) == 0, "this is a terminal");
  law(tcgetattr(0, &saved) == 0 && (saved.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG),
      "it edits lines, echoes and knows ^C");
  law(reads("line?", "abc\n"), "erase takes back a character");
  law(reads("word?", "one six\n"), "werase takes back a word");
  law(reads("kill?", "all\n"), "kill takes back the line");
  law(reads("part?", "half"), "^D hands over what there is");
  law(reads("end?", ""), "^D at the start of a line is the end");
  raw = saved;
  cfmakeraw(&raw);
  raw.c_oflag = saved.c_oflag;
  law(tcsetattr(0, TCSANOW, &raw) == 0 && reads("key?", "k"), "raw, a key is read at once");
  raw.c_cc[VMIN] = 0, raw.c_cc[VTIME] = 1;
  char byte;
  law(tcsetattr(0, TCSANOW, &raw) == 0 && read(0, &byte, 1) == 0,
      "with VMIN 0 and VTIME nobody waits for ever");
  law(tcsetattr(0, TCSAFLUSH, &saved) == 0, "and back");
}

static void jobs(void) {
  int status;
  struct go ready = make_go();
  signal(SIGTTOU, SIG_IGN);
  struct sigaction action = {.sa_handler = on_interrupt};
  sigaction(SIGINT, &action, NULL);
  signal(SIGTSTP, SIG_IGN);
  int child = job(0, ready, read_a_byte);
  law(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN,
      "a background job that reads is stopped by SIGTTIN");
  kill(child, SIGKILL), waitpid(child, &status, 0);
  child = job(1, ready, ask_for_interrupt);
  law(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT &&
          !interrupted,
      "^C goes to the foreground job only");
  child = job(1, ready, ask_for_stop);
  law(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP,
      "^Z stops it");
  law(kill(child, SIGCONT) == 0 && waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status),
      "SIGCONT lets it go on");
  kill(child, SIGKILL), waitpid(child, &status, 0);
  law(tcsetpgrp(0, getpgrp()) == 0 && tcgetpgrp(0) == getpgrp(), "the terminal comes back");
  law(tcsetpgrp(0, 99999) == -1 && errno == ESRCH, "it is not given to nobody");
}

int main(void) {
  editing();
  jobs();
  return verdict("terminal");
}

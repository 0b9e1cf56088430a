/* exit-status N: ends with that status. exit-status signal N: ends by that signal. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc == 2) return atoi(argv[1]);
  if (argc == 3 && strcmp(argv[1], "signal") == 0) {
    raise(atoi(argv[2]));
    fprintf(stderr, "exit-status: still alive after signal %s\n", argv[2]);
    return 1;
  }
  fprintf(stderr, "usage: exit-status N | exit-status signal N\n");
  return 2;
}

/* The stack grows by itself, page by page and in leaps, and not without end.
 *
 * Recursion touches 4 MiB in order; one large frame touches the far end first; a runaway recursion ends its
 * own process by SIGSEGV; a grown stack is inherited, and apart, over fork.
 */
#include "law.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not a tail call, and a frame of one page. */
__attribute__((noinline)) static unsigned descend(unsigned depth) {
  volatile unsigned char frame[page_bytes];
  frame[0] = (unsigned char)depth;
  frame[page_bytes - 1] = (unsigned char)(depth >> 8);
  unsigned below = depth == 0 ? 0 : descend(depth - 1);
  return below + (frame[0] == (unsigned char)depth && frame[page_bytes - 1] == (unsigned char)(depth >> 8));
}

__attribute__((noinline)) static int leap(void) {
  volatile unsigned char frame[1024 * 1024];
  frame[0] = 'l';
  frame[sizeof frame - 1] = 'h';
  return frame[0] == 'l' && frame[sizeof frame - 1] == 'h' && frame[sizeof frame / 2] == 0;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static unsigned run_away(unsigned depth) {
  volatile unsigned char frame[page_bytes];
  frame[depth % page_bytes] = 1;
  return run_away(depth + 1) + frame[depth % page_bytes];
}
#pragma GCC diagnostic pop

int main(void) {
  struct rlimit limit;
  law(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= 8u * 1024 * 1024,
      "the stack may grow to 8 MiB");
  int leaper = fork_or_die();
  if (leaper == 0) _exit(!leap());
  law(exited_with(wait_for(leaper), 0), "a frame of 1 MiB is touched at its far end first, and is zero");
  law(descend(1000) == 1001, "a recursion of 4 MiB finds every frame as it left it");
  int pid = fork_or_die();
  if (pid == 0) _exit(descend(1500) != 1501);
  law(exited_with(wait_for(pid), 0), "a child's stack grows further");
  law(descend(1000) == 1001, "the parent's stack is as good as before");
  int runaway = fork_or_die();
  if (runaway == 0) _exit((int)run_away(0));
  int status = wait_for(runaway);
  law(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "an endless recursion ends by SIGSEGV");
  return verdict("stack-grow");
}

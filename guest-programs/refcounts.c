/* refcounts [CHILDREN] [PAGES]: how often a frame is referenced is how many processes have it.
 *
 * A process writes PAGES pages, asks for the kernel's books, makes CHILDREN children that only wait, and asks
 * again: PAGES frames more have CHILDREN + 1 references, for nobody has written. Each child then stores to the
 * first page and asks once more: that is a frame of its own.
 *
 * The books are in the report, not here: tests/guest/run_program.py holds the line
 *   refcount: N frames=PAGES
 * against kernel.frames.refcounts.most_shared: at least PAGES frames had N references then.
 */
#define _GNU_SOURCE
#include "law.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { tell_frames = 504, most_children = 7 };

int main(int count, char** arguments) {
  const int children = count > 1 ? atoi(arguments[1]) : 3;
  const size_t pages = count > 2 ? (size_t)atol(arguments[2]) : 500;
  if (children < 1 || children > most_children || pages < 1) {
    say("usage: refcounts [CHILDREN 1..7] [PAGES]");
    return 2;
  }
  volatile unsigned char* memory = resident_pages(pages);
  say("refcount: %d frames=%zu", children + 1, pages);
  measure("refcounts", (const void*)memory, pages * page_bytes, (unsigned long)children, 1);
  const struct go ready = make_go();
  struct go go[most_children];
  int pids[most_children];
  for (int i = 0; i < children; ++i) {
    go[i] = make_go();
    pids[i] = fork_or_die();
    if (pids[i] != 0) continue;
    give_go(ready);
    wait_go(go[i]);
    memory[0] = (unsigned char)i;
    syscall(tell_frames);
    _exit(memory[0] == i ? 0 : 1);
  }
  for (int i = 0; i < children; ++i) wait_go(ready);
  law(syscall(tell_frames) == 0, "the kernel tells its frames when it is asked");
  for (int i = 0; i < children; ++i) {
    give_go(go[i]);
    law(exited_with(wait_for(pids[i]), 0), "child %d wrote a page of its own", i);
  }
  memory[0] = 'p'; /* nobody else has it any more */
  return verdict("refcounts");
}

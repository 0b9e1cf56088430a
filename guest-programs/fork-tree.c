/* fork-tree [DEPTH]: a binary tree of processes (DEPTH 3: 15 of them), each with its own view of one page.
 *
 * The measured buffer is that page. Every process but the root writes it while its waiting parent still holds
 * it, and nobody writes twice: one copy for each process but the root, 2^(DEPTH+1) - 2, and no reuse.
 */
#include "law.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends with the number of processes in the subtree, 0 if a law was broken in it. */
static int grow(volatile unsigned* page, unsigned id, int depth) {
  int processes = 1;
  int child[2] = {0, 0};
  for (unsigned side = 0; depth > 0 && side < 2; ++side) {
    child[side] = fork_or_die();
    if (child[side] != 0) continue;
    quiet_law(page[0] == id, "process %u inherits its parent's page", id);
    page[0] = 2 * id + side;
    _exit(grow(page, 2 * id + side, depth - 1));
  }
  for (int side = 0; depth > 0 && side < 2; ++side) {
    int status = wait_for(child[side]);
    if (!quiet_law(WIFEXITED(status) && WEXITSTATUS(status) > 0, "a child of process %u ends well", id))
      return 0;
    processes += WEXITSTATUS(status);
  }
  quiet_law(page[0] == id, "process %u keeps its own page", id);
  return law_status() == 0 ? processes : 0;
}

int main(int argc, char** argv) {
  const int depth = argc > 1 ? atoi(argv[1]) : 3;
  if (depth < 0 || depth > 6) {
    say("usage: fork-tree [DEPTH 0..6]");
    return 2;
  }
  volatile unsigned* page = (volatile unsigned*)resident_pages(1);
  page[0] = 1;
  const int expected = (1 << (depth + 1)) - 1;
  measure("fork-tree", (const void*)page, page_bytes, (unsigned long)expected - 1, 0);
  const int processes = grow(page, 1, depth);
  law(processes == expected, "a tree of depth %d has %d processes, each with its own page", depth, expected);
  return verdict("fork-tree");
}

/* Memory runs out: whoever has most of it is killed, and the others go on.
 *
 *   oom [HOGS]     default 1
 *
 * Each hog takes memory until it is killed. Its parent and its brother, who have little, see it die of SIGKILL, keep
 * what they have, and get memory again. Needs a machine without swap.
 */
#define _GNU_SOURCE
#include "law.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { own_pages = 256, chunk_pages = 256 };

static int is_filled(const unsigned char* memory, size_t count, unsigned char with) {
  for (size_t page = 0; page < count; ++page)
    if (memory[page * page_bytes] != with) return 0;
  return 1;
}

static void fill(unsigned char* memory, size_t count, unsigned char with) {
  for (size_t page = 0; page < count; ++page) memory[page * page_bytes] = with;
}

static void take_everything(void) {
  for (;;) {
    unsigned char* memory = resident_pages(chunk_pages);
    fill(memory, chunk_pages, 1);
  }
}

static int brother(struct go go) {
  unsigned char* memory = resident_pages(own_pages);
  fill(memory, own_pages, 'b');
  wait_go(go);
  law(is_filled(memory, own_pages, 'b'), "the brother keeps what it had");
  return law_status();
}

int main(int argc, char** argv) {
  const int hogs = argc > 1 ? atoi(argv[1]) : 1;
  unsigned char* memory = resident_pages(own_pages);
  fill(memory, own_pages, 'p');
  struct go go = make_go();
  const int small = fork_or_die();
  if (small == 0) _exit(brother(go));
  int children[16];
  for (int i = 0; i < hogs && i < 16; ++i) {
    children[i] = fork_or_die();
    if (children[i] == 0) take_everything();
  }
  int killed = 0;
  for (int i = 0; i < hogs && i < 16; ++i) {
    const int status = wait_for(children[i]);
    killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
  law(killed == hogs, "who takes everything dies of SIGKILL");
  law(waitpid(small, NULL, WNOHANG) == 0, "who has little lives on");
  law(is_filled(memory, own_pages, 'p'), "the parent keeps what it had");
  give_go(go);
  law(exited_with(wait_for(small), 0), "the brother found no broken law");
  unsigned char* more = resident_pages(4 * chunk_pages);
  fill(more, 4 * chunk_pages, 'm');
  law(is_filled(more, 4 * chunk_pages, 'm'), "and there is memory again");
  return verdict("oom");
}

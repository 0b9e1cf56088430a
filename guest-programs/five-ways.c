/* Five ways to make a process, one result: the child has what its parent had, and each has its own from then on; but with
 * vfork, where both have the same until the child executes a program or ends, and the parent waits for that.
 *
 * Each way has 64 resident pages of its own. The child writes 8 of them and ends; then the parent writes 16, those 8 first.
 * eager has copied all before anybody writes: no fault copies or reuses. cow and shared-tables copy the child's 8, and the
 * parent, their last owner by then, reuses 16. vfork and posix_spawn copy no data page at all.
 */
#define _GNU_SOURCE
#include "law.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { pages = 64, childs = 8, parents = 16, executed_status = 42 };
static const char* const names[] = {"cow", "eager", "shared-tables"}; /* bits of clone's flags, from 40 on */

static int all_pages(const unsigned char* memory, int from, int to, int value) {
  int all = 1;
  for (int i = from; i < to; ++i) all = all && all_bytes(memory + i * page_bytes, page_bytes, value);
  return all;
}

static unsigned char* fresh(void) {
  unsigned char* memory = resident_pages(pages);
  memset(memory, 'p', pages * page_bytes);
  return memory;
}

static void check_fork(int mechanism) {
  unsigned char* memory = fresh();
  const int pid = (int)syscall(SYS_clone, (1ul << (40 + mechanism)) | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    const int saw = all_pages(memory, 0, pages, 'p');
    memset(memory, 'c', childs * page_bytes);
    _exit(saw && all_pages(memory, 0, childs, 'c') && all_pages(memory, childs, pages, 'p') ? 0 : 1);
  }
  law(exited_with(wait_for(pid), 0), "%s: the child has what its parent had, and writes it",
      names[mechanism]);
  law(all_pages(memory, 0, pages, 'p'), "%s: of which the parent sees nothing", names[mechanism]);
  for (int i = 0; i < parents; ++i) memory[i * page_bytes] = 'q';
  measure(names[mechanism], memory, pages * page_bytes, mechanism == 1 ? 0 : childs,
          mechanism == 1 ? 0 : parents);
}

static void nap(void) {
  struct timespec pause = {0, 2000000};
  nanosleep(&pause, NULL);
}

static void check_vfork(char* self) {
  unsigned char* memory = fresh();
  volatile int steps = 0;
  int pid = vfork();
  if (pid == 0) {
    nap(); /* the parent could go on now */
    memset(memory, 'c', childs * page_bytes);
    steps = 1;
    _exit(7);
  }
  law(steps == 1, "vfork: the parent waits until the child has ended");
  law(all_pages(memory, 0, childs, 'c') && all_pages(memory, childs, pages, 'p'),
      "vfork: and finds what it has written");
  law(exited_with(wait_for(pid), 7), "vfork: the child is a process of its own");
  char* arguments[] = {self, "child", NULL};
  pid = vfork();
  if (pid == 0) {
    nap();
    steps = 2;
    execv(self, arguments);
    _exit(127);
  }
  law(steps == 2, "vfork: or has executed a program");
  memory[0] = 'q';
  law(exited_with(wait_for(pid), executed_status), "vfork: which runs");
  measure("vfork", memory, pages * page_bytes, 0, 0);
}

static void check_spawn(char* self) {
  unsigned char* memory = fresh();
  char* arguments[] = {self, "child", NULL};
  int pid = 0;
  law(posix_spawn(&pid, self, NULL, NULL, arguments, environ) == 0 &&
          exited_with(wait_for(pid), executed_status),
      "posix_spawn: the program runs");
  memory[0] = 'q';
  law(all_pages(memory, 1, pages, 'p'), "posix_spawn: and has left its parent's memory alone");
  measure("spawn", memory, pages * page_bytes, 0, 0);
}

int main(int argc, char** argv) {
  if (argc > 1) return executed_status;
  for (int mechanism = 0; mechanism < 3; ++mechanism) check_fork(mechanism);
  check_vfork(argv[0]);
  check_spawn(argv[0]);
  return verdict("five-ways");
}

/* failures [MIB]: fork, exec, page faults and swap, each a little, for a kernel that lets one allocation, swap slot or disk
 * request fail (boot argument inject=). For the last two the machine should have less than MIB of memory (default 9), and a swap disk.
 *
 * Status 0: everything went well. 3: something failed as it may (ENOMEM, or a child was killed), and nothing was lost by it.
 * Whatever fails: memory holds what was written, a child has its own, and a page that may not be touched stays so while it
 * goes to the disk and when it comes back.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  words_per_page = page_bytes / sizeof(unsigned long),
  child_pages = 32,
  executed_status = 7,
  refused = 3
};

static size_t pages;
static unsigned long* memory;
static unsigned char* guarded;
static int failures;
static sigjmp_buf out;

static void leave(int signal) {
  (void)signal;
  siglongjmp(out, 1);
}

static int is_deadly(const volatile unsigned char* byte) {
  if (sigsetjmp(out, 1) != 0) return 1;
  (void)*byte;
  return 0;
}

static unsigned long contents(size_t page) { return page * 0x9e3779b97f4a7c15ul + 1; }

static void fill(void) {
  for (size_t page = 0; page < pages; ++page) memory[page * words_per_page] = contents(page);
}

static size_t wrong_pages(void) {
  size_t wrong = 0;
  for (size_t page = 0; page < pages; ++page) wrong += memory[page * words_per_page] != contents(page);
  return wrong;
}

/* fork, which may fail: -1. */
static int try_fork(void) {
  const int pid = fork();
  if (pid < 0)
    quiet_law(errno == ENOMEM || errno == EAGAIN, "fork fails for want of memory: %s", strerror(errno));
  failures += pid < 0;
  return pid;
}

/* A child may be killed for its memory, but it does not end otherwise than it wants to. */
static void expect(int pid, int status, const char* what) {
  const int ended = pid < 0 ? 0 : wait_for(pid);
  if (pid < 0 || exited_with(ended, status)) return;
  const int excused = exited_with(ended, refused) ||
                      (WIFSIGNALED(ended) && (WTERMSIG(ended) == SIGKILL || WTERMSIG(ended) == SIGBUS));
  quiet_law(excused, "%s (wait status 0x%x)", what, (unsigned)ended);
  ++failures;
}

/* Its pages are its own, whatever its parent does. */
static void live_as_writer(void) {
  for (size_t page = 0; page < child_pages; ++page) memory[page * words_per_page] = ~contents(page);
  int own = 1;
  for (size_t page = 0; page < child_pages; ++page) own &= memory[page * words_per_page] == ~contents(page);
  _exit(quiet_law(own, "a child's pages are its own") ? 0 : 1);
}

/* Shares a page with its parent that it may not touch, while that page goes to the disk. */
static void live_as_guard(struct go go) {
  const int refuses = mprotect(guarded, page_bytes, PROT_NONE) != 0;
  wait_go(go);
  if (refuses) _exit(refused);
  quiet_law(is_deadly(guarded), "a page that may not be touched stays so");
  if (mprotect(guarded, page_bytes, PROT_READ) != 0) _exit(refused);
  quiet_law(all_bytes(guarded, page_bytes, 'g'), "and keeps its contents");
  _exit(law_status());
}

static void execute(const char* self) {
  char* arguments[] = {(char*)self, "--executed", NULL};
  execv(self, arguments);
  _exit(errno == ENOMEM ? refused : 1);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--executed") == 0) return executed_status;
  pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 9) << 8;
  if (pages < 2 * child_pages) pages = 2 * child_pages;
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGSEGV, &action, NULL);
  guarded = resident_pages(1);
  memset(guarded, 'g', page_bytes);
  memory = mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return refused;
  int ends[2];
  if (pipe(ends) != 0) return refused;
  const struct go go = {ends[0], ends[1]};
  const int guard = try_fork();
  if (guard == 0) live_as_guard(go);
  fill();
  quiet_law(wrong_pages() == 0, "memory holds what was written");
  give_go(go);
  expect(guard, 0, "a child that shares a page ends well");
  const int writer = try_fork();
  if (writer == 0) live_as_writer();
  expect(writer, 0, "a child that writes ends well");
  const int program = try_fork();
  if (program == 0) execute(argv[0]);
  expect(program, executed_status, "a child that executes a program ends as that does");
  law(wrong_pages() == 0, "memory holds what was written, whatever failed meanwhile");
  const int status = verdict("failures");
  return status != 0 ? status : failures != 0 ? refused : 0;
}

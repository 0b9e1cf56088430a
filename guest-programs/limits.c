/* Resource limits (setrlimit, prlimit64): what is set is told, kept to, inherited by fork and left alone by execve. */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { files = 20, stack_pages = 64 };

static struct rlimit limit_of(int resource) {
  struct rlimit limit = {0, 0};
  if (getrlimit(resource, &limit) != 0) law(0, "getrlimit(%d) succeeds", resource);
  return limit;
}

static int set_soft(int resource, rlim_t soft) {
  const struct rlimit limit = {soft, limit_of(resource).rlim_max};
  return setrlimit(resource, &limit);
}

/* How many descriptors can be opened; the error of the first that cannot. */
static int open_all(int* error) {
  int count = 0, descriptor;
  int opened[2 * files];
  while (count < 2 * files && (descriptor = open("/dev/null", O_RDONLY)) >= 0) opened[count++] = descriptor;
  *error = errno;
  for (int i = 0; i < count; ++i) close(opened[i]);
  return count;
}

static void check_files(void) {
  int error = 0;
  law(set_soft(RLIMIT_NOFILE, files) == 0 && limit_of(RLIMIT_NOFILE).rlim_cur == files,
      "a limit is told as it was set");
  law(open_all(&error) == files - 3 && error == EMFILE,
      "no descriptor gets a number that RLIMIT_NOFILE does not allow");
  errno = 0;
  law(dup2(0, files) == -1 && errno == EBADF, "nor does dup2 make one");
  errno = 0;
  law(fcntl(0, F_DUPFD, files) == -1 && errno == EINVAL, "nor F_DUPFD");
  const int pid = fork_or_die();
  if (pid == 0) _exit(open_all(&error) == files - 3 && limit_of(RLIMIT_NOFILE).rlim_cur == files ? 0 : 1);
  law(exited_with(wait_for(pid), 0), "a child has its parent's limits");
}

/* Touches so many pages below here, downwards. */
__attribute__((noinline)) static void use_stack(int pages) {
  volatile unsigned char page[page_bytes];
  page[0] = (unsigned char)pages;
  if (pages > 0) use_stack(pages - 1);
  page[1] = page[0];
}

static int dies_of(int pages, rlim_t limit) {
  const int pid = fork_or_die();
  if (pid == 0) {
    if (limit != 0 && set_soft(RLIMIT_STACK, limit) != 0) _exit(1);
    use_stack(pages);
    _exit(0);
  }
  const int status = wait_for(pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void check_stack(void) {
  const rlim_t limit = stack_pages * page_bytes;
  law(dies_of(4 * stack_pages, 0) == 0, "a stack grows");
  law(dies_of(4 * stack_pages, limit) == SIGSEGV, "but not beyond RLIMIT_STACK");
  law(dies_of(stack_pages / 2, limit) == 0, "and to it");
}

static void check_arguments(void) {
  const struct rlimit upside_down = {2, 1};
  errno = 0;
  law(setrlimit(RLIMIT_NOFILE, &upside_down) == -1 && errno == EINVAL,
      "a soft limit is not above the hard one");
  errno = 0;
  law(getrlimit(99, &(struct rlimit){0, 0}) == -1 && errno == EINVAL, "there is no limit 99");
  struct rlimit old = {0, 0};
  law(prlimit(0, RLIMIT_CORE, &(struct rlimit){4096, 8192}, &old) == 0, "prlimit sets and tells the old one");
  law(limit_of(RLIMIT_CORE).rlim_cur == 4096 && limit_of(RLIMIT_CORE).rlim_max == 8192, "both of it");
  errno = 0;
  law(prlimit(999999, RLIMIT_CORE, NULL, &old) == -1 && errno == ESRCH, "there is no process 999999");
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--executed") == 0)
    return limit_of(RLIMIT_NOFILE).rlim_cur == files ? 0 : 1;
  check_arguments();
  check_stack();
  check_files();
  const int pid = fork_or_die();
  if (pid == 0) {
    execl(argv[0], argv[0], "--executed", NULL);
    _exit(127);
  }
  law(exited_with(wait_for(pid), 0), "a program has the limits of whoever executed it");
  return verdict("limits");
}

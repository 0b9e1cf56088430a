/* fork, then exec at once: no data page is copied.
 *
 * The measured buffer has 64 resident pages. The child execs this program again (as `fork-exec child`)
 * without touching them; after its end the parent, their last owner, writes the first 16: 0 copies, 16
 * reuses. What the child copies between fork and exec is stack and libc, outside the buffer.
 */
#define _GNU_SOURCE
#include "law.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { pages = 64, written_pages = 16, child_status = 42 };

/* A child that shares its parent's descriptors has its own from execve on: there they close, here they do not. */
static void check_shared_descriptors(char** argv, char** envp) {
  const int file = open("/", O_RDONLY | O_CLOEXEC);
  const int pid = (int)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    char* arguments[] = {argv[0], "child", "two words", "", NULL};
    execve(argv[0], arguments, envp);
    _exit(127);
  }
  const int status = wait_for(pid);
  law(exited_with(status, child_status) && fcntl(file, F_GETFD) == FD_CLOEXEC,
      "what closes when a child executes a program stays open for whom it shared it with");
  close(file);
}

int main(int argc, char** argv, char** envp) {
  if (argc == 4 && strcmp(argv[1], "child") == 0) {
    law(strcmp(argv[2], "two words") == 0 && argv[3][0] == '\0',
        "exec passes arguments on, with blanks and empty");
    return law_status() ? 1 : child_status;
  }
  unsigned char* buffer = resident_pages(pages);
  memset(buffer, 'x', pages * page_bytes);
  measure("fork-exec", buffer, pages * page_bytes, 0, written_pages);
  int pid = fork_or_die();
  if (pid == 0) {
    char* arguments[] = {argv[0], "child", "two words", "", NULL};
    execve(argv[0], arguments, envp);
    execve("/proc/self/exe", arguments, envp);
    _exit(127);
  }
  law(exited_with(wait_for(pid), child_status), "the new program runs and its exit status comes back");
  int intact = 1;
  for (int i = 0; i < pages * page_bytes; ++i) intact = intact && buffer[i] == 'x';
  law(intact, "the parent's memory is untouched by the child's exec");
  memset(buffer, 'y', written_pages * page_bytes);
  law(buffer[0] == 'y' && buffer[written_pages * page_bytes] == 'x', "the parent writes its pages again");
  int missing = fork_or_die();
  if (missing == 0) {
    char* arguments[] = {"no-such-program", NULL};
    execve("/no/such/program", arguments, envp);
    _exit(99);
  }
  law(exited_with(wait_for(missing), 99), "exec of a missing program fails and the child lives on");
  check_shared_descriptors(argv, envp);
  return verdict("fork-exec");
}

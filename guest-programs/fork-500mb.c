/* fork-500mb [MIB]: a process with MIB (default 500) resident forks, and the child execs at once.
 *
 * The measured buffer is the resident memory: 0 copies, 0 reuses (nobody writes it after the fork). What the
 * fork must make is page tables: one 4 KiB table for each 2 MiB, 1 MiB for 500, where an eager fork would
 * have copied it all.
 */
#include "law.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { child_status = 7 };

int main(int argc, char** argv, char** envp) {
  if (argc == 2 && strcmp(argv[1], "child") == 0) return child_status;
  const long mebibytes = argc > 1 ? atol(argv[1]) : 500;
  if (mebibytes < 1) {
    say("usage: fork-500mb [MIB]");
    return 2;
  }
  const size_t pages = (size_t)mebibytes * 1024 * 1024 / page_bytes;
  unsigned char* buffer = resident_pages(pages);
  for (size_t page = 0; page < pages; ++page) *(size_t*)(buffer + page * page_bytes) = page;
  measure("fork-500mb", buffer, pages * page_bytes, 0, 0);
  int pid = fork_or_die();
  if (pid == 0) {
    char* arguments[] = {argv[0], "child", NULL};
    execve(argv[0], arguments, envp);
    execve("/proc/self/exe", arguments, envp);
    _exit(127);
  }
  law(exited_with(wait_for(pid), child_status), "the child of a process with %ld MiB runs another program",
      mebibytes);
  int intact = 1;
  for (size_t page = 0; page < pages; ++page)
    intact = intact && *(size_t*)(buffer + page * page_bytes) == page;
  law(intact, "every resident page is as it was");
  return verdict("fork-500mb");
}

/* What may be promised. On a machine of 8 GiB without swap:
 *
 *   overcommit     a process of 7 GiB under each policy of /proc/sys/vm/overcommit_memory
 *
 * Nothing is touched: the law is about promises. Elsewhere than on 8 GiB it says so and ends well.
 */
#define _GNU_SOURCE
#include "law.h"
#include "proc_numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIB (1ul << 30)
enum { heuristic = '0', always = '1', strict = '2' };

static void set_policy(char policy) {
  const int file = open("/proc/sys/vm/overcommit_memory", O_WRONLY);
  law(file >= 0 && write(file, &policy, 1) == 1, "the policy can be set to %c", policy);
  close(file);
}

static void* reserve(unsigned long bytes, int protection, int flags) {
  void* memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

/* 0, or errno. */
static int fork_error(void) {
  const int pid = fork();
  if (pid == 0) _exit(0);
  if (pid < 0) return errno;
  wait_for(pid);
  return 0;
}

static unsigned long promised(void) { return proc_number("/proc/meminfo", "Committed_AS"); }

static void test_strict(void) {
  const unsigned long before = promised();
  set_policy(strict);
  void* memory = reserve(7 * GIB, PROT_READ | PROT_WRITE, 0);
  law(memory != NULL, "strict: 7 GiB are promised");
  law(promised() - before == 7 * GIB / 1024, "strict: Committed_AS grows by as much");
  law(fork_error() == ENOMEM, "strict: a process of 7 GiB cannot fork");
  law(promised() - before == 7 * GIB / 1024, "strict: a fork that failed has promised nothing");
  law(reserve(2 * GIB, PROT_READ | PROT_WRITE, MAP_NORESERVE) == NULL, "strict: MAP_NORESERVE is no way out");
  void* readable = reserve(2 * GIB, PROT_READ, 0);
  law(readable != NULL, "strict: memory that cannot be written needs no promise");
  law(mprotect(readable, 2 * GIB, PROT_READ | PROT_WRITE) == -1 && errno == ENOMEM,
      "strict: but when it becomes writable, it does");
  munmap(readable, 2 * GIB);
  munmap((char*)memory + 2 * GIB, 3 * GIB);
  law(promised() - before == 4 * GIB / 1024, "strict: a hole of 3 GiB gives 3 GiB back");
  munmap(memory, 7 * GIB);
  law(promised() == before, "strict: all is given back");
  law(fork_error() == 0, "strict: a small process forks");
}

static void test_always(void) {
  set_policy(always);
  void* memory = reserve(7 * GIB, PROT_READ | PROT_WRITE, 0);
  law(memory != NULL && fork_error() == 0, "always: a process of 7 GiB forks");
  void* more = reserve(64 * GIB, PROT_READ | PROT_WRITE, 0);
  law(more != NULL, "always: 64 GiB are promised as well");
  munmap(more, 64 * GIB);
  munmap(memory, 7 * GIB);
}

static void test_heuristic(void) {
  set_policy(heuristic);
  law(reserve(9 * GIB, PROT_READ | PROT_WRITE, 0) == NULL, "heuristic: 9 GiB at once can never fit");
  void* memory = reserve(7 * GIB, PROT_READ | PROT_WRITE, 0);
  law(memory != NULL && fork_error() == 0, "heuristic: a process of 7 GiB forks");
  void* unreserved = reserve(9 * GIB, PROT_READ | PROT_WRITE, MAP_NORESERVE);
  law(unreserved != NULL, "heuristic: MAP_NORESERVE is taken at its word");
  munmap(unreserved, 9 * GIB);
  munmap(memory, 7 * GIB);
}

int main(void) {
  const unsigned long total = proc_number("/proc/meminfo", "MemTotal") * 1024;
  if (total < 15 * GIB / 2 || total > 8 * GIB || proc_number("/proc/meminfo", "SwapTotal") != 0) {
    say("overcommit: needs a machine with 8 GiB of memory and no swap");
    return 0;
  }
  test_strict();
  test_always();
  test_heuristic();
  return verdict("overcommit");
}

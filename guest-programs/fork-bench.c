/* What making a process costs: `fork-bench MECHANISM MIB [THREADS]`, with MECHANISM one of eager, cow, shared-tables,
 * vfork, spawn. THREADS others compute in the parent meanwhile: their harts must be told of what fork changes.
 *
 * A process with MIB of private memory, each page written once, makes two children. The first stores one byte
 * (cow: its first store there is the measured one) and exits; the second executes this program again. One
 * line:
 *
 *   bench: mechanism=M mib=N fork=C write=C exec=C
 *
 * C are cycles: of the call until it returns in the parent (vfork: until the child has let go of the memory);
 * of the child's first store; from the child's call of execve to main. `write` is - where there is no child
 * of its own memory. Mechanisms are chosen by private bits of clone's flags that Linux ignores.
 *
 * HINT instructions tell a cycle model what to time: 1001 to 1002 is the fork and the first store, 1003 to 1004
 * the exec, each from a little before, so that caches, TLBs and predictors know the kernel.
 */
#define _GNU_SOURCE
#include "law.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* const names[] = {"cow", "eager", "shared-tables", "vfork", "spawn"};
enum { cow, eager, shared_tables, by_vfork, by_spawn, mechanism_count };

struct shared {
  unsigned long write_cycles;
  unsigned long exec_from, exec_cycles;
};

static inline unsigned long cycles(void) {
  unsigned long now;
  __asm__ volatile("rdcycle %0" : "=r"(now)::"memory");
  return now;
}

/* System calls, first touches, an unmap: nothing of it lasts. */
static void warm_up(void) {
  for (int i = 0; i < 100; ++i) syscall(SYS_getppid);
  munmap(resident_pages(16), 16 * page_bytes);
}

static int make_child(int mechanism) {
  return (int)syscall(SYS_clone, (1ul << (40 + mechanism)) | SIGCHLD, 0, 0, 0, 0);
}

static void must_exit(int pid) {
  if (!exited_with(wait_for(pid), 0)) {
    law(0, "the child ends well");
    exit(1);
  }
}

static unsigned long measure_fork(int mechanism, unsigned char* memory, struct shared* shared) {
  __asm__ volatile("slti x0, x0, 1001");
  warm_up();
  const unsigned long begin = cycles();
  const int pid = mechanism == by_vfork ? vfork() : make_child(mechanism);
  if (pid == 0) {
    if (mechanism < by_vfork) {
      const unsigned long before = cycles();
      *(volatile unsigned char*)memory = 'c';
      shared->write_cycles = cycles() - before;
      __asm__ volatile("slti x0, x0, 1002");
    }
    _exit(0);
  }
  const unsigned long end = cycles();
  if (mechanism == by_vfork) __asm__ volatile("slti x0, x0, 1002");
  must_exit(pid);
  return end - begin;
}

static void measure_exec(int mechanism, char* self, int descriptor, struct shared* shared) {
  char number[16];
  snprintf(number, sizeof number, "%d", descriptor);
  char* arguments[] = {self, "--executed", number, NULL};
  int pid = 0;
  if (mechanism == by_spawn) {
    __asm__ volatile("slti x0, x0, 1003");
    warm_up();
    shared->exec_from = cycles();
    if (posix_spawn(&pid, self, NULL, NULL, arguments, environ) != 0) exit(1);
  } else {
    pid = mechanism == by_vfork ? vfork() : make_child(mechanism);
    if (pid == 0) {
      __asm__ volatile("slti x0, x0, 1003");
      warm_up();
      shared->exec_from = cycles();
      execv(self, arguments);
      _exit(127);
    }
  }
  must_exit(pid);
}

static struct shared* map_shared(int descriptor) {
  void* at = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (at == MAP_FAILED) exit(1);
  return at;
}

/* Without libc's knowledge, which would make fork and exec dearer. */
static int compute(void* goes_on) {
  while (*(volatile int*)goes_on) continue;
  return 0;
}

static void start_computing(void) {
  enum { like_a_thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM };
  static int goes_on = 1; /* until the process ends */
  unsigned char* stack = resident_pages(1);
  if (clone(compute, stack + page_bytes, like_a_thread, &goes_on) < 0) exit(1);
}

int main(int count, char** arguments) {
  const unsigned long now = cycles();
  if (count == 3 && strcmp(arguments[1], "--executed") == 0) {
    __asm__ volatile("slti x0, x0, 1004");
    struct shared* shared = map_shared(atoi(arguments[2]));
    shared->exec_cycles = now - shared->exec_from;
    return 0;
  }
  int mechanism = 0;
  while (count > 1 && mechanism < mechanism_count && strcmp(arguments[1], names[mechanism]) != 0) ++mechanism;
  if (count < 3 || count > 4 || mechanism == mechanism_count) {
    say("usage: fork-bench eager|cow|shared-tables|vfork|spawn MIB [THREADS]");
    return 2;
  }
  char name[] = "/tmp/fork-bench-XXXXXX";
  const int descriptor = mkstemp(name);
  if (descriptor < 0 || ftruncate(descriptor, page_bytes) != 0) return 1;
  struct shared* shared = map_shared(descriptor);
  *shared = (struct shared){0, 0, 0};
  unsigned char* memory = resident_pages((size_t)atoi(arguments[2]) * 256);
  for (int i = count == 4 ? atoi(arguments[3]) : 0; i > 0; --i) start_computing();
  char fork_text[24] = "-", write_text[24] = "-";
  if (mechanism != by_spawn)
    snprintf(fork_text, sizeof fork_text, "%lu", measure_fork(mechanism, memory, shared));
  if (mechanism < by_vfork) snprintf(write_text, sizeof write_text, "%lu", shared->write_cycles);
  measure_exec(mechanism, arguments[0], descriptor, shared);
  say("bench: mechanism=%s mib=%s fork=%s write=%s exec=%lu", arguments[1], arguments[2], fork_text,
      write_text, shared->exec_cycles);
  unlink(name);
  return 0;
}

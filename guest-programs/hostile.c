/* System calls with bad pointers, bad numbers and bad lengths answer with an error and do nothing else.
 *
 * A pointer is bad if it is null, unmapped, read-only (where the kernel writes), in the kernel's half, not
 * canonical, or if a good page ends and a bad one begins under the buffer. Raw calls: libc would look at some
 * of them itself.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own answer: -errno. */
static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long a0 asm("a0") = a;
  register long a1 asm("a1") = b;
  register long a2 asm("a2") = c;
  register long a3 asm("a3") = d;
  register long a4 asm("a4") = e;
  register long a5 asm("a5") = f;
  register long a7 asm("a7") = number;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}

struct pointer {
  const char* name;
  uintptr_t value;
};

static int pipe_ends[2];

/* Calls in which the kernel reads memory at `p` (64 bytes at least). */
static void check_reads(struct pointer p) {
  const long a = (long)p.value;
  law(call(SYS_write, pipe_ends[1], a, 64, 0, 0, 0) == -EFAULT, "write from %s is EFAULT", p.name);
  law(call(SYS_openat, AT_FDCWD, a, O_RDONLY, 0, 0, 0) == -EFAULT, "openat of a name at %s is EFAULT",
      p.name);
  law(call(SYS_execve, a, 0, 0, 0, 0, 0) == -EFAULT, "execve of a name at %s is EFAULT", p.name);
  law(call(SYS_writev, pipe_ends[1], a, 1, 0, 0, 0) == -EFAULT, "writev with vectors at %s is EFAULT",
      p.name);
  law(call(SYS_rt_sigaction, 10, a, 0, 8, 0, 0) == -EFAULT, "sigaction from %s is EFAULT", p.name);
  law(call(SYS_nanosleep, a, 0, 0, 0, 0, 0) == -EFAULT, "nanosleep with a time at %s is EFAULT", p.name);
}

/* Calls in which the kernel writes memory at `p`. */
static void check_writes(struct pointer p) {
  const long a = (long)p.value;
  char bytes[64];
  memset(bytes, 'b', sizeof bytes);
  (void)!write(pipe_ends[1], bytes, sizeof bytes);
  law(call(SYS_read, pipe_ends[0], a, 64, 0, 0, 0) == -EFAULT, "read into %s is EFAULT", p.name);
  while (read(pipe_ends[0], bytes, sizeof bytes) > 0) {
  }
  law(call(SYS_pipe2, a, 0, 0, 0, 0, 0) == -EFAULT, "pipe2 into %s is EFAULT", p.name);
  law(call(SYS_clock_gettime, 0, a, 0, 0, 0, 0) == -EFAULT, "clock_gettime into %s is EFAULT", p.name);
  law(call(SYS_uname, a, 0, 0, 0, 0, 0) == -EFAULT, "uname into %s is EFAULT", p.name);
  const long random_bytes = call(SYS_getrandom, a, 64, 0, 0, 0, 0); /* Linux may count what fitted */
  law(random_bytes == -EFAULT || (random_bytes > 0 && random_bytes < 64), "getrandom into %s is EFAULT",
      p.name);
  law(call(SYS_fstat, pipe_ends[0], a, 0, 0, 0, 0) == -EFAULT, "fstat into %s is EFAULT", p.name);
  law(call(SYS_rt_sigprocmask, 0, 0, a, 8, 0, 0) == -EFAULT, "sigprocmask into %s is EFAULT", p.name);
  int pid = fork_or_die();
  if (pid == 0) _exit(5);
  law(call(SYS_wait4, pid, a, 0, 0, 0, 0) == -EFAULT, "wait4 with its status at %s is EFAULT", p.name);
  call(SYS_wait4, pid, 0, 0, 0, 0, 0);
}

static void check_numbers(void) {
  law(call(SYS_read, -1, 0, 0, 0, 0, 0) == -EBADF, "read from descriptor -1 is EBADF");
  law(call(SYS_write, 1000000, 0, 0, 0, 0, 0) == -EBADF, "write to descriptor 1000000 is EBADF");
  law(call(SYS_close, 0x7fffffff, 0, 0, 0, 0, 0) == -EBADF, "close of the largest descriptor is EBADF");
  law(call(SYS_wait4, 999999, 0, 0, 0, 0, 0) == -ECHILD, "wait4 for a stranger is ECHILD");
  law(call(SYS_kill, 999999, 9, 0, 0, 0, 0) == -ESRCH, "kill of nobody is ESRCH");
  law(call(SYS_kill, getpid(), 1000, 0, 0, 0, 0) == -EINVAL, "signal 1000 is EINVAL");
  law(call(SYS_rt_sigaction, 9, 0, 0, 8, 0, 0) == 0, "asking about SIGKILL is allowed");
  law(call(SYS_clock_gettime, 77, 0, 0, 0, 0, 0) == -EINVAL, "clock 77 is EINVAL");
  law(call(SYS_mprotect, 0x1000, page_bytes, PROT_READ, 0, 0, 0) == -ENOMEM,
      "mprotect of nothing mapped is ENOMEM");
  law(call(5000, 1, 2, 3, 4, 5, 6) == -ENOSYS, "an unknown call is ENOSYS");
  law(call(-1, 1, 2, 3, 4, 5, 6) == -ENOSYS, "call -1 is ENOSYS");
  law(call(SYS_mmap, 0, -1L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -ENOMEM,
      "mmap of everything is ENOMEM");
  law(call(SYS_munmap, 0x1000, -4096L, 0, 0, 0, 0) == -EINVAL, "munmap of everything is EINVAL");
}

int main(void) {
  (void)!pipe2(pipe_ends, O_NONBLOCK);
  unsigned char* pages = resident_pages(3);
  munmap(pages + page_bytes, page_bytes);
  mprotect(pages + 2 * page_bytes, page_bytes, PROT_READ);
  const struct pointer bad[] = {
      {"8", 8},
      {"an unmapped page", (uintptr_t)pages + page_bytes},
      {"the kernel's half", 0xffffffc080200000u},
      {"the last bytes", ~(uintptr_t)0 - 7},
      {"a non-canonical address", (uintptr_t)1 << 60},
      {"the end of a page before a hole", (uintptr_t)pages + page_bytes - 2},
  };
  memset(pages + page_bytes - 4, 'n', 4);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    check_reads(bad[i]);
    check_writes(bad[i]);
  }
  check_writes((struct pointer){"a read-only page", (uintptr_t)pages + 2 * page_bytes});
  check_numbers();
  int intact = 1;
  for (int i = 0; i < page_bytes; ++i) intact = intact && pages[2 * page_bytes + i] == 0;
  law(intact, "no call has written the read-only page");
  return verdict("hostile");
}

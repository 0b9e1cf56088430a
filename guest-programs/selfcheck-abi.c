/* What a Linux/riscv64 program is given: its first stack, the auxiliary vector, kept registers, structure
 * layouts. */
#define _GNU_SOURCE
#include "law.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern const char _start[];
extern const ElfW(Ehdr) __ehdr_start;

static void check_stack(int argc, char** argv, char** envp) {
  uintptr_t* start = (uintptr_t*)argv - 1;
  law(((uintptr_t)start & 15) == 0, "the first stack pointer is a multiple of 16");
  law(*start == (uintptr_t)argc && argv[argc] == NULL, "argc lies below argv, which ends in a null pointer");
  law(envp == argv + argc + 1, "the environment follows the arguments");
  char** end = envp;
  while (*end != NULL) ++end;
  const ElfW(auxv_t)* entry = (const ElfW(auxv_t)*)(end + 1);
  int found_end = 0;
  for (int i = 0; i < 64 && !found_end; ++i) found_end = entry[i].a_type == AT_NULL;
  law(found_end, "the auxiliary vector follows and ends in AT_NULL");
}

static void check_auxv(void) {
  law(getauxval(AT_PAGESZ) == page_bytes && sysconf(_SC_PAGESIZE) == page_bytes, "AT_PAGESZ is 4096");
  law(getauxval(AT_ENTRY) == (unsigned long)_start, "AT_ENTRY is the program's entry");
  law(getauxval(AT_PHDR) == (unsigned long)&__ehdr_start + __ehdr_start.e_phoff,
      "AT_PHDR is where the headers are");
  law(getauxval(AT_PHENT) == sizeof(ElfW(Phdr)) && getauxval(AT_PHNUM) == __ehdr_start.e_phnum,
      "AT_PHENT and AT_PHNUM");
  const unsigned char* random = (const unsigned char*)getauxval(AT_RANDOM);
  int distinct = 0;
  for (int i = 1; random != NULL && i < 16; ++i) distinct += random[i] != random[0];
  law(distinct > 3, "AT_RANDOM is 16 bytes that differ");
  law(getauxval(AT_UID) == getuid() && getauxval(AT_EGID) == getegid(),
      "AT_UID and AT_EGID are the process's");
  law(getauxval(AT_SECURE) == 0, "AT_SECURE is 0");
  const unsigned long imafdc = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 8 | 1u << 12;
  law((getauxval(AT_HWCAP) & imafdc) == imafdc, "AT_HWCAP has I, M, A, F, D and C");
}

/* A system call changes a0 and nothing else. */
static void check_registers(void) {
  register long a0 asm("a0") = 1;
  register long a1 asm("a1") = 11;
  register long a2 asm("a2") = 22;
  register long a3 asm("a3") = 33;
  register long a4 asm("a4") = 44;
  register long a5 asm("a5") = 55;
  register long a6 asm("a6") = 66;
  register long a7 asm("a7") = SYS_getppid;
  register long t0 asm("t0") = 100;
  register long t3 asm("t3") = 300;
  register long t6 asm("t6") = 600;
  register long s2 asm("s2") = 2000;
  asm volatile("ecall"
               : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7), "+r"(t0),
                 "+r"(t3), "+r"(t6), "+r"(s2)
               :
               : "memory");
  const long sum = a1 + a2 + a3 + a4 + a5 + a6 + a7 + t0 + t3 + t6 + s2;
  law(sum == 231 + SYS_getppid + 3000, "a system call keeps every register but a0");
}

static void check_calls(void) {
  struct utsname names;
  law(uname(&names) == 0 && strcmp(names.machine, "riscv64") == 0, "uname says riscv64");
  law(strcmp(names.sysname, "Linux") == 0 && strtol(names.release, NULL, 10) >= 4,
      "and a Linux that glibc accepts");
  law(getpid() > 0 && syscall(SYS_gettid) == getpid(), "the first thread's id is the process's");
  law(syscall(5000) == -1 && errno == ENOSYS, "an unknown call is ENOSYS");
  struct stat status;
  int ends[2];
  law(pipe(ends) == 0 && fstat(ends[0], &status) == 0 && S_ISFIFO(status.st_mode), "fstat knows a pipe");
  law(open("/no/such/file", O_RDONLY) == -1 && errno == ENOENT, "a missing file is ENOENT");
  char first[] = "scat", second[] = "tered";
  struct iovec vectors[2] = {{first, 4}, {second, 5}};
  char together[16] = {0};
  law(writev(ends[1], vectors, 2) == 9 && read(ends[0], together, 15) == 9 &&
          strcmp(together, "scattered") == 0,
      "writev gathers");
  char directory[256];
  law(getcwd(directory, sizeof directory) != NULL && directory[0] == '/', "there is a working directory");
  cpu_set_t harts;
  law(sched_getaffinity(0, sizeof harts, &harts) == 0 && CPU_COUNT(&harts) >= 1, "there is a hart to run on");
}

static long long nanoseconds(clockid_t clock) {
  struct timespec now = {0, 0};
  if (clock_gettime(clock, &now) != 0) return -1;
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void check_time(void) {
  const long long before = nanoseconds(CLOCK_MONOTONIC);
  struct timespec pause = {0, 2000000};
  law(nanosleep(&pause, NULL) == 0, "nanosleep returns");
  const long long slept = nanoseconds(CLOCK_MONOTONIC) - before;
  law(before >= 0 && slept >= 2000000, "and not before 2 ms have passed");
  uint64_t ticks, later;
  asm volatile("rdtime %0" : "=r"(ticks));
  asm volatile("rdtime %0" : "=r"(later));
  law(later >= ticks && ticks > 0, "rdtime works in user mode, and does not go back");
  law(nanoseconds(CLOCK_REALTIME) >= 0, "there is a wall clock");
}

int main(int argc, char** argv, char** envp) {
  check_stack(argc, argv, envp);
  check_auxv();
  check_registers();
  check_calls();
  check_time();
  return verdict("selfcheck-abi");
}

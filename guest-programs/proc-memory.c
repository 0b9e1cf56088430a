/* proc-memory [MIB]: what /proc says about a process's memory is what the process knows of it: maps, smaps, smaps_rollup,
 * status, statm, pagemap. With a swap disk and MIB more memory than there is, what is in swap, too.
 */
#define _GNU_SOURCE
#include "law.h"
#include "proc_numbers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { pages = 64, touched = 24, kib = page_bytes / 1024 };

static char text[1 << 18];

/* A field of the range that begins at `start`, in KiB; -1: there is no such range or field. */
static long smaps(const void* start, const char* name) {
  const int file = open("/proc/self/smaps", O_RDONLY);
  size_t size = 0;
  for (ssize_t part; size + 1 < sizeof text && (part = read(file, text + size, sizeof text - 1 - size)) > 0;)
    size += (size_t)part;
  close(file);
  text[size] = 0;
  char range[24];
  snprintf(range, sizeof range, "%08lx-", (unsigned long)start);
  const char* at = strstr(text, range);
  const char* next = at != NULL ? strstr(at, "\nSize:") : NULL;
  next = next != NULL ? strstr(next + 6, "\nSize:") : NULL; /* the range after it */
  char field[32];
  snprintf(field, sizeof field, "\n%s:", name);
  const char* found = at != NULL ? strstr(at, field) : NULL;
  if (found == NULL || (next != NULL && found > next)) return -1;
  return strtol(found + strlen(field), NULL, 10);
}

/* How many of the pages have this bit in pagemap. */
static int count_bit(const unsigned char* start, int count, int bit) {
  const int file = open("/proc/self/pagemap", O_RDONLY);
  int with = 0;
  for (int i = 0; i < count; ++i) {
    unsigned long word = 0;
    const off_t place = (off_t)((unsigned long)(start + i * page_bytes) / page_bytes * 8);
    if (pread(file, &word, 8, place) != 8) with = -1000000;
    with += (int)(word >> bit & 1);
  }
  close(file);
  return with;
}

static unsigned char* map(int count) {
  unsigned char* memory =
      mmap(NULL, (size_t)count * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(2);
  return memory;
}

static void write_pages(unsigned char* memory, int count) {
  for (int i = 0; i < count; ++i) ((volatile unsigned char*)memory)[i * page_bytes] = 1;
}

static void check_one_process(unsigned char* memory) {
  law(smaps(memory, "Size") == pages * kib, "a range is as long as it was mapped");
  law(smaps(memory, "Rss") == touched * kib, "what has been touched is resident");
  law(smaps(memory, "Private_Dirty") == touched * kib, "and private and dirty");
  law(smaps(memory, "Pss") == touched * kib && smaps(memory, "Anonymous") == touched * kib,
      "and all its own");
  law(smaps(memory, "Locked") == 0 && smaps(memory, "Swap") == 0, "not locked, not in swap");
  law(count_bit(memory, pages, 63) == touched && count_bit(memory, pages, 56) == touched,
      "pagemap says the same");
  const unsigned long before = proc_number("/proc/self/status", "VmRSS");
  write_pages(memory, pages);
  law(proc_number("/proc/self/status", "VmRSS") - before == (pages - touched) * kib,
      "VmRSS grows page by page");
  law(proc_number("/proc/self/smaps_rollup", "Rss") == proc_number("/proc/self/status", "VmRSS"),
      "all ranges together are the process");
}

static void check_fork(unsigned char* memory) {
  struct go ready = make_go();
  const int pid = fork_or_die();
  if (pid == 0) {
    wait_go(ready);
    _exit(smaps(memory, "Private_Dirty") == 0 ? 0 : 1);
  }
  law(smaps(memory, "Shared_Dirty") == pages * kib && smaps(memory, "Pss") == pages * kib / 2,
      "a fork shares every page");
  law(count_bit(memory, pages, 56) == 0, "pagemap says so, too");
  give_go(ready);
  law(exited_with(wait_for(pid), 0), "the child sees it in the same way");
  law(smaps(memory, "Private_Dirty") == pages * kib, "until the child is gone");
}

static void check_locks(unsigned char* memory) {
  const unsigned long before = proc_number("/proc/self/status", "VmLck");
  law(mlock(memory, pages * page_bytes) == 0, "mlock succeeds");
  law(smaps(memory, "Locked") == pages * kib, "locked memory is told by its range");
  law(proc_number("/proc/self/status", "VmLck") - before == pages * kib, "and by the process");
  munlock(memory, pages * page_bytes);
}

static void check_swap(int mib) {
  const int count = mib << 8;
  unsigned char* memory = map(count);
  write_pages(memory, count);
  const int in_swap = count_bit(memory, count, 62), present = count_bit(memory, count, 63);
  law(in_swap > 0 && in_swap + present == count, "every page is present or in swap");
  const long told = smaps(memory, "Swap"), status = (long)proc_number("/proc/self/status", "VmSwap");
  /* Reading /proc takes memory itself, so that a few pages more may have gone meanwhile. */
  law(labs(told - in_swap * kib) <= 64 * kib, "smaps counts the pages that are in swap");
  law(status >= told - 64 * kib && status <= told + 512 * kib, "and so does VmSwap");
}

int main(int argc, char** argv) {
  unsigned char* memory = map(pages);
  write_pages(memory, touched);
  if (argc > 1) {
    check_swap(atoi(argv[1]));
  } else {
    check_one_process(memory);
    check_fork(memory);
    check_locks(memory);
  }
  return verdict("proc-memory");
}

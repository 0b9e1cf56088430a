/* large-in-swap MIB: a page of 2 MiB of which one word is used all the time, while MIB more than there is are written once,
 * stays whole, and in memory. The same page, unused, goes.
 */
#define _GNU_SOURCE
#include "law.h"
#include "proc_numbers.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { large_bytes = 2 << 20, large_pages = large_bytes / page_bytes, some = 64 };

static unsigned char* map(size_t bytes) {
  unsigned char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(2);
  return memory;
}

/* The page faults of touching all of it. */
static unsigned long touch(volatile unsigned char* memory) {
  const unsigned long before = own_page_faults();
  for (size_t page = 0; page < large_pages; ++page) ++memory[page * page_bytes];
  return own_page_faults() - before;
}

static void write_once(size_t bytes, volatile unsigned char* used) {
  volatile unsigned char* memory = map(bytes);
  for (size_t at = 0; at < bytes; at += page_bytes) {
    memory[at] = 1;
    if (used != NULL) ++*used;
  }
  munmap((void*)memory, bytes);
}

int main(int argc, char** argv) {
  const size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) << 20;
  unsigned char* room = map(2 * large_bytes);
  unsigned char* large = room + (-(uintptr_t)room & (large_bytes - 1));
  madvise(large, large_bytes, MADV_HUGEPAGE);
  law(touch(large) < some, "there is a page of 2 MiB");
  write_once(bytes, large);
  law(touch(large) < some, "while it is used it is not split, and nothing of it goes to the disk");
  write_once(bytes, NULL);
  law(touch(large) > large_pages / 2, "unused it goes");
  return verdict("large-in-swap");
}

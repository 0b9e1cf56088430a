/* amplification [4k|64k|2m] [PAGES] [TOUCHED] [STRIDE]: what a child's stores cost in copied bytes, by page size.
 *
 * A process writes PAGES pages of that size and forks. The child stores one byte into each of the first
 * TOUCHED * 4 KiB of every page, STRIDE small pages apart. A kernel that copies whole pages copies PAGES times
 * their size for it; one that splits them copies PAGES * TOUCHED times 4 KiB; with 4 KiB pages there is no
 * choice. The line
 *   amplification: begin=0x… end=0x… size=BYTES pages=PAGES touched=TOUCHED
 * lets a test hold the report to that, and
 *   bench: pages=SIZE touched=TOUCHED fork=CYCLES write=CYCLES
 * says what it took: the fork, and all of the child's stores.
 */
#define _GNU_SOURCE
#include "law.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { advise_64k = 1064 }; /* our kernel's own; others answer EINVAL */

struct page_size {
  const char* name;
  size_t bytes;
  int advice;
};
static const struct page_size sizes[] = {
    {"4k", 4096, MADV_NOHUGEPAGE}, {"64k", 65536, advise_64k}, {"2m", 2 << 20, MADV_HUGEPAGE}};

static inline unsigned long cycles(void) {
  unsigned long now;
  __asm__ volatile("rdcycle %0" : "=r"(now)::"memory");
  return now;
}

static const struct page_size* size_of_name(const char* name) {
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
    if (strcmp(name, sizes[i].name) == 0) return &sizes[i];
  return NULL;
}

static volatile unsigned char* large_memory(const struct page_size* size, size_t pages) {
  const size_t bytes = size->bytes * pages;
  unsigned char* raw =
      mmap(NULL, bytes + size->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) exit(1);
  unsigned char* memory = (unsigned char*)(((unsigned long)raw + size->bytes - 1) & ~(size->bytes - 1));
  madvise(memory, bytes, size->advice);
  for (size_t i = 0; i < bytes; i += page_bytes) memory[i] = 'p';
  return memory;
}

static int is_the_parents(const volatile unsigned char* memory, size_t bytes) {
  for (size_t i = 0; i < bytes; i += page_bytes)
    if (memory[i] != 'p' || memory[i + 1] != 0) return 0;
  return 1;
}

int main(int count, char** arguments) {
  const struct page_size* size = size_of_name(count > 1 ? arguments[1] : "64k");
  const size_t pages = count > 2 ? (size_t)atol(arguments[2]) : 4;
  const size_t touched = count > 3 ? (size_t)atol(arguments[3]) : 1;
  const size_t stride = count > 4 ? (size_t)atol(arguments[4]) : 1;
  if (size == NULL || pages < 1 || touched < 1 || touched * stride > size->bytes / page_bytes) {
    say("usage: amplification [4k|64k|2m] [PAGES] [TOUCHED] [STRIDE]");
    return 2;
  }
  const size_t bytes = size->bytes * pages;
  volatile unsigned char* memory = large_memory(size, pages);
  say("amplification: begin=%p end=%p size=%zu pages=%zu touched=%zu", (const void*)memory,
      (const void*)(memory + bytes), size->bytes, pages, touched);
  unsigned long* write_cycles =
      mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const unsigned long before = cycles();
  const int pid = fork_or_die();
  if (pid == 0) {
    const unsigned long begin = cycles();
    for (size_t page = 0; page < pages; ++page)
      for (size_t i = 0; i < touched; ++i) memory[page * size->bytes + i * stride * page_bytes + 1] = 'c';
    *write_cycles = cycles() - begin;
    _exit(memory[1] == 'c' && memory[0] == 'p' ? 0 : 1);
  }
  const unsigned long fork_cycles = cycles() - before;
  law(exited_with(wait_for(pid), 0), "the child sees its own stores and the parent's");
  law(is_the_parents(memory, bytes), "the parent sees none of the child's stores");
  for (size_t i = 0; i < bytes; i += page_bytes) memory[i + 1] = 'q';
  law(memory[0] == 'p' && memory[bytes - page_bytes + 1] == 'q', "the parent writes its pages again");
  say("bench: pages=%s touched=%zu fork=%lu write=%lu", size->name, touched, fork_cycles, *write_cycles);
  return verdict("amplification");
}

/* Memory from the kernel: brk and sbrk, mmap of every kind a malloc uses, munmap with holes, mprotect, mremap
 * by realloc, MAP_FIXED, shared anonymous memory across fork, and a malloc that takes and gives back a lot.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char* map(size_t bytes, int protection, int flags) {
  return mmap(NULL, bytes, protection, flags | MAP_ANONYMOUS, -1, 0);
}

/* Does a child that runs `touch` on this byte die? */
static int is_deadly(volatile unsigned char* byte, int write_it) {
  int pid = fork_or_die();
  if (pid == 0) {
    if (write_it) {
      *byte = 1;
    } else {
      (void)*byte;
    }
    _exit(0);
  }
  return !exited_with(wait_for(pid), 0);
}

static void check_brk(void) {
  unsigned char* start = sbrk(0);
  law(sbrk(3 * page_bytes + 17) == start, "sbrk grows the heap");
  law(all_bytes(start, 3 * page_bytes + 17, 0), "new heap is zero");
  memset(start, 0xee, 3 * page_bytes + 17);
  law(brk(start + page_bytes) == 0 && sbrk(0) == start + page_bytes, "brk shrinks the heap");
  law(brk(start + 2 * page_bytes) == 0, "and grows it again");
  unsigned char* second = (unsigned char*)(((uintptr_t)start + page_bytes + 4095) & ~(uintptr_t)4095);
  law(second >= start + 2 * page_bytes || all_bytes(second, (size_t)(start + 2 * page_bytes - second), 0),
      "whole pages that were given back come back as zeros");
  brk(start);
}

static void check_holes(void) {
  unsigned char* memory = map(8 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  law(memory != MAP_FAILED && ((uintptr_t)memory & 4095) == 0, "mmap gives page-aligned memory");
  law(all_bytes(memory, 8 * page_bytes, 0), "anonymous memory is zero");
  memset(memory, 'm', 8 * page_bytes);
  law(munmap(memory + 3 * page_bytes, 2 * page_bytes) == 0, "a hole is unmapped");
  law(is_deadly(memory + 3 * page_bytes, 0) && is_deadly(memory + 5 * page_bytes - 1, 1),
      "the hole is deadly");
  law(all_bytes(memory, 3 * page_bytes, 'm') && all_bytes(memory + 5 * page_bytes, 3 * page_bytes, 'm'),
      "memory beside the hole is intact");
  unsigned char* fixed = mmap(memory + 3 * page_bytes, page_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  law(fixed == memory + 3 * page_bytes && all_bytes(fixed, page_bytes, 0),
      "MAP_FIXED fills the hole with zeros");
  fixed = mmap(memory, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  law(fixed == memory && all_bytes(memory, page_bytes, 0) && memory[page_bytes] == 'm',
      "MAP_FIXED replaces what was there");
  law(munmap(memory, 8 * page_bytes) == 0, "munmap over pieces and holes succeeds");
  law(is_deadly(memory + page_bytes, 0), "and nothing is left");
}

static void check_protection(void) {
  unsigned char* memory = resident_pages(3);
  memset(memory, 'p', 3 * page_bytes);
  law(mprotect(memory + page_bytes, page_bytes, PROT_READ) == 0, "one page of three is made read-only");
  law(is_deadly(memory + page_bytes, 1) && !is_deadly(memory + page_bytes, 0),
      "it can be read and not written");
  law(!is_deadly(memory + page_bytes - 1, 1) && !is_deadly(memory + 2 * page_bytes, 1),
      "its neighbours can be written");
  law(mprotect(memory, page_bytes, PROT_NONE) == 0 && is_deadly(memory, 0), "PROT_NONE cannot be read");
  law(mprotect(memory, 3 * page_bytes, PROT_READ | PROT_WRITE) == 0 && all_bytes(memory, 3 * page_bytes, 'p'),
      "and contents survive");
  memory[page_bytes] = 'q';
  law(memory[page_bytes] == 'q', "a page made writable again is");
  static const uint32_t code[] = {0x02a00513, 0x00008067}; /* li a0, 42; ret */
  memcpy(memory, code, sizeof code);
  law(mprotect(memory, page_bytes, PROT_READ | PROT_EXEC) == 0, "a page is made executable");
  __builtin___clear_cache((char*)memory, (char*)memory + sizeof code);
  int (*function)(void);
  memcpy(&function, &memory, sizeof function);
  law(function() == 42, "and runs");
}

static void check_shared(void) {
  volatile unsigned* shared = (volatile unsigned*)map(2 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
  law((void*)shared != MAP_FAILED, "shared anonymous memory is mapped");
  shared[0] = 1;
  int pid = fork_or_die();
  if (pid == 0) {
    shared[0] += 41;
    shared[1024] = 7;
    _exit(0);
  }
  wait_for(pid);
  law(shared[0] == 42 && shared[1024] == 7,
      "a child's writes to shared memory reach the parent, first touch or not");
}

static void check_malloc(void) {
  enum { blocks = 200 };
  static unsigned char* block[blocks];
  int intact = 1;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < blocks; ++i) {
      size_t bytes = (size_t)(i * 997 + 13) * (i % 50 == 49 ? 40 : 1);
      block[i] = malloc(bytes);
      if (block[i] == NULL) intact = 0;
      if (block[i] != NULL) memset(block[i], i, bytes);
    }
    for (int i = 0; i < blocks; ++i) {
      size_t bytes = (size_t)(i * 997 + 13) * (i % 50 == 49 ? 40 : 1);
      intact = intact && block[i] != NULL && all_bytes(block[i], bytes, i & 255);
      free(block[i]);
    }
  }
  law(intact, "malloc gives and takes 200 blocks over and over without mixing them up");
  unsigned char* grown = malloc(200000);
  memset(grown, 'g', 200000);
  grown = realloc(grown, 5000000);
  law(grown != NULL && all_bytes(grown, 200000, 'g'), "realloc of a large block keeps its contents");
  free(grown);
}

int main(void) {
  check_brk();
  check_holes();
  check_protection();
  check_shared();
  check_malloc();
  law(map(0, PROT_READ, MAP_PRIVATE) == MAP_FAILED && errno == EINVAL, "mmap of nothing is EINVAL");
  law(munmap((void*)1, page_bytes) == -1 && errno == EINVAL, "munmap of an unaligned address is EINVAL");
  law(map((size_t)1 << 50, PROT_READ, MAP_PRIVATE) == MAP_FAILED && errno == ENOMEM,
      "mmap of more than the address space is ENOMEM");
  return verdict("brk-mmap");
}

/* Large pages mean what small ones mean, whatever is done to a part of them.
 *
 * For 64 KiB and for 2 MiB: memory is filled with numbers, forked, and parts of it are unmapped, protected,
 * moved, given back and advised, at edges that lie inside a page; every byte that is still mapped must be what
 * was written there, in the parent and in the child. On a kernel without large pages it is the same program.
 */
#define _GNU_SOURCE
#include "law.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { advise_64k = 1064, large_pages = 4 };

static sigjmp_buf out;

static void leave(int signal) {
  (void)signal;
  siglongjmp(out, 1);
}

static int faults_on_store(volatile uint32_t* at) {
  if (sigsetjmp(out, 1) != 0) return 1;
  *at = *at;
  return 0;
}

static int faults_on_load(const volatile uint32_t* at) {
  if (sigsetjmp(out, 1) != 0) return 1;
  (void)*at;
  return 0;
}

static uint32_t* aligned_memory(size_t size, int advice) {
  const size_t bytes = size * large_pages;
  char* raw = mmap(NULL, bytes + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) exit(1);
  uint32_t* memory = (uint32_t*)(((unsigned long)raw + size - 1) & ~(size - 1));
  madvise(memory, bytes, advice);
  return memory;
}

/* One number a page of 4 KiB, and one at its end. */
static uint32_t number_of(size_t page, uint32_t salt) { return (uint32_t)page * 2654435761u + salt; }

static uint32_t* page_at(uint32_t* memory, size_t page) {
  return memory + page * (page_bytes / sizeof *memory);
}

static void fill(uint32_t* memory, size_t from, size_t to, uint32_t salt) {
  for (size_t page = from; page < to; ++page) {
    volatile uint32_t* at = page_at(memory, page);
    at[0] = number_of(page, salt);
    at[1023] = ~number_of(page, salt);
  }
}

static int holds(uint32_t* memory, size_t from, size_t to, size_t number, uint32_t salt) {
  for (size_t page = from; page < to; ++page, ++number) {
    const volatile uint32_t* at = page_at(memory, page);
    if (at[0] != number_of(number, salt) || at[1023] != ~number_of(number, salt)) return 0;
  }
  return 1;
}

/* In the child: its own stores, in the middle of pages, and what it has of the parent's. */
static int child_of(uint32_t* memory, size_t pages, size_t each) {
  fill(memory, each / 2, each / 2 + 1, 7);
  fill(memory, 2 * each, 3 * each, 7);
  madvise(page_at(memory, 3 * each + 1), 2 * page_bytes, MADV_DONTNEED);
  return law(holds(memory, 0, each / 2, 0, 1) && holds(memory, each / 2 + 1, 2 * each, each / 2 + 1, 1),
             "the child keeps what it has not written") &
         law(holds(memory, each / 2, each / 2 + 1, each / 2, 7) &&
                 holds(memory, 2 * each, 3 * each, 2 * each, 7),
             "the child sees its own stores") &
         law(page_at(memory, 3 * each + 1)[0] == 0 && page_at(memory, 3 * each + 2)[1023] == 0,
             "what the child has given back is zero") &
         law(holds(memory, 3 * each + 3, pages, 3 * each + 3, 1), "what lies behind it is not");
}

static void cut_and_move(uint32_t* memory, size_t pages, size_t each) {
  mprotect(page_at(memory, 3), 2 * page_bytes, PROT_READ);
  law(faults_on_store(page_at(memory, 3)) && faults_on_store(page_at(memory, 4)) &&
          !faults_on_store(page_at(memory, 5)) && !faults_on_store(page_at(memory, 2)),
      "mprotect of a part protects that part");
  munmap(page_at(memory, each + 1), page_bytes);
  law(faults_on_load(page_at(memory, each + 1)) && !faults_on_load(page_at(memory, each)) &&
          !faults_on_load(page_at(memory, each + 2)),
      "munmap of a part takes that part");
  char* room = mmap(NULL, 3 * each * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t* moved = mremap(page_at(memory, 2 * each), each * page_bytes, each * page_bytes,
                           MREMAP_MAYMOVE | MREMAP_FIXED, room + page_bytes);
  law(moved != MAP_FAILED && holds(moved, 0, each, 2 * each, 1),
      "mremap to another alignment keeps every byte");
  law(faults_on_load(page_at(memory, 2 * each)) && faults_on_load(page_at(memory, 3 * each - 1)),
      "what has been moved is gone");
  madvise(page_at(memory, 3 * each), each * page_bytes, MADV_NOHUGEPAGE);
  madvise(page_at(memory, 3 * each), page_bytes, MADV_DONTNEED);
  law(page_at(memory, 3 * each)[0] == 0 && holds(memory, 3 * each + 1, pages, 3 * each + 1, 1),
      "a page that was given back reads zero, its neighbours do not");
  law(holds(memory, 0, each + 1, 0, 1) && holds(memory, each + 2, 2 * each, each + 2, 1),
      "the rest is as it was");
}

static void try_size(const char* name, size_t size, int advice) {
  const size_t each = size / page_bytes;
  const size_t pages = each * large_pages;
  uint32_t* memory = aligned_memory(size, advice);
  fill(memory, 0, pages, 1);
  law(holds(memory, 0, pages, 0, 1), "%s: memory keeps what is written", name);
  const int pid = fork_or_die();
  if (pid == 0) _exit(!child_of(memory, pages, each));
  law(exited_with(wait_for(pid), 0), "%s: the child found no broken law", name);
  law(holds(memory, 0, pages, 0, 1), "%s: the parent sees nothing of the child's", name);
  cut_and_move(memory, pages, each);
}

int main(void) {
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGSEGV, &action, NULL);
  try_size("64k", 65536, advise_64k);
  try_size("2m", 2 << 20, MADV_HUGEPAGE);
  return verdict("large-pages");
}

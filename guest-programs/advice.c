/* madvise: what a child finds zero after MADV_WIPEONFORK, and what it does not; which pages MADV_DONTNEED drops; what is no
 * advice. By itself, because qemu-riscv64 takes most advice for no more than that.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not in every libc's header. */
enum { wipe_on_fork = 18, keep_on_fork = 19 };

static void check_wipe_on_fork(void) {
  unsigned char* memory = resident_pages(4);
  memset(memory, 7, 4 * page_bytes);
  law(madvise(memory + page_bytes, 2 * page_bytes, wipe_on_fork) == 0, "MADV_WIPEONFORK is taken");
  law(madvise(memory + 2 * page_bytes, page_bytes, keep_on_fork) == 0, "and MADV_KEEPONFORK takes it back");
  const int pid = fork_or_die();
  if (pid == 0) {
    const int kept =
        all_bytes(memory, page_bytes, 7) && all_bytes(memory + 2 * page_bytes, 2 * page_bytes, 7);
    const int wiped = all_bytes(memory + page_bytes, page_bytes, 0);
    memory[page_bytes] = 1;
    _exit(kept && wiped ? 0 : 1);
  }
  law(exited_with(wait_for(pid), 0), "a child finds zeros in what is wiped, and all the rest");
  law(all_bytes(memory, 4 * page_bytes, 7), "its parent has everything");
  unsigned char* shared = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  errno = 0;
  law(madvise(shared, page_bytes, wipe_on_fork) == -1 && errno == EINVAL, "shared memory is not to be wiped");
  munmap(memory + page_bytes, page_bytes);
  errno = 0;
  law(madvise(memory, 4 * page_bytes, wipe_on_fork) == -1 && errno == ENOMEM, "a hole is told");
  const int heir = fork_or_die();
  if (heir == 0)
    _exit(all_bytes(memory, page_bytes, 0) && all_bytes(memory + 2 * page_bytes, 2 * page_bytes, 0) ? 0 : 1);
  law(exited_with(wait_for(heir), 0), "and what is beside it wiped all the same");
  munmap(memory, 4 * page_bytes);
  munmap(shared, page_bytes);
}

static void check_wiped_heap(void) {
  unsigned char* start = sbrk(0);
  unsigned char* first = (unsigned char*)(((uintptr_t)start + 4095) & ~(uintptr_t)4095);
  brk(first + page_bytes);
  law(madvise(first, page_bytes, wipe_on_fork) == 0, "MADV_WIPEONFORK is taken for a page of the heap");
  brk(first + 2 * page_bytes);
  memset(first, 7, 2 * page_bytes);
  const int pid = fork_or_die();
  if (pid == 0)
    _exit(all_bytes(first, page_bytes, 0) && all_bytes(first + page_bytes, page_bytes, 7) ? 0 : 1);
  law(exited_with(wait_for(pid), 0), "it is wiped, what brk adds above it is not");
  brk(start);
}

static void check_dropping(void) {
  unsigned char* memory = resident_pages(4);
  memset(memory, 7, 4 * page_bytes);
  munmap(memory + page_bytes, page_bytes);
  errno = 0;
  law(madvise(memory, 4 * page_bytes, MADV_DONTNEED) == -1 && errno == ENOMEM,
      "advice over a hole is ENOMEM");
  law(all_bytes(memory, page_bytes, 0) && all_bytes(memory + 2 * page_bytes, 2 * page_bytes, 0),
      "and is taken before it and behind it");
  errno = 0;
  law(madvise(memory, page_bytes, 12345) == -1 && errno == EINVAL, "unknown advice is EINVAL");
  errno = 0;
  law(mmap(NULL, (size_t)1 << 34, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == ENOMEM,
      "shared memory that could never be kept is refused, and nobody is killed for it");
}

int main(void) {
  check_dropping();
  check_wipe_on_fork();
  check_wiped_heap();
  return verdict("advice");
}

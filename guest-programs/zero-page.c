/* Memory that is only read is one page of zeros, whatever its size; a store makes a page of its own.
 *
 * 32 pages are read, then 8 of them are written: 8 copies (from the zero page). A child writes 4 of those
 * again: 4 copies, and 4 that nobody has written: 4 copies.
 */
#define _GNU_SOURCE
#include "law.h"

#include <sys/mman.h>
#include <unistd.h>

enum { pages = 32 };

static int zeros(const volatile unsigned char* buffer, int from, int to) {
  for (int i = from * page_bytes; i < to * page_bytes; ++i)
    if (buffer[i] != 0) return 0;
  return 1;
}

int main(void) {
  volatile unsigned char* buffer =
      mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  measure("zero-page", (const void*)buffer, pages * page_bytes, 16, 0);
  law(zeros(buffer, 0, pages), "memory is zero when it is first read");
  for (int page = 0; page < 8; ++page) buffer[page * page_bytes] = 'p';
  law(zeros(buffer, 8, pages), "a store to one page does not show in the others");
  const int pid = fork_or_die();
  if (pid == 0) {
    for (int page = 4; page < 12; ++page) buffer[page * page_bytes] = 'c';
    law(zeros(buffer, 12, pages), "the child's stores do not show in the other pages");
    _exit(law_status());
  }
  law(exited_with(wait_for(pid), 0), "the child found no broken law");
  law(zeros(buffer, 8, pages), "the child's stores do not show in the parent's zeros");
  law(buffer[4 * page_bytes] == 'p' && buffer[0] == 'p', "the parent keeps its own");
  return verdict("zero-page");
}

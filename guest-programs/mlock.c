/* Locked memory stays where it is, whatever becomes of the rest.
 *
 *   mlock [MIB]     of other memory, default 48; the machine should have less, and a swap disk
 */
#define _GNU_SOURCE
#include "law.h"
#include "proc_numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { pages = 256, few = 16 };

static size_t other_pages;

/* Uses other memory until everything that can go has gone. */
static void press(void) {
  unsigned char* other =
      mmap(NULL, other_pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!quiet_law(other != MAP_FAILED, "mmap gives %zu pages", other_pages)) return;
  for (size_t page = 0; page < 2 * other_pages; ++page)
    ((volatile unsigned char*)other)[page % other_pages * page_bytes] = 1;
  munmap(other, other_pages * page_bytes);
}

static unsigned long faults_of_reading(const unsigned char* memory) {
  const unsigned long before = own_page_faults();
  for (size_t page = 0; page < pages; ++page)
    (void)((const volatile unsigned char*)memory)[page * page_bytes];
  return own_page_faults() - before;
}

static unsigned char* fresh(int flags) {
  unsigned char* memory =
      mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char** argv) {
  other_pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 48) << 8;
  law(proc_number("/proc/meminfo", "SwapTotal") != 0, "there is a swap disk");
  unsigned char* locked = fresh(0);
  law(mlock(locked, pages * page_bytes) == 0, "mlock brings pages in");
  law(faults_of_reading(locked) < few, "touching them is no fault");
  unsigned char* by_flag = fresh(MAP_LOCKED);
  unsigned char* other = resident_pages(pages);
  press();
  law(faults_of_reading(other) > pages / 2, "under pressure, memory goes to swap");
  law(faults_of_reading(locked) < few, "locked memory stays");
  law(faults_of_reading(by_flag) < few, "memory mapped with MAP_LOCKED stays");
  law(munlock(locked, pages * page_bytes) == 0, "munlock succeeds");
  press();
  law(faults_of_reading(locked) > pages / 2, "and then it goes like any other");
  law(mlockall(MCL_CURRENT | MCL_FUTURE) == 0, "mlockall brings all pages in");
  unsigned char* later = fresh(0);
  law(faults_of_reading(later) < few, "and pages that are mapped later");
  unsigned char* heap = sbrk(pages * page_bytes);
  law(faults_of_reading(heap) < few, "and the heap that grows later");
  later = mremap(later, pages * page_bytes, 2 * pages * page_bytes, MREMAP_MAYMOVE);
  law(faults_of_reading(later + pages * page_bytes) < few, "and a mapping that grows later");
  errno = 0;
  law(madvise(heap, page_bytes, MADV_DONTNEED) == -1 && errno == EINVAL, "locked pages are not dropped");
  law(munlockall() == 0, "munlockall succeeds");
  press();
  law(faults_of_reading(later) > pages / 2, "and then they go, too");
  errno = 0;
  munmap(later, 2 * pages * page_bytes);
  law(mlock(later, pages * page_bytes) == -1 && errno == ENOMEM, "what is not mapped cannot be locked");
  return verdict("mlock");
}

/* More memory than there is: pages go to a swap disk and come back.
 *
 *   swap [MIB]     default 48; the machine should have less, and a swap disk of more
 *
 *   1. What was written is read again, whatever went to the disk meanwhile.
 *   2. A page that is only read since it came back needs no second writing.
 *   3. Fork shares swap slots as it shares frames: it takes none, and what either writes is its own.
 *   4. With the memory, its slots are free.
 */
#define _GNU_SOURCE
#include "law.h"
#include "proc_numbers.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { words_per_page = page_bytes / sizeof(unsigned long), some = 64 };

static size_t pages;
static unsigned long* memory;

static unsigned long* page_at(size_t page) { return memory + page * words_per_page; }
static unsigned long contents(size_t page) { return page * 0x9e3779b97f4a7c15ul + 1; }

static void fill(void) {
  for (size_t page = 0; page < pages; ++page) {
    page_at(page)[0] = contents(page);
    page_at(page)[words_per_page - 1] = ~contents(page);
  }
}

/* Pages that do not hold what was written; every `step`-th was written again by `add`. */
static size_t wrong_pages(size_t step, unsigned long add) {
  size_t wrong = 0;
  for (size_t page = 0; page < pages; ++page) {
    const unsigned long first = contents(page) + (page % step == 0 ? add : 0);
    wrong += page_at(page)[0] != first || page_at(page)[words_per_page - 1] != ~contents(page);
  }
  return wrong;
}

static void add_to_every(size_t step, unsigned long add) {
  for (size_t page = 0; page < pages; page += step) page_at(page)[0] += add;
}

static unsigned long swapped_in(void) { return proc_number("/proc/vmstat", "pswpin"); }
static unsigned long swapped_out(void) { return proc_number("/proc/vmstat", "pswpout"); }
static unsigned long slots_free(void) { return proc_number("/proc/meminfo", "SwapFree") * 1024 / page_bytes; }

static void test_contents(void) {
  fill();
  law(swapped_out() != 0, "the memory is smaller than what was written");
  law(wrong_pages(1, 0) == 0, "every page comes back as it was");
  wrong_pages(1, 0);
  const unsigned long in = swapped_in(), out = swapped_out();
  law(wrong_pages(1, 0) == 0, "and again");
  law(swapped_in() - in > pages / 4, "reading all of it reads from the disk");
  law(swapped_out() - out < some, "pages that have only been read are not written again");
}

static void test_fork(void) {
  const unsigned long before = slots_free();
  struct go go = make_go();
  const int pid = fork_or_die();
  if (pid == 0) {
    wait_go(go);
    law(wrong_pages(1, 0) == 0, "the child finds what its parent had in swap");
    add_to_every(8, 1);
    law(wrong_pages(8, 1) == 0, "and writes pages of its own");
    _exit(law_status());
  }
  law(before - slots_free() < some, "fork takes no swap slot");
  give_go(go);
  law(exited_with(wait_for(pid), 0), "the child found no broken law");
  law(wrong_pages(1, 0) == 0, "nothing of that reaches the parent");
}

int main(int argc, char** argv) {
  pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 48) << 8;
  if (!law(proc_number("/proc/meminfo", "SwapTotal") != 0, "there is a swap disk")) return verdict("swap");
  const unsigned long slots = slots_free();
  memory = mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return law(0, "mmap gives %zu pages", pages), verdict("swap");
  test_contents();
  test_fork();
  munmap(memory, pages * page_bytes);
  law(slots - slots_free() < some, "the slots of memory that is gone are free");
  return verdict("swap");
}

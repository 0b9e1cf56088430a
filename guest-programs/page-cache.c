/* Processes that have nothing to do with each other share what they have of one file, their program's text and what they
 * map of it alike: one frame a page, in the page cache. A private store makes a copy of it, whoever else is there.
 *
 * This program executes itself: both map the same file of 8 pages at the same address, privately. The child has read 6 of
 * them and writes 2 of these: 2 copies. The parent has read all and writes 1 that the child has written, too: 1 copy. What
 * is written without having been read is filled once, with a page of its own: no copy.
 */
#define _GNU_SOURCE
#include "law.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { pages = 8, read_by_child = 6 };
static unsigned char* const place = (unsigned char*)0x2000000000;

struct frames {
  unsigned long text, page[pages];
};

/* The frame that this process has at the address; 0: none. */
static unsigned long frame_at(const void* address) {
  const int file = open("/proc/self/pagemap", O_RDONLY);
  unsigned long word = 0;
  if (pread(file, &word, 8, (off_t)((unsigned long)address / page_bytes * 8)) != 8) word = 0;
  close(file);
  return word >> 63 != 0 ? word & ((1ul << 55) - 1) : 0;
}

static struct frames own_frames(void) {
  struct frames frames = {.text = frame_at((const void*)frame_at)};
  for (int i = 0; i < pages; ++i) frames.page[i] = frame_at(place + i * page_bytes);
  return frames;
}

static int map_file(const char* name, int kind) {
  const int file = open(name, O_RDWR);
  void* at = mmap(place, pages * page_bytes, PROT_READ | PROT_WRITE, kind | MAP_FIXED, file, 0);
  close(file);
  return at == place;
}

static int has(int page, char value) { return all_bytes(place + page * page_bytes, page_bytes, value); }

/* The child tells before and after its stores which frames it has. */
static int child(const char* name, int to) {
  if (!map_file(name, MAP_PRIVATE)) return 1;
  int good = 1;
  for (int i = 0; i < read_by_child; ++i) good = good && has(i, (char)('a' + i));
  const struct frames before = own_frames();
  memset(place, 'X', 2 * page_bytes);
  memset(place + 7 * page_bytes, 'Y', page_bytes);
  const struct frames after = own_frames();
  good = good && has(0, 'X') && has(1, 'X') && has(2, 'c') && has(7, 'Y');
  good = good && write(to, &before, sizeof before) == sizeof before;
  return good && write(to, &after, sizeof after) == sizeof after ? 0 : 1;
}

static void run_child(char* self, char* name, struct frames* before, struct frames* after) {
  int ends[2], pid = 0;
  char number[16];
  if (pipe(ends) != 0) exit(2);
  snprintf(number, sizeof number, "%d", ends[1]);
  char* arguments[] = {self, "child", name, number, NULL};
  if (posix_spawn(&pid, self, NULL, NULL, arguments, environ) != 0) exit(2);
  close(ends[1]);
  const int told = read(ends[0], before, sizeof *before) == sizeof *before &&
                   read(ends[0], after, sizeof *after) == sizeof *after;
  law(exited_with(wait_for(pid), 0) && told, "the child sees the file, and its own stores");
}

static int same(const struct frames* a, const struct frames* b, int from, int to) {
  int equal = 1;
  for (int i = from; i < to; ++i) equal = equal && a->page[i] != 0 && a->page[i] == b->page[i];
  return equal;
}

int main(int argc, char** argv) {
  if (argc == 4) return child(argv[2], atoi(argv[3]));
  char name[] = "/tmp/page-cache-XXXXXX";
  const int file = mkstemp(name);
  unsigned char page[page_bytes];
  for (int i = 0; i < pages; ++i) {
    memset(page, 'a' + i, sizeof page);
    if (write(file, page, sizeof page) != sizeof page) return 2;
  }
  law(map_file(name, MAP_PRIVATE), "a file can be mapped");
  int read_all = 1;
  for (int i = 0; i < pages; ++i) read_all = read_all && has(i, (char)('a' + i));
  law(read_all, "and read");
  const struct frames mine = own_frames();
  struct frames before = {0}, after = {0};
  run_child(argv[0], name, &before, &after);
  law(before.text != 0 && before.text == mine.text, "two runs of a program have one copy of its text");
  law(same(&mine, &before, 0, read_by_child), "two processes have one copy of a file that they read");
  law(before.page[6] == 0 && before.page[7] == 0, "what nobody has touched is not there");
  law(after.page[0] != before.page[0] && after.page[1] != before.page[1] && after.page[7] != mine.page[7],
      "a private store makes a page of its own");
  law(same(&before, &after, 2, read_by_child), "and leaves the others shared");
  law(has(0, 'a') && has(1, 'b') && has(7, 'h'), "nobody else sees it");
  memset(place + page_bytes, 'Z', page_bytes);
  law(frame_at(place + page_bytes) != mine.page[1] && has(1, 'Z'),
      "a store copies although the other process has gone: the file has the page");
  measure("page-cache", place, pages * page_bytes, 3, 0);
  law(pread(file, page, 1, page_bytes) == 1 && page[0] == 'b', "and the file is as it was");
  law(map_file(name, MAP_SHARED) && has(1, 'b') && frame_at(place + page_bytes) == mine.page[1],
      "who shares the file has the page cache's own page");
  unlink(name);
  return verdict("page-cache");
}

/* Ranges of memory: neighbours that say the same are one, and a process has at most as many as Linux allows. */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_ranges = 65530, pages = 2 * most_ranges }; /* Linux's max_map_count */

/* Lines of /proc/self/maps that overlap [begin, end). */
static int ranges_in(uintptr_t begin, uintptr_t end) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512];
  int count = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long from = 0, to = 0;
    count += sscanf(line, "%lx-%lx", &from, &to) == 2 && from < end && begin < to;
  }
  if (maps != NULL) fclose(maps);
  return count;
}

static int ranges_of(const char* memory, size_t count) {
  return ranges_in((uintptr_t)memory, (uintptr_t)memory + count * page_bytes);
}

static char* map_at(char* place, size_t count, int protection, int kind) {
  char* memory = mmap(place, count * page_bytes, protection,
                      kind | MAP_ANONYMOUS | (place != NULL ? MAP_FIXED : 0), -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static void check_joining(void) {
  enum { rights = PROT_READ | PROT_WRITE };
  char* memory = map_at(NULL, 10, PROT_NONE, MAP_PRIVATE);
  map_at(memory + page_bytes, 1, rights, MAP_PRIVATE);
  map_at(memory + 3 * page_bytes, 1, rights, MAP_PRIVATE);
  law(ranges_of(memory, 10) == 5, "what differs from its neighbours is a range of its own");
  map_at(memory + 2 * page_bytes, 1, rights, MAP_PRIVATE);
  law(ranges_of(memory, 10) == 3, "what joins two ranges of the same rights makes them one");
  memset(memory + page_bytes, 'x', 3 * page_bytes);
  mprotect(memory + 2 * page_bytes, page_bytes, PROT_READ);
  law(ranges_of(memory, 10) == 5, "other rights part it");
  mprotect(memory + 2 * page_bytes, page_bytes, rights);
  law(ranges_of(memory, 10) == 3, "and the same rights join it again");
  madvise(memory + 2 * page_bytes, page_bytes, MADV_WIPEONFORK);
  const int parted = ranges_of(memory, 10);
  madvise(memory + 2 * page_bytes, page_bytes, MADV_KEEPONFORK);
  law(parted == 5 && ranges_of(memory, 10) == 3, "so does advice that is taken back");
  mlock(memory + 3 * page_bytes, page_bytes);
  const int locked = ranges_of(memory, 10);
  munlock(memory + 3 * page_bytes, page_bytes);
  law(locked == 4 && ranges_of(memory, 10) == 3, "and a lock");
  char* moved = mremap(memory + page_bytes, 3 * page_bytes, 6 * page_bytes, MREMAP_MAYMOVE);
  law(moved != MAP_FAILED && all_bytes((unsigned char*)moved, 3 * page_bytes, 'x') &&
          moved[3 * page_bytes] == 0,
      "what has become one range moves as one, with its contents");
  map_at(memory, 4, rights, MAP_SHARED);
  map_at(memory + 4 * page_bytes, 4, rights, MAP_SHARED);
  law(ranges_of(memory, 8) == 2, "two pieces of shared memory stay two");
  char* heap = sbrk(0);
  sbrk(3 * page_bytes), sbrk(3 * page_bytes);
  law(ranges_in((uintptr_t)heap, (uintptr_t)sbrk(0)) == 1, "the heap grows as one range");
}

/* Every second page gets other rights, from the last on: two more ranges each. How many, until the kernel refuses. */
static int part_all(char* memory) {
  int parted = 0;
  for (long page = pages - 2; page > 0; page -= 2, ++parted) {
    if (mprotect(memory + page * page_bytes, page_bytes, PROT_READ) != 0) break;
  }
  return parted;
}

static void check_limit(void) {
  char* memory = map_at(NULL, pages, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);
  const int before = ranges_in(0, UINTPTR_MAX);
  errno = 0;
  const int parted = part_all(memory);
  law(errno == ENOMEM, "no process has ranges without end: ENOMEM");
  const int all = before + 2 * parted;
  law(all <= most_ranges + 2 && all > most_ranges - 2, "but as many as on Linux"); /* whose maps list some more */
  char* last = memory + (pages - 2) * (size_t)page_bytes;
  map_at(NULL, 1, PROT_WRITE, MAP_PRIVATE); /* perhaps one more */
  errno = 0;
  law(map_at(NULL, 1, PROT_READ, MAP_PRIVATE) == NULL && errno == ENOMEM,
      "then there is no room for another");
  errno = 0;
  law(munmap(memory + 2 * page_bytes, page_bytes) != 0 && errno == ENOMEM, "nor for cutting one in two");
  const int pid = fork_or_die();
  if (pid == 0) _exit(*last == 0 && map_at(NULL, 1, PROT_READ, MAP_PRIVATE) == NULL ? 0 : 1);
  law(exited_with(wait_for(pid), 0), "a child has them all, too");
  law(munmap(last, page_bytes) == 0 && map_at(last, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE) != NULL,
      "what is unmapped makes room");
  munmap(memory, pages * (size_t)page_bytes);
  law(ranges_in(0, UINTPTR_MAX) <= before + 1 && map_at(NULL, 1, PROT_READ, MAP_PRIVATE) != NULL,
      "and all of it all the room");
}

int main(void) {
  check_joining();
  check_limit();
  return verdict("ranges");
}

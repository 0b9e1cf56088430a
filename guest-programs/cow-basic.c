/* Copy-on-write keeps parent and child apart, both ways, and copies no page that nobody writes.
 *
 * The measured buffer has 16 pages, all resident and written before the fork. Then, one step after the other:
 *   pages  0..7   the child writes while the parent holds them:           8 copies
 *   pages  0..3   the parent writes, it is their last owner:              4 reuses
 *   pages  8..11  the parent writes while the child holds them:           4 copies
 *   pages  8..11  the child writes, it is the old frames' last owner:     4 reuses
 *   pages 12..13  the parent writes after the child is gone:              2 reuses
 *   pages 14..15  both only read:                                         nothing
 * In all 12 copies and 10 reuses.
 */
#include "law.h"

#include <string.h>
#include <unistd.h>

enum { pages = 16 };

static void fill(unsigned char* buffer, int from, int to, int value) {
  for (int page = from; page <= to; ++page) memset(buffer + page * page_bytes, value, page_bytes);
}

static int all_equal(const unsigned char* buffer, int from, int to, int value) {
  for (const unsigned char* byte = buffer + from * page_bytes; byte != buffer + (to + 1) * page_bytes;
       ++byte) {
    if (*byte != value) return 0;
  }
  return 1;
}

static int child(unsigned char* buffer, struct go to_parent, struct go to_child) {
  law(all_equal(buffer, 0, 15, 'p'), "the child sees what the parent wrote before the fork");
  fill(buffer, 0, 7, 'c');
  law(all_equal(buffer, 0, 7, 'c'), "the child sees its own writes");
  give_go(to_parent);
  wait_go(to_child);
  law(all_equal(buffer, 0, 7, 'c'), "the parent's writes do not reach pages that the child has copied");
  law(all_equal(buffer, 8, 15, 'p'), "the parent's writes do not reach pages that the child still shares");
  fill(buffer, 8, 11, 'd');
  law(all_equal(buffer, 8, 11, 'd'), "the child writes pages that the parent has copied");
  return law_status();
}

int main(void) {
  unsigned char* buffer = resident_pages(pages);
  fill(buffer, 0, 15, 'p');
  struct go to_parent = make_go();
  struct go to_child = make_go();
  measure("cow-basic", buffer, pages * page_bytes, 12, 10);
  int pid = fork_or_die();
  if (pid == 0) _exit(child(buffer, to_parent, to_child));
  wait_go(to_parent);
  law(all_equal(buffer, 0, 15, 'p'), "the child's writes do not reach the parent");
  fill(buffer, 0, 3, 'q');
  fill(buffer, 8, 11, 'r');
  give_go(to_child);
  law(exited_with(wait_for(pid), 0), "the child found no broken law");
  law(all_equal(buffer, 0, 3, 'q') && all_equal(buffer, 4, 7, 'p') && all_equal(buffer, 8, 11, 'r'),
      "the parent keeps its own writes and none of the child's");
  fill(buffer, 12, 13, 's');
  law(all_equal(buffer, 12, 13, 's') && all_equal(buffer, 14, 15, 'p'), "the last owner writes its pages");
  return verdict("cow-basic");
}

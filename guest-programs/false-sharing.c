/* Two children write the two ends of one page at the same time.
 *
 * The measured buffer is that page. The parent keeps it (and only reads it), so each child finds it shared
 * and gets a copy of its own: exactly 2 copies and no reuse, whichever is first and on however many harts.
 */
#include "law.h"

#include <unistd.h>

static int write_end(volatile unsigned char* page, int mine, int other, struct go ready, struct go start) {
  give_go(ready);
  wait_go(start);
  page[mine] = (unsigned char)(mine == 0 ? 'a' : 'b');
  law(page[mine] == (mine == 0 ? 'a' : 'b'), "child %c sees its own byte", mine == 0 ? 'a' : 'b');
  law(page[other] == 'p', "child %c does not see its brother's byte", mine == 0 ? 'a' : 'b');
  return law_status();
}

int main(void) {
  volatile unsigned char* page = resident_pages(1);
  const int last = page_bytes - 1;
  page[0] = 'p';
  page[last] = 'p';
  struct go ready = make_go();
  struct go start = make_go();
  measure("false-sharing", (const void*)page, page_bytes, 2, 0);
  int first = fork_or_die();
  if (first == 0) _exit(write_end(page, 0, last, ready, start));
  int second = fork_or_die();
  if (second == 0) _exit(write_end(page, last, 0, ready, start));
  wait_go(ready);
  wait_go(ready);
  give_go(start);
  give_go(start);
  const int status = wait_for(first);
  law(exited_with(status, 0) && exited_with(wait_for(second), 0), "both children found no broken law");
  law(page[0] == 'p' && page[last] == 'p', "neither child's byte reaches the parent");
  return verdict("false-sharing");
}

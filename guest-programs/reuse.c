/* The last owner of a page writes it in place.
 *
 * main starts a process A. A makes the measured buffer (32 pages: main never had them), forks B and exits.
 * When main has seen A's end by wait4 (by then A's memory is given back), it tells B, which writes every
 * page: it is the only owner, so 0 copies and 32 reuses.
 */
#include "law.h"

#include <string.h>
#include <unistd.h>

enum { pages = 32 };

static int last_owner(unsigned char* buffer, struct go parent_is_gone) {
  wait_go(parent_is_gone);
  int intact = 1;
  for (int i = 0; i < pages * page_bytes; ++i)
    intact = intact && buffer[i] == (unsigned char)(i / page_bytes);
  law(intact, "the buffer outlives the process that made it");
  memset(buffer, 'b', pages * page_bytes);
  int written = 1;
  for (int i = 0; i < pages * page_bytes; ++i) written = written && buffer[i] == 'b';
  law(written, "the last owner writes every page");
  return law_status();
}

static void first_owner(struct go parent_is_gone, struct go result) {
  unsigned char* buffer = resident_pages(pages);
  for (int i = 0; i < pages * page_bytes; ++i) buffer[i] = (unsigned char)(i / page_bytes);
  measure("reuse", buffer, pages * page_bytes, 0, pages);
  if (fork_or_die() != 0) _exit(0);
  if (last_owner(buffer, parent_is_gone) == 0) give_go(result);
  _exit(0);
}

int main(void) {
  struct go parent_is_gone = make_go();
  struct go result = make_go();
  int pid = fork_or_die();
  if (pid == 0) first_owner(parent_is_gone, result);
  law(exited_with(wait_for(pid), 0), "the first owner exits");
  give_go(parent_is_gone);
  close(result.write_end);
  char byte;
  law(read(result.read_end, &byte, 1) == 1, "the last owner found no broken law");
  return verdict("reuse");
}

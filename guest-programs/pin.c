/* A page that is pinned belongs to a device and to its process at once, and copy-on-write must know it. Three
 * things went wrong in Linux, each under the rule of its time (guestos/mm/cow.hpp, boot argument reuse=):
 *
 *   1. The child pins a page, unmaps it, and reads it through the pin. Under `maps` the parent then looks
 * like the last owner, writes in place, and the child reads what it never may (CVE-2020-29374).
 *   2. The parent's buffer is pinned for a device, and the parent forks. Under `maps` and `references` the
 *      parent's next store copies the page: what the device writes from then on is lost.
 *   3. The same without a fork: the buffer is made read-only and writable again. Under `references` the pin
 * is a reference, and the store copies.
 *
 * Needs our own system calls 500 to 503; elsewhere it says so and ends well.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long pin(void* page, int writable) { return syscall(500, page, 1, writable); }
static char device_reads(long number) {
  char byte = 0;
  syscall(502, number, 0, &byte, 1);
  return byte;
}
static void device_writes(long number, char byte) { syscall(503, number, 0, &byte, 1); }

static int reader(unsigned char* page, struct go ready, struct go written) {
  const long number = pin(page, 0);
  munmap(page, page_bytes);
  give_go(ready);
  wait_go(written);
  law(device_reads(number) == 'o', "who unmapped a page cannot read what its parent writes later");
  return law_status();
}

static void test_leak(void) {
  unsigned char* page = resident_pages(1);
  struct go ready = make_go(), written = make_go();
  page[0] = 'o';
  const int pid = fork_or_die();
  if (pid == 0) _exit(reader(page, ready, written));
  wait_go(ready);
  *(volatile unsigned char*)page = 's';
  give_go(written);
  law(exited_with(wait_for(pid), 0), "the secret stays with the parent");
}

static void test_fork(void) {
  unsigned char* page = resident_pages(1);
  struct go end = make_go();
  const long number = pin(page, 1);
  const int pid = fork_or_die();
  if (pid == 0) {
    wait_go(end);
    _exit(page[0] == 0 && page[1] == 0 ? 0 : 1);
  }
  ((volatile unsigned char*)page)[1] = 'p';
  device_writes(number, 'd');
  law(((volatile unsigned char*)page)[0] == 'd', "after a fork the device still writes its owner's page");
  give_go(end);
  law(exited_with(wait_for(pid), 0), "and not the child's");
  syscall(501, number);
}

static void test_protect(void) {
  unsigned char* page = resident_pages(1);
  const long number = pin(page, 1);
  mprotect(page, page_bytes, PROT_READ);
  mprotect(page, page_bytes, PROT_READ | PROT_WRITE);
  ((volatile unsigned char*)page)[1] = 'p';
  device_writes(number, 'd');
  law(((volatile unsigned char*)page)[0] == 'd', "without a fork the device still writes its owner's page");
}

int main(void) {
  if (pin(NULL, 0) < 0 && errno == ENOSYS) {
    say("pin: this kernel has no pin call");
    return 0;
  }
  test_leak();
  test_fork();
  test_protect();
  return verdict("pin");
}

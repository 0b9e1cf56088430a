/* A genuine fault ends its own process by SIGSEGV, and nobody else. Copy-on-write must not make a page
 * writable that its process may not write.
 *
 * The measured buffer has 4 pages, written, then made read-only before the forks: 0 copies, 0 reuses.
 */
#define _GNU_SOURCE
#include "law.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { pages = 4 };

/* A pointer of which the compiler knows nothing. */
static volatile unsigned char* at(uintptr_t address) {
  asm volatile("" : "+r"(address));
  return (volatile unsigned char*)address;
}

static void store_unmapped(unsigned char* buffer) {
  munmap(buffer, page_bytes);
  *(volatile unsigned char*)buffer = 1;
}
static void store_read_only(unsigned char* buffer) { *(volatile unsigned char*)(buffer + page_bytes) = 1; }
static void store_null(unsigned char* buffer) {
  (void)buffer;
  *at(8) = 1;
}
static void store_text(unsigned char* buffer) {
  (void)buffer;
  *at((uintptr_t)&store_text) = 1;
}
static void load_kernel_half(unsigned char* buffer) {
  (void)buffer;
  (void)*at(0xffffffc000000000u);
}
static void load_non_canonical(unsigned char* buffer) {
  (void)buffer;
  (void)*at(0x0100000000000000u);
}
static void execute_data(unsigned char* buffer) {
  void (*code)(void);
  memcpy(&code, &buffer, sizeof code);
  code();
}

struct crime {
  const char* name;
  void (*commit)(unsigned char* buffer);
};

static const struct crime crimes[] = {
    {"a store to unmapped memory", store_unmapped},
    {"a store to a read-only page", store_read_only},
    {"a store through a null pointer", store_null},
    {"a store to program text", store_text},
    {"a load from the kernel's half", load_kernel_half},
    {"a load from a non-canonical address", load_non_canonical},
    {"a jump into data", execute_data},
};

int main(void) {
  unsigned char* buffer = resident_pages(pages);
  memset(buffer, 'w', pages * page_bytes);
  mprotect(buffer, pages * page_bytes, PROT_READ);
  measure("wild-store", buffer, pages * page_bytes, 0, 0);
  struct go finish = make_go();
  int witness = fork_or_die();
  if (witness == 0) {
    wait_go(finish);
    for (int i = 0; i < pages * page_bytes; ++i)
      quiet_law(buffer[i] == 'w', "the witness's memory is untouched");
    _exit(law_status());
  }
  for (size_t i = 0; i < sizeof crimes / sizeof crimes[0]; ++i) {
    int pid = fork_or_die();
    if (pid == 0) {
      crimes[i].commit(buffer);
      _exit(0);
    }
    int status = wait_for(pid);
    law(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%s ends its process by SIGSEGV", crimes[i].name);
  }
  give_go(finish);
  law(exited_with(wait_for(witness), 0), "another process lives on meanwhile, its memory untouched");
  int intact = 1;
  for (int i = 0; i < pages * page_bytes; ++i) intact = intact && buffer[i] == 'w';
  law(intact, "the parent's memory is untouched");
  return verdict("wild-store");
}

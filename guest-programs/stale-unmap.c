/* What is unmapped is gone for every thread at once: when munmap returns, no other hart may still store
 * through a translation that its TLB remembers, for the frame is somebody else's by then.
 *
 * A thread stores into a page for as long as it can and counts; main unmaps the page under it, and the count
 * stands still. Eight times. A kernel that frees without telling the other harts is found out when the thread
 * runs on another hart.
 *
 * `stale-unmap lazily` holds a kernel to less, which is what shootdown=lazy keeps: stores may go through for a
 * while, but the frame is nobody else's until then. New pages are filled at once, and must stay as they are.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { rounds = 8, wait_loops = 200000, fresh_pages = 32 };

static sigjmp_buf out;
static volatile unsigned char* page;
static volatile long stores;

static void leave(int signal) {
  (void)signal;
  siglongjmp(out, 1);
}

static void* keep_storing(void* unused) {
  (void)unused;
  if (sigsetjmp(out, 1) != 0) return NULL;
  for (;;) {
    *page = (unsigned char)stores;
    ++stores;
  }
}

static long stores_after_unmap(void) {
  pthread_t thread;
  page = resident_pages(1);
  stores = 0;
  if (pthread_create(&thread, NULL, keep_storing, NULL) != 0) return -1;
  while (stores < 1000) sched_yield();
  munmap((void*)page, page_bytes);
  const long then = stores;
  for (volatile int i = 0; i < wait_loops; ++i) continue;
  const long now = stores;
  if (now - then > 1) {  // it would go on for ever
    law(0, "%ld stores went through after munmap", now - then);
    _Exit(1);
  }
  pthread_join(thread, NULL);
  return now - then;
}

/* Writes pages that are fresh, and so may have had the frame; says whether they stay what they are. */
static int fresh_pages_stay(void) {
  volatile unsigned char* fresh =
      mmap(NULL, fresh_pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) return 0;
  int stay = 1;
  for (int i = fresh_pages; i-- > 0;) fresh[i * page_bytes] = 0xaa; /* the old address last */
  for (int look = 0; look < 2000; ++look)
    for (int i = 0; i < fresh_pages; ++i) stay &= fresh[i * page_bytes] == 0xaa;
  munmap((void*)fresh, fresh_pages * page_bytes);
  return stay;
}

static int lazily(void) {
  int stay = 1;
  for (int round = 0; round < rounds; ++round) {
    pthread_t thread;
    page = resident_pages(1);
    stores = 0;
    if (pthread_create(&thread, NULL, keep_storing, NULL) != 0) return 1;
    while (stores < 1000) sched_yield();
    munmap((void*)page, page_bytes);
    /* So that the storing thread's address stays free. */
    void* const hole = mmap((void*)page, page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stay &= fresh_pages_stay();
    pthread_join(thread, NULL);
    munmap(hole, page_bytes);
  }
  law(stay, "the frame of an unmapped page is nobody else's while stores still reach it");
  return verdict("stale-unmap");
}

int main(int count, char** arguments) {
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGSEGV, &action, NULL);
  if (count > 1 && strcmp(arguments[1], "lazily") == 0) return lazily();
  long late = 0;
  for (int round = 0; round < rounds; ++round) late += stores_after_unmap();
  law(late <= rounds, "no store goes through once munmap has returned");
  return verdict("stale-unmap");
}

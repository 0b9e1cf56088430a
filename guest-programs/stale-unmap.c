/* What is unmapped is gone for every thread at once: when munmap returns, no other hart may still store
 * through a translation that its TLB remembers, for the frame is somebody else's by then.
 *
 * A thread stores into a page for as long as it can and counts; main unmaps the page under it, and the count
 * stands still. Eight times. A kernel that frees without telling the other harts is found out when the thread
 * runs on another hart.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { rounds = 8, wait_loops = 200000 };

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

int main(void) {
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGSEGV, &action, NULL);
  long late = 0;
  for (int round = 0; round < rounds; ++round) late += stores_after_unmap();
  law(late <= rounds, "no store goes through once munmap has returned");
  return verdict("stale-unmap");
}

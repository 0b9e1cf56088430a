/* shootdown-bench THREADS [ROUNDS]: what it costs to take a page away from an address space that THREADS other harts run.
 *
 * The threads count, each on a hart of its own. Main unmaps ROUNDS pages, one by one, and makes as many read-only:
 *
 *   bench: threads=N munmap=C mprotect=C
 *
 * C are cycles of a call, the mean. HINT instructions tell a cycle model what to time: 1001 to 1002.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { most_threads = 63 };

static volatile int stop;
static volatile unsigned long counts[most_threads][8] __attribute__((aligned(64))); /* a cache line each */

static inline unsigned long cycles(void) {
  unsigned long now;
  __asm__ volatile("rdcycle %0" : "=r"(now)::"memory");
  return now;
}

static void* count(void* at) {
  while (!stop) ++*(volatile unsigned long*)at;
  return NULL;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 3;
  const unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
  if (threads < 0 || threads > most_threads || rounds < 1 || rounds > 1000) {
    say("usage: shootdown-bench THREADS 0..63 [ROUNDS 1..1000]");
    return 2;
  }
  pthread_t thread[most_threads];
  unsigned char *gone = resident_pages(rounds + 1), *fixed = resident_pages(rounds + 1);
  for (int i = 0; i < threads; ++i) {
    if (pthread_create(&thread[i], NULL, count, (void*)counts[i]) != 0) return 2;
    while (counts[i][0] == 0) continue;
  }
  __asm__ volatile("slti x0, x0, 1001");
  munmap(gone + rounds * page_bytes, page_bytes);
  mprotect(fixed + rounds * page_bytes, page_bytes, PROT_READ);
  const unsigned long begin = cycles();
  for (unsigned long i = 0; i < rounds; ++i) munmap(gone + i * page_bytes, page_bytes);
  const unsigned long middle = cycles();
  for (unsigned long i = 0; i < rounds; ++i) mprotect(fixed + i * page_bytes, page_bytes, PROT_READ);
  const unsigned long end = cycles();
  __asm__ volatile("slti x0, x0, 1002");
  stop = 1;
  for (int i = 0; i < threads; ++i) pthread_join(thread[i], NULL);
  say("bench: threads=%d munmap=%lu mprotect=%lu", threads, (middle - begin) / rounds,
      (end - middle) / rounds);
  return 0;
}

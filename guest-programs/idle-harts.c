/* idle-harts [THREADS] [ROUNDS]: a hart that idles is not interrupted when the address space that it ran last changes,
 * though its TLB may still remember it; and when it takes a thread of that space again, it has forgotten what changed.
 *
 * Threads look at pages and go to sleep, each on a hart of its own. Main gives the pages other frames, as often as there
 * are rounds, and wakes them: each must see what is there now. For a test:
 *   idle-harts: threads=N rounds=N
 * and fewer interrupts than one for each second thread and round are sent for TLB shootdowns in the whole run.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { pages = 4, most_threads = 15 };

static volatile unsigned char* memory;
static volatile unsigned char expected;
static int wake[most_threads][2], answer[2];

static void* look(void* number) {
  const long self = (long)number;
  char byte;
  while (read(wake[self][0], &byte, 1) == 1) {
    char fine = 1;
    for (int i = 0; i < pages; ++i) fine = fine && memory[i * page_bytes] == expected;
    if (write(answer[1], &fine, 1) != 1) break;
  }
  return NULL;
}

static int ask_all(long threads) {
  int fine = 1;
  char byte = 0;
  for (long i = 0; i < threads; ++i) fine = fine && write(wake[i][1], &byte, 1) == 1;
  for (long i = 0; i < threads; ++i) fine = read(answer[0], &byte, 1) == 1 && byte == 1 && fine;
  usleep(2000);  // they go back to sleep
  return fine;
}

int main(int argc, char** argv) {
  const long threads = argc > 1 ? atol(argv[1]) : 3, rounds = argc > 2 ? atol(argv[2]) : 40;
  if (threads < 1 || threads > most_threads || rounds < 1 || rounds > 200) {
    say("usage: idle-harts [THREADS 1..15] [ROUNDS 1..200]");
    return 2;
  }
  pthread_t thread[most_threads];
  memory = resident_pages(pages);
  if (pipe(answer) != 0) return 2;
  for (long i = 0; i < threads; ++i)
    if (pipe(wake[i]) != 0 || pthread_create(&thread[i], NULL, look, (void*)i) != 0) return 2;
  for (int i = 0; i < pages; ++i) memory[i * page_bytes] = 0;
  quiet_law(ask_all(threads), "the threads see the pages");
  say("idle-harts: threads=%ld rounds=%ld", threads, rounds);
  int fine = 1;
  for (long round = 1; round <= rounds; ++round) {
    expected = (unsigned char)round;
    mmap((void*)memory, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
         -1, 0);
    unsigned char* others = resident_pages(pages);  // takes the frames that have just come free
    for (int i = 0; i < pages; ++i) others[i * page_bytes] = 255, memory[i * page_bytes] = expected;
    fine = ask_all(threads) && fine;
  }
  law(fine, "a thread that slept while pages were replaced sees the new ones");
  for (long i = 0; i < threads; ++i) close(wake[i][1]);
  for (long i = 0; i < threads; ++i) pthread_join(thread[i], NULL);
  return verdict("idle-harts");
}

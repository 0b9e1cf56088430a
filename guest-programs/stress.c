/* stress [ROUNDS] [SEED]: everything at once that may go wrong between threads, and laws that must hold anyway.
 *
 * Two threads fault on the same pages at the same time; a third writes all along and checks that no write is
 * lost; meanwhile main forks (the child's memory must be one moment and stand still), the child executes a
 * program or exits while threads of its own run, and main unmaps pages under a thread that writes them. How long
 * each step takes is drawn from SEED; a kernel with perturb= adds to that, one with check=frames looks at all
 * frames after each fork and exit.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  faulters = 2,
  region_pages = 64,
  writer_pages = 16,
  words = page_bytes / sizeof(long),
  executed_status = 7
};

static volatile long* region; /* of this round */
static long region_round;     /* faulters start when it grows */
static long faulters_done;
static long region_goes; /* the first faulter goes on writing until its page is gone */
static long region_left; /* and says so */
static long writes_lost, writer_rounds;
static volatile long* written;
static int stop;
static unsigned long random_state;

static __thread sigjmp_buf out;

static void leave(int signal) {
  (void)signal;
  siglongjmp(out, 1);
}

static unsigned long draw(unsigned long below) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return random_state % below;
}

static void dawdle(unsigned long loops) {
  for (volatile unsigned long i = 0; i < loops; ++i) continue;
}

static long value_of(long round, long page, long id) { return round * 1000003 + page * 101 + id + 1; }

static void write_until_gone(volatile long* memory, long round) {
  if (sigsetjmp(out, 1) == 0) {
    while (__atomic_load_n(&region_goes, __ATOMIC_ACQUIRE) < round) sched_yield();
    for (;;) memory[faulters] = round;
  }
  __atomic_fetch_add(&region_left, 1, __ATOMIC_RELEASE);
}

static void* fault_with_others(void* argument) {
  const long id = (long)argument;
  for (long round = 1;; ++round) {
    while (__atomic_load_n(&region_round, __ATOMIC_ACQUIRE) < round) {
      if (__atomic_load_n(&stop, __ATOMIC_RELAXED)) return NULL;
      sched_yield();
    }
    volatile long* const memory = region;
    for (long page = 0; page < region_pages; ++page) memory[page * words + id] = value_of(round, page, id);
    __atomic_fetch_add(&faulters_done, 1, __ATOMIC_RELEASE);
    if (id == 0) write_until_gone(memory, round);
  }
}

static void* keep_writing(void* unused) {
  (void)unused;
  for (long round = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); ++round) {
    for (long page = 0; page < writer_pages; ++page) {
      if (written[page * words] != round - 1) ++writes_lost;
      written[page * words] = round;
    }
    __atomic_store_n(&writer_rounds, round, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void* run_until_the_end(void* argument) {
  volatile long* at = argument;
  while (*at != -1) *at = (*at + 1) & 0xffff;
  return NULL;
}

/* In the child: memory is one moment of the writer's time, and what the faulters wrote. */
static int is_snapshot(long round) {
  for (long page = 0; page < region_pages; ++page)
    for (long id = 0; id < faulters; ++id)
      if (region[page * words + id] != value_of(round, page, id)) return 0;
  const long first = written[0];
  for (int look = 0; look < 2; ++look) {
    for (long page = 1; page < writer_pages; ++page)
      if (written[page * words] > written[(page - 1) * words] || written[page * words] < first - 1) return 0;
    if (written[0] != first) return 0;
    sched_yield();
  }
  return 1;
}

static void live_as_child(long round, unsigned long ending, char* self) {
  if (!is_snapshot(round)) _exit(1);
  pthread_t thread;
  for (long id = 0; id < 2 && ending != 0; ++id)
    pthread_create(&thread, NULL, run_until_the_end, (void*)(region + id * words));
  dawdle(draw(2000));
  char* arguments[] = {self, "--executed", NULL};
  if (ending == 1) execv(self, arguments);
  _exit(executed_status); /* exit_group: the threads are running */
}

static void one_round(long round, char* self, long* good) {
  region = mmap(NULL, region_pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region == MAP_FAILED) exit(1);
  __atomic_store_n(&region_round, round, __ATOMIC_RELEASE);
  while (__atomic_load_n(&faulters_done, __ATOMIC_ACQUIRE) < round * faulters) sched_yield();
  long kept = 1;
  for (long page = 0; page < region_pages; ++page)
    for (long id = 0; id < faulters; ++id) kept &= region[page * words + id] == value_of(round, page, id);
  quiet_law(kept, "two threads that fault on one page both keep their stores");
  const unsigned long ending = draw(3);
  const int pid = fork_or_die();
  if (pid == 0) live_as_child(round, ending, self);
  dawdle(draw(2000));
  __atomic_store_n(&region_goes, round, __ATOMIC_RELEASE);
  dawdle(draw(4000));
  munmap((void*)region, region_pages * page_bytes);
  *good += exited_with(wait_for(pid), executed_status);
  while (__atomic_load_n(&region_left, __ATOMIC_ACQUIRE) < round) sched_yield();
}

int main(int count, char** arguments) {
  if (count == 2 && strcmp(arguments[1], "--executed") == 0) return executed_status;
  const long rounds = count > 1 ? atol(arguments[1]) : 6;
  random_state = (count > 2 ? strtoul(arguments[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ul + 1;
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGSEGV, &action, NULL);
  written = (volatile long*)resident_pages(writer_pages);
  pthread_t threads[faulters + 1];
  for (long id = 0; id < faulters; ++id) pthread_create(&threads[id], NULL, fault_with_others, (void*)id);
  pthread_create(&threads[faulters], NULL, keep_writing, NULL);
  while (__atomic_load_n(&writer_rounds, __ATOMIC_RELAXED) == 0) sched_yield();
  long good = 0;
  for (long round = 1; round <= rounds; ++round) one_round(round, arguments[0], &good);
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i <= faulters; ++i) pthread_join(threads[i], NULL);
  law(good == rounds, "%ld of %ld children saw one moment that stood still, and ended well", good, rounds);
  law(writes_lost == 0, "%ld writes were lost", writes_lost);
  return verdict("stress");
}

/* shootdown [WRITERS] [FORKS]: one thread of a process forks, again and again, while its other threads keep
 * writing on other harts. A hart that keeps a stale writable translation breaks one of these laws:
 *
 *  - Snapshot: each writer writes its 8 pages in order, round after round. In the child they show a moment
 *    of the writer's time: round r in the first pages and r-1 in the rest, and they never change.
 *  - No lost write: a writer finds in each page what it wrote last. (One page is shared by all writers, a
 *    slot for each: after one thread's copy the others must not go on writing the old frame.)
 *
 * The measured buffer is the writers' pages and the shared page. A page is copied, or reused, at most once
 * after each fork; which of them, and whether at all, depends on time. So the measure is an upper bound,
 * (8 * WRITERS + 1) * (FORKS + 1): at the end main forks once more, with all writers stopped.
 */
#include "law.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { most_writers = 63, pages_each = 8, words_per_page = page_bytes / sizeof(long) };

struct writer {
  pthread_t thread;
  long id;
  volatile long* pages;
  volatile long* slot; /* in the shared page */
  long lost;
  volatile long rounds;
};

static struct writer writers[most_writers];
static int stop;

static void* keep_writing(void* argument) {
  struct writer* me = argument;
  for (long round = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); ++round) {
    for (int page = 0; page < pages_each; ++page) {
      volatile long* word = me->pages + page * words_per_page;
      if (*word != round - 1) ++me->lost;
      *word = round;
    }
    if (*me->slot != round - 1) ++me->lost;
    *me->slot = round;
    me->rounds = round;
  }
  return NULL;
}

/* One moment of each writer's time, and what it was before is what it is now. The child has only the forking
 * thread: what it sees of the others must stand still. */
static int snapshots_hold(long count) {
  static long seen[most_writers][pages_each];
  for (int look = 0; look < 3; ++look) {
    for (long id = 0; id < count; ++id) {
      for (int page = 0; page < pages_each; ++page) {
        const long value = writers[id].pages[page * words_per_page];
        if (look > 0 && value != seen[id][page]) return 0;
        seen[id][page] = value;
        if (page > 0 && (value > seen[id][page - 1] || value < seen[id][0] - 1)) return 0;
      }
    }
    sched_yield();
  }
  return 1;
}

static void start_writers(long count, volatile long* memory) {
  volatile long* shared = memory + count * pages_each * words_per_page;
  for (long id = 0; id < count; ++id) {
    writers[id].id = id;
    writers[id].pages = memory + id * pages_each * words_per_page;
    writers[id].slot = shared + 8 * id; /* one cache line each: the page is shared, the line is not */
    if (pthread_create(&writers[id].thread, NULL, keep_writing, &writers[id]) != 0) {
      law(0, "%ld writers start", count);
      _Exit(1);
    }
  }
  for (long id = 0; id < count; ++id) {
    while (writers[id].rounds < 2) sched_yield();
  }
}

int main(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) : 3;
  const long forks = argc > 2 ? atol(argv[2]) : 16;
  if (count < 1 || count > most_writers || forks < 1) {
    say("usage: shootdown [WRITERS 1..63] [FORKS]");
    return 2;
  }
  const size_t pages = (size_t)count * pages_each + 1;
  volatile long* memory = (volatile long*)resident_pages(pages);
  const size_t most = pages * (size_t)(forks + 1);
  measure_at_most("shootdown", (const void*)memory, pages * page_bytes, most, most);
  start_writers(count, memory);
  long good = 0;
  for (long i = 0; i < forks; ++i) {
    int pid = fork_or_die();
    if (pid == 0) _exit(!snapshots_hold(count));
    good += exited_with(wait_for(pid), 0);
  }
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  long lost = 0;
  for (long id = 0; id < count; ++id) {
    pthread_join(writers[id].thread, NULL);
    lost += writers[id].lost;
  }
  law(good == forks, "in %ld of %ld children every writer's pages are one moment and stand still", good,
      forks);
  law(lost == 0, "%ld writes of the other threads were lost while one forked", lost);
  int pid = fork_or_die();
  if (pid == 0) _exit(!snapshots_hold(count));
  law(exited_with(wait_for(pid), 0), "a fork of quiet threads is a snapshot too");
  return verdict("shootdown");
}

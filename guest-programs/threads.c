/* threads [N] [ROUNDS]: POSIX threads: mutex, condition variable, barrier, once, thread-local storage, join.
 */
#include "law.h"

#include <pthread.h>
#include <stdlib.h>

enum { most_threads = 64 };

static long thread_count;
static long rounds;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread long mine;
static long sum, atomic_sum, turn, once_calls, serial_threads;

static void call_once(void) { ++once_calls; }

static void add_under_the_mutex(long id) {
  for (long i = 0; i < rounds; ++i) {
    pthread_mutex_lock(&mutex);
    sum += id;
    pthread_mutex_unlock(&mutex);
    __atomic_fetch_add(&atomic_sum, id, __ATOMIC_RELAXED);
    ++mine;
  }
}

/* Threads take turns in order, each waking all the others: 3 turns each. */
static void take_turns(long id) {
  for (int lap = 0; lap < 3; ++lap) {
    pthread_mutex_lock(&mutex);
    while (turn % thread_count != id) pthread_cond_wait(&condition, &mutex);
    ++turn;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
}

static void* run(void* argument) {
  const long id = (long)argument;
  pthread_once(&once, call_once);
  add_under_the_mutex(id);
  if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
    __atomic_fetch_add(&serial_threads, 1, __ATOMIC_RELAXED);
  }
  take_turns(id);
  return (void*)(mine + id);
}

int main(int argc, char** argv) {
  thread_count = argc > 1 ? atol(argv[1]) : 4;
  rounds = argc > 2 ? atol(argv[2]) : 1000;
  if (thread_count < 1 || thread_count > most_threads || rounds < 1) {
    say("usage: threads [1..64] [ROUNDS]");
    return 2;
  }
  pthread_t threads[most_threads];
  pthread_barrier_init(&barrier, NULL, (unsigned)thread_count);
  long started = 0;
  while (started < thread_count && pthread_create(&threads[started], NULL, run, (void*)started) == 0)
    ++started;
  if (!law(started == thread_count, "%ld threads start", thread_count)) _Exit(1);
  int joined = 1;
  for (long id = 0; id < thread_count; ++id) {
    void* result = NULL;
    joined = joined && pthread_join(threads[id], &result) == 0 && (long)result == rounds + id;
  }
  const long expected = rounds * thread_count * (thread_count - 1) / 2;
  law(joined, "each thread is joined with its own result, from its own thread-local storage");
  law(sum == expected, "a sum under a mutex is %ld", expected);
  law(atomic_sum == expected, "a sum by atomic additions is %ld", expected);
  law(turn == 3 * thread_count, "threads take %ld turns in order by a condition variable", 3 * thread_count);
  law(once_calls == 1, "pthread_once calls once");
  law(serial_threads == 1, "one thread of a barrier is the serial one");
  return verdict("threads");
}

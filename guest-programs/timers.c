/* timers [ROUNDS]: the interval timer of a process, set by several threads at once while it runs out on other harts and
 * others sleep. Everybody wakes up, the timer goes on, and when it is set to nothing no signal comes any more.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

enum { setters = 4, sleepers = 4 };

static volatile sig_atomic_t alarms;
static long rounds;

static void count(int signal) {
  (void)signal;
  ++alarms;
}

static int set(long value, long interval) {
  const struct itimerval timer = {{0, interval}, {0, value}};
  return setitimer(ITIMER_REAL, &timer, NULL);
}

/* Short ones, so that one that runs out and one that is set meet. */
static void* keep_setting(void* argument) {
  unsigned long random = (unsigned long)argument * 0x9e3779b97f4a7c15ul + 1;
  for (long round = 0; round < rounds; ++round) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    quiet_law(set(1 + (long)(random % 20), 50 + (long)(random >> 20) % 50) == 0, "setitimer succeeds");
    for (volatile unsigned long i = 0; i < random % 2000; ++i) continue;
  }
  return NULL;
}

static void doze(long microseconds) {
  struct timespec time = {0, microseconds * 1000};
  while (nanosleep(&time, &time) != 0) continue;
}

/* Their timers are beside that one. */
static void* keep_sleeping(void* argument) {
  for (long nap = 0; nap < rounds / 4; ++nap) doze(20 + 7 * (long)argument);
  return NULL;
}

int main(int argc, char** argv) {
  rounds = argc > 1 ? atol(argv[1]) : 1000;
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  pthread_t threads[setters + sleepers];
  for (long id = 0; id < setters + sleepers; ++id)
    pthread_create(&threads[id], NULL, id < setters ? keep_setting : keep_sleeping, (void*)(id + 1));
  for (int id = 0; id < setters + sleepers; ++id) pthread_join(threads[id], NULL);
  law(alarms > 0, "the timer runs out while threads set it");
  law(set(1000, 1000) == 0, "and can be set once more");
  alarms = 0;
  doze(50000);
  law(alarms > 1, "then it goes on by itself");
  law(set(0, 0) == 0, "and be set to nothing");
  doze(5000); /* one may have been on its way */
  alarms = 0;
  doze(20000);
  law(alarms == 0, "then no signal comes any more");
  return verdict("timers");
}

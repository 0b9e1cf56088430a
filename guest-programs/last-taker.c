/* last-taker [ROUNDS]: a signal for a process is for whoever will have it. One thread could take it, but blocks it at about
 * the moment at which it comes; the other sleeps, and must wake up for it then.
 */
#define _GNU_SOURCE
#include "law.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t taken;
static pthread_t sleeper;
static struct go ready;

static void take(int signal) {
  (void)signal;
  taken = 1;
}

static void* sleep_until_taken(void* unused) {
  (void)unused;
  sigset_t none, usual;
  sigemptyset(&none);
  sigaddset(&none, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &none, &usual); /* open while it sleeps only, so that none is missed */
  while (!taken) sigsuspend(&usual);
  return NULL;
}

static void live(unsigned long loops) {
  struct sigaction action = {.sa_handler = take};
  sigaction(SIGUSR1, &action, NULL);
  pthread_create(&sleeper, NULL, sleep_until_taken, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  give_go(ready);
  for (volatile unsigned long i = 0; i < loops; ++i) continue;
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (taken) pthread_kill(sleeper, SIGUSR1); /* it came before */
  pthread_join(sleeper, NULL);
  _exit(0);
}

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? atol(argv[1]) : 300;
  ready = make_go();
  unsigned long random = 0x9e3779b97f4a7c15ul;
  long good = 0;
  for (long round = 0; round < rounds; ++round) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    const int pid = fork_or_die();
    if (pid == 0) live(random % 400);
    wait_go(ready);
    for (volatile unsigned long i = 0; i < (random >> 20) % 200; ++i) continue;
    kill(pid, SIGUSR1);
    good += exited_with(wait_for(pid), 0);
  }
  law(good == rounds, "%ld of %ld signals found somebody", good, rounds);
  return verdict("last-taker");
}

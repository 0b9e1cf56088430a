/* asid-rollover [ROUNDS] [SLEEPERS]: address-space numbers are few, and are given out again; whoever has one now never meets
 * a translation of whoever had it before.
 *
 * ROUNDS children run one after the other, each in an address space of its own, and look at the same page: each must find
 * what its parent wrote there just before the fork, and then what it wrote there itself. SLEEPERS processes live through it
 * all and are asked now and then whether their page is still theirs. The machine should have few numbers (`--set
 * mmu.asid_bits=7`: our kernel uses none below that), and TLBs that forget nothing by themselves.
 */
#define _GNU_SOURCE
#include "law.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_sleepers = 8, asked_every = 50 };

struct shared {
  volatile unsigned long wrong;
};

/* Without libc's handlers: a child of a broken kernel should come as far as the page. */
static int raw_fork(void) { return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

static void be_a_child(volatile unsigned long* page, unsigned long round, struct shared* shared) {
  const unsigned long seen = *page;
  *page = round + 1000000;
  if (seen != round || *page != round + 1000000) ++shared->wrong;
  _exit(0);
}

/* Answers each question with whether the page still holds `own`. */
static void be_a_sleeper(volatile unsigned long* page, unsigned long own, int questions, int answers) {
  char byte;
  *page = own;
  while (read(questions, &byte, 1) == 1) {
    byte = *page == own;
    if (write(answers, &byte, 1) != 1) break;
  }
  _exit(0);
}

int main(int argc, char** argv) {
  const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 600;
  const int sleepers = argc > 2 ? atoi(argv[2]) : 3;
  if (rounds < 1 || sleepers < 0 || sleepers > most_sleepers) {
    say("usage: asid-rollover [ROUNDS] [SLEEPERS 0..8]");
    return 2;
  }
  volatile unsigned long* page = (volatile unsigned long*)resident_pages(1);
  struct shared* shared = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ask[most_sleepers][2], answer[2];
  if (shared == MAP_FAILED || pipe(answer) != 0) return 2;
  for (int i = 0; i < sleepers; ++i) {
    if (pipe(ask[i]) != 0) return 2;
    if (fork_or_die() == 0) {
      for (int other = 0; other <= i; ++other) close(ask[other][1]);
      be_a_sleeper(page, 2000000ul + (unsigned long)i, ask[i][0], answer[1]);
    }
  }
  int died = 0, fine = 1;
  for (unsigned long round = 1; round <= rounds && shared->wrong == 0 && died == 0; ++round) {
    *page = round;
    const int pid = raw_fork();
    if (pid == 0) be_a_child(page, round, shared);
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) sched_yield();
    died += !exited_with(status, 0);
    for (int i = 0; round % asked_every == 0 && i < sleepers; ++i) {
      char byte = 0;
      fine = write(ask[i][1], &byte, 1) == 1 && read(answer[0], &byte, 1) == 1 && byte == 1 && fine;
    }
  }
  law(shared->wrong == 0 && died == 0, "every process sees its own memory, whoever had its number before");
  law(fine, "and so do processes that live longer than numbers do");
  for (int i = 0; i < sleepers; ++i) close(ask[i][1]);
  for (int i = 0; i < sleepers; ++i) wait(NULL);
  return verdict("asid-rollover");
}

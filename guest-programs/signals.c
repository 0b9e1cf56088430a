/* Signals: handlers with their arguments and mask, return from them, blocking and pending, SIGCHLD, SIGPIPE,
 * alternate stack, a handler that mends a fault, and death by signal. */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t calls, last_signal, last_code, on_alternate_stack;
static volatile uintptr_t fault_address;
static unsigned char* protected_page;
static char alternate_stack[65536];
static sigjmp_buf out;

static void install(int signal_number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigemptyset(&action.sa_mask);
  law(sigaction(signal_number, &action, NULL) == 0, "a handler for %s is installed",
      strsignal(signal_number));
}

static void count(int signal_number, siginfo_t* info, void* context) {
  (void)context;
  char here;
  ++calls;
  last_signal = signal_number;
  last_code = info->si_code;
  on_alternate_stack = &here >= alternate_stack && &here < alternate_stack + sizeof alternate_stack;
}

static void mend(int signal_number, siginfo_t* info, void* context) {
  (void)signal_number;
  (void)context;
  ++calls;
  last_code = info->si_code;
  fault_address = (uintptr_t)info->si_addr;
  mprotect(protected_page, page_bytes, PROT_READ | PROT_WRITE);
}

static void escape(int signal_number, siginfo_t* info, void* context) {
  (void)signal_number;
  (void)info;
  (void)context;
  siglongjmp(out, 1);
}

/* Every register but a0 must come back from a handler; a few stand for all. */
static int registers_survive_a_signal(void) {
  register long pid asm("a0") = getpid();
  register long signal_number asm("a1") = SIGUSR1;
  register long call asm("a7") = 129; /* kill */
  long t3, s5;
  double ft5;
  asm volatile(
      "li t3, 333\n\tli s5, 555\n\tfcvt.d.l ft5, t3\n\tecall\n\tmv %0, t3\n\tmv %1, s5\n\tfmv.d %2, ft5"
      : "=&r"(t3), "=&r"(s5), "=&f"(ft5), "+r"(pid)
      : "r"(signal_number), "r"(call)
      : "t3", "s5", "ft5", "memory");
  return t3 == 333 && s5 == 555 && ft5 == 333.0;
}

/* SIGKILL and SIGSTOP cannot be waited for, as they cannot be blocked. */
static void check_wait_for_a_stop(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSTOP);
  struct go waits = make_go();
  const int pid = fork_or_die();
  if (pid == 0) {
    give_go(waits);
    sigtimedwait(&set, NULL, NULL);
    _exit(1);
  }
  wait_go(waits);
  usleep(10000);
  kill(pid, SIGSTOP);
  int status = 0;
  law(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
      "who waits for SIGSTOP is stopped by it");
  if (!WIFSTOPPED(status)) return;
  kill(pid, SIGKILL);
  wait_for(pid);
}

static void check_masks(void) {
  sigset_t blocked, pending, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &old);
  calls = 0;
  kill(getpid(), SIGUSR1);
  sigpending(&pending);
  law(calls == 0 && sigismember(&pending, SIGUSR1), "a blocked signal waits");
  sigprocmask(SIG_SETMASK, &old, NULL);
  law(calls == 1, "and comes when it is unblocked");
}

static void check_faults(void) {
  protected_page = resident_pages(1);
  mprotect(protected_page, page_bytes, PROT_READ);
  install(SIGSEGV, mend, 0);
  calls = 0;
  ((volatile unsigned char*)protected_page)[5] = 7;
  law(calls == 1 && protected_page[5] == 7, "a handler mends a fault and the store is repeated");
  law(fault_address == (uintptr_t)protected_page + 5 && last_code == SEGV_ACCERR,
      "the handler is told the address and that the page is protected");
  install(SIGSEGV, escape, SA_NODEFER);
  int returns = 0;
  for (volatile int i = 0; i < 3; ++i) {
    if (sigsetjmp(out, 1) == 0) {
      uintptr_t unmapped = 16;
      asm volatile("" : "+r"(unmapped)); /* or the compiler would warn */
      *(volatile int*)unmapped = 1;
    } else {
      ++returns;
    }
  }
  law(returns == 3, "siglongjmp leaves a handler, three times");
}

static void check_children(void) {
  install(SIGCHLD, count, SA_RESTART);
  calls = 0;
  int pid = fork_or_die();
  if (pid == 0) _exit(3);
  law(exited_with(wait_for(pid), 3), "a child's status is waited for");
  law(calls == 1 && last_signal == SIGCHLD && last_code == CLD_EXITED,
      "its end raises SIGCHLD in the parent");
  signal(SIGCHLD, SIG_DFL);
  pid = fork_or_die();
  if (pid == 0) {
    for (;;) pause();
  }
  law(kill(pid, 0) == 0, "signal 0 asks whether a process lives");
  kill(pid, SIGTERM);
  int status = wait_for(pid);
  law(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "kill ends a sleeping child");
  pid = fork_or_die();
  if (pid == 0) {
    for (;;) {
    }
  }
  kill(pid, SIGKILL);
  status = wait_for(pid);
  law(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "kill ends a child that never makes a system call");
  law(kill(pid, 0) == -1 && errno == ESRCH, "a process that was waited for is gone");
}

static void check_pipes(void) {
  int ends[2];
  law(pipe(ends) == 0, "a pipe is made");
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  law(write(ends[1], "x", 1) == -1 && errno == EPIPE, "a write to a pipe without reader is EPIPE");
  install(SIGPIPE, count, 0);
  calls = 0;
  (void)!write(ends[1], "x", 1);
  law(calls == 1 && last_signal == SIGPIPE, "and raises SIGPIPE");
  close(ends[1]);
}

int main(void) {
  install(SIGUSR1, count, 0);
  law(raise(SIGUSR1) == 0 && calls == 1 && last_signal == SIGUSR1,
      "raise calls the handler before it returns");
  law(registers_survive_a_signal() && calls == 2, "registers survive a handler");
  check_masks();
  check_wait_for_a_stop();
  stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
  law(sigaltstack(&stack, NULL) == 0, "an alternate stack is set");
  install(SIGUSR2, count, SA_ONSTACK);
  raise(SIGUSR2);
  law(on_alternate_stack, "a handler runs on the alternate stack");
  check_faults();
  check_children();
  check_pipes();
  return verdict("signals");
}

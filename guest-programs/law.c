#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Threads may check laws at once. */
static unsigned laws;
static unsigned broken;

static void write_all(const char* text, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(STDOUT_FILENO, text, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(125);
    text += written;
    bytes -= (size_t)written;
  }
}

static void say_line(const char* prefix, const char* format, va_list arguments) {
  char line[512];
  size_t length = (size_t)snprintf(line, sizeof line, "%s", prefix);
  int more = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  length += (size_t)(more > 0 ? more : 0);
  if (length > sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  write_all(line, length);
}

void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say_line("", format, arguments);
  va_end(arguments);
}

int law(int holds, const char* format, ...) {
  __atomic_fetch_add(&laws, 1, __ATOMIC_RELAXED);
  if (!holds) __atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
  va_list arguments;
  va_start(arguments, format);
  say_line(holds ? "ok: " : "BROKEN: ", format, arguments);
  va_end(arguments);
  return holds;
}

int quiet_law(int holds, const char* format, ...) {
  __atomic_fetch_add(&laws, 1, __ATOMIC_RELAXED);
  if (holds) return 1;
  __atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
  va_list arguments;
  va_start(arguments, format);
  say_line("BROKEN: ", format, arguments);
  va_end(arguments);
  return 0;
}

int law_status(void) { return broken != 0; }

int verdict(const char* program) {
  if (broken == 0) {
    say("%s: %u laws hold", program, laws);
  } else {
    say("%s: %u of %u laws are BROKEN", program, broken, laws);
  }
  return law_status();
}

void measure(const char* what, const void* begin, size_t bytes, unsigned long copies, unsigned long reuses) {
  say("measure: %s begin=%p end=%p copies=%lu reuses=%lu", what, begin,
      (const void*)((const char*)begin + bytes), copies, reuses);
}

void measure_at_most(const char* what, const void* begin, size_t bytes, unsigned long copies,
                     unsigned long reuses) {
  say("measure: %s begin=%p end=%p copies<=%lu reuses<=%lu", what, begin,
      (const void*)((const char*)begin + bytes), copies, reuses);
}

unsigned char* resident_pages(size_t pages) {
  size_t bytes = pages * page_bytes;
  unsigned char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    say("BROKEN: mmap of %zu pages failed: %s", pages, strerror(errno));
    exit(1);
  }
  for (size_t page = 0; page < pages; ++page) ((volatile unsigned char*)memory)[page * page_bytes] = 0;
  return memory;
}

int fork_or_die(void) {
  int pid = fork();
  if (pid < 0) {
    say("BROKEN: fork failed: %s", strerror(errno));
    exit(1);
  }
  return pid;
}

int wait_for(int pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno == EINTR) continue;
    say("BROKEN: waitpid(%d) failed: %s", pid, strerror(errno));
    exit(1);
  }
  return status;
}

int exited_with(int wait_status, int expected) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == expected;
}

struct go make_go(void) {
  int ends[2];
  if (pipe(ends) != 0) {
    say("BROKEN: pipe failed: %s", strerror(errno));
    exit(1);
  }
  return (struct go){ends[0], ends[1]};
}

void give_go(struct go go) {
  if (write(go.write_end, "!", 1) != 1) {
    say("BROKEN: a pipe does not take a byte: %s", strerror(errno));
    exit(1);
  }
}

void wait_go(struct go go) {
  char byte;
  ssize_t got;
  do got = read(go.read_end, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) {
    say("BROKEN: a pipe ended before its byte came");
    exit(1);
  }
}

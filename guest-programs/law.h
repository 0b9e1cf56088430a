/* How a guest program says what holds. Each line of output is one of
 *
 *   ok: SENTENCE                       a law that held
 *   BROKEN: SENTENCE                   a law that did not; the program ends with status 1
 *   measure: WHAT begin=0x… end=0x… copies=N reuses=N
 *                                      the law for a report (below)
 *   PROGRAM: N laws hold               the end (or "K of N laws are BROKEN")
 *
 * The law for a report: of the pages in [begin, end), exactly N were copied and N reused by copy-on-write
 * faults, in all processes of this program together; `copies<=N reuses<=N` where timing decides: at most so
 * many. A test counts only the report's copies whose address lies in that range, so that stack and libc pages
 * do not matter. Addresses differ between kernels; nothing else does.
 *
 * Lines are written with one write(2) each, without stdio: nothing is buffered over a fork, and lines of
 * several processes do not mix. Each process counts its own laws; a child hands its verdict on by its exit
 * status.
 */
#ifndef GUEST_PROGRAMS_LAW_H
#define GUEST_PROGRAMS_LAW_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { page_bytes = 4096 };

/* One line of output. */
void say(const char* format, ...) __attribute__((format(printf, 1, 2)));

/* Says whether the law holds; returns `holds`. */
int law(int holds, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* As law(), but a law that holds says nothing: for checks in loops. */
int quiet_law(int holds, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* The last line; returns the exit status. */
int verdict(const char* program);

/* The exit status so far, without a line: for children. */
int law_status(void);

void measure(const char* what, const void* begin, size_t bytes, unsigned long copies, unsigned long reuses);
void measure_at_most(const char* what, const void* begin, size_t bytes, unsigned long copies,
                     unsigned long reuses);

/* `pages` zeroed, page-aligned, private pages, each written once so that it has a frame of its own. */
unsigned char* resident_pages(size_t pages);

/* Has every one of them this value? */
static inline int all_bytes(const unsigned char* bytes, size_t count, int value) {
  for (size_t i = 0; i < count; ++i) {
    if (bytes[i] != value) return 0;
  }
  return 1;
}

/* fork() that ends the program when it fails. */
int fork_or_die(void);

/* Waits for the child and says nothing; the wait status. */
int wait_for(int pid);

/* Did it end by exit(expected)? */
int exited_with(int wait_status, int expected);

/* A signal between processes, made before the fork: each give_go() lets one wait_go() return. */
struct go {
  int read_end;
  int write_end;
};
struct go make_go(void);
void give_go(struct go go);
void wait_go(struct go go);

#ifdef __cplusplus
}
#endif
#endif

/* Pipes: order and amount of data, end of file, blocking, several writers, dup, and a pipeline of three
 * processes. */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { total_bytes = 1000000, writers = 4, records = 200 };

static unsigned char pattern(size_t i) { return (unsigned char)(i * 7 + i / 251); }

/* Odd sizes, so that chunks straddle pages and the pipe's end. */
static void write_pattern(int fd) {
  static unsigned char chunk[7919];
  for (size_t done = 0; done < total_bytes;) {
    size_t count = sizeof chunk < total_bytes - done ? sizeof chunk : total_bytes - done;
    for (size_t i = 0; i < count; ++i) chunk[i] = pattern(done + i);
    for (size_t sent = 0; sent < count;) {
      ssize_t written = write(fd, chunk + sent, count - sent);
      if (written <= 0) _exit(1);
      sent += (size_t)written;
    }
    done += count;
  }
}

static void check_stream(void) {
  int ends[2];
  law(pipe2(ends, O_CLOEXEC) == 0, "a pipe is made");
  int pid = fork_or_die();
  if (pid == 0) {
    close(ends[0]);
    write_pattern(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  static unsigned char chunk[4999];
  size_t received = 0;
  int intact = 1;
  ssize_t got;
  while ((got = read(ends[0], chunk, sizeof chunk)) > 0) {
    for (ssize_t i = 0; i < got; ++i) intact = intact && chunk[i] == pattern(received + (size_t)i);
    received += (size_t)got;
  }
  law(got == 0 && received == total_bytes && intact, "%d bytes arrive in order, then end of file",
      (int)total_bytes);
  law(exited_with(wait_for(pid), 0), "the writer ends");
  close(ends[0]);
}

/* Writes of up to PIPE_BUF bytes are atomic. */
static void check_writers(void) {
  int ends[2];
  (void)!pipe(ends);
  for (int id = 0; id < writers; ++id) {
    if (fork_or_die() != 0) continue;
    char record[64];
    memset(record, 'a' + id, sizeof record);
    for (int i = 0; i < records; ++i) {
      if (write(ends[1], record, sizeof record) != sizeof record) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  char record[64];
  int counts[writers] = {0}, torn = 0, total = 0;
  for (;;) {
    size_t filled = 0;
    ssize_t got = 1;
    while (filled < sizeof record && (got = read(ends[0], record + filled, sizeof record - filled)) > 0) {
      filled += (size_t)got;
    }
    if (filled < sizeof record) break;
    for (size_t i = 1; i < sizeof record; ++i) torn += record[i] != record[0];
    if (record[0] >= 'a' && record[0] < 'a' + writers) ++counts[record[0] - 'a'];
    ++total;
  }
  close(ends[0]);
  law(total == writers * records && torn == 0, "%d records of %d writers arrive whole", writers * records,
      (int)writers);
  int even = 1;
  for (int id = 0; id < writers; ++id) even = even && counts[id] == records;
  law(even, "each writer's records all arrive");
  for (int id = 0; id < writers; ++id) (void)wait_for(-1);
}

static void pass_on(int from, int to, int step) {
  unsigned char byte;
  while (read(from, &byte, 1) == 1) {
    byte = (unsigned char)(byte + step);
    if (write(to, &byte, 1) != 1) _exit(1);
  }
  _exit(0);
}

static void check_pipeline(void) {
  int first[2], second[2], third[2];
  (void)!pipe(first);
  (void)!pipe(second);
  (void)!pipe(third);
  int adder = fork_or_die();
  if (adder == 0) {
    close(first[1]);
    pass_on(first[0], second[1], 1);
  }
  int second_adder = fork_or_die();
  if (second_adder == 0) {
    close(first[1]);
    close(second[1]);
    pass_on(second[0], third[1], 2);
  }
  close(second[1]);
  close(third[1]);
  (void)!write(first[1], "HAL", 3);
  close(first[1]);
  char result[8] = {0};
  size_t filled = 0;
  ssize_t got;
  while (filled < 7 && (got = read(third[0], result + filled, 7 - filled)) > 0) filled += (size_t)got;
  law(strcmp(result, "KDO") == 0, "a pipeline of three processes passes on: %s", result);
  law(exited_with(wait_for(adder), 0) && exited_with(wait_for(second_adder), 0),
      "and its processes end in turn");
}

static void check_descriptors(void) {
  int ends[2];
  (void)!pipe(ends);
  int copy = dup(ends[1]);
  law(copy > ends[1] && dup3(ends[1], 50, 0) == 50,
      "dup takes the lowest free number, dup3 the one it is told");
  close(ends[1]);
  close(copy);
  law(write(50, "z", 1) == 1, "the pipe is open as long as one descriptor is");
  close(50);
  char byte = 0;
  law(read(ends[0], &byte, 1) == 1 && byte == 'z' && read(ends[0], &byte, 1) == 0,
      "then it ends, after its last byte");
  law(close(50) == -1 && errno == EBADF && read(50, &byte, 1) == -1 && errno == EBADF,
      "a closed number is EBADF");
  close(ends[0]);
  law(pipe2(ends, O_NONBLOCK) == 0 && read(ends[0], &byte, 1) == -1 && errno == EAGAIN,
      "an empty non-blocking pipe is EAGAIN");
}

int main(void) {
  check_stream();
  check_writers();
  check_pipeline();
  check_descriptors();
  return verdict("pipes");
}

/* A disk that reads and writes a process's memory by itself: O_DIRECT, and pages pinned for it (pin.c has the rules).
 *
 *   direct-io [DISK]     default /dev/vda; its first 64 KiB are overwritten
 *
 *   1. What goes to the disk comes back, by O_DIRECT and without it.
 *   2. A buffer that is pinned stays its owner's over a fork and a store: what the disk brings later arrives.
 *   3. A fork in the middle of O_DIRECT reads parts nobody: no byte is lost.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { sector = 512, buffer_pages = 16, buffer_bytes = buffer_pages * page_bytes, rounds = 40 };

static int disk, cached;

static void fill(unsigned char* memory, size_t bytes, unsigned seed) {
  for (size_t i = 0; i < bytes; ++i) memory[i] = (unsigned char)((i >> 9) * 7 + i + seed);
}

static int is_filled(const unsigned char* memory, size_t bytes, unsigned seed) {
  for (size_t i = 0; i < bytes; ++i)
    if (memory[i] != (unsigned char)((i >> 9) * 7 + i + seed)) return 0;
  return 1;
}

static void test_contents(void) {
  unsigned char* out = resident_pages(buffer_pages);
  unsigned char* in = resident_pages(buffer_pages);
  fill(out, buffer_bytes, 3);
  law(pwrite(disk, out, buffer_bytes, 0) == buffer_bytes, "O_DIRECT writes 64 KiB");
  law(pread(disk, in, buffer_bytes, 0) == buffer_bytes && is_filled(in, buffer_bytes, 3),
      "O_DIRECT reads what it wrote");
  memset(in, 0, buffer_bytes);
  law(pread(cached, in, buffer_bytes - 7, 0) == buffer_bytes - 7 && is_filled(in, buffer_bytes - 7, 3),
      "a read without O_DIRECT finds the same");
  law(pwrite(cached, "0123456789", 10, 4090) == 10, "ten bytes are written across two pages");
  memset(in, 0, buffer_bytes);
  law(pread(disk, in + sector, sector * 2, 4096 - sector) == sector * 2 &&
          memcmp(in + sector + sector - 6, "0123456789", 10) == 0,
      "O_DIRECT reads them, in the middle of its page");
  errno = 0;
  law(pread(disk, in + 1, sector, 0) == -1 && errno == EINVAL, "O_DIRECT refuses an odd address");
  errno = 0;
  law(pread(disk, in, sector, 1) == -1 && errno == EINVAL, "O_DIRECT refuses an odd offset");
  errno = 0;
  law(pread(disk, (void*)page_bytes, sector, 0) == -1 && errno == EFAULT,
      "O_DIRECT refuses memory that is not there");
  unsigned char* readable = mmap(NULL, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = 0;
  law(pread(disk, readable, sector, 0) == -1 && errno == EFAULT, "O_DIRECT does not write read-only memory");
  unsigned char* half = resident_pages(2);
  munmap(half + page_bytes, page_bytes);
  fill(half, page_bytes, 8);
  errno = 0;
  law(pwrite(cached, half + page_bytes / 2, page_bytes, 2 * page_bytes) == -1 && errno == EFAULT,
      "a page whose memory ends half-way is refused");
  law(pread(cached, in, page_bytes, 2 * page_bytes) == page_bytes &&
          memcmp(in, out + 2 * page_bytes, page_bytes) == 0,
      "and the disk keeps all of its own");
  const off_t end = lseek(disk, 0, SEEK_END);
  law(end >= buffer_bytes && pread(disk, in, sector, end) == 0, "nothing is read at the end of the disk");
  errno = 0;
  law(pwrite(disk, in, sector, end) == -1 && errno == ENOSPC, "and nothing written");
  munmap(out, buffer_bytes);
  munmap(in, buffer_bytes);
}

static void test_pin(void) {
  unsigned char* page = resident_pages(1);
  struct go end = make_go();
  fill(page, sector, 9);
  law(pwrite(cached, page, sector, 0) == sector, "the disk has something to bring");
  memset(page, 0, page_bytes);
  const long pin = syscall(500, page, 1, 1);
  const int pid = fork_or_die();
  if (pid == 0) {
    wait_go(end);
    _exit(page[0] == 0 && page[sector] == 0 ? 0 : 1);
  }
  ((volatile unsigned char*)page)[sector] = 'p';
  law(syscall(505, pin, disk, 0, 1, 0) == 0, "the disk reads into a pinned page");
  law(is_filled(page, sector, 9), "after a fork the disk still fills its owner's page");
  law(page[sector] == 'p', "beside what the owner has written");
  give_go(end);
  law(exited_with(wait_for(pid), 0), "and not the child's");
  law(syscall(501, pin) == 0, "the pin ends");
  munmap(page, page_bytes);
}

static unsigned char* volatile shared_page;
static volatile int reading = 1;
static volatile int lost;

static void* read_on(void* unused) {
  for (unsigned round = 0; round < rounds; ++round) {
    memset((void*)shared_page, 0, sector);
    if (pread(disk, shared_page, sector, (off_t)(round % 8) * sector) != sector) lost = 1;
    unsigned char expected[sector];
    for (size_t i = 0; i < sector; ++i)
      expected[i] = (unsigned char)((round % 8) * 7 + i + (round % 8) * sector + 5);
    if (memcmp(shared_page, expected, sector) != 0) lost = 1;
  }
  reading = 0;
  return unused;
}

static void test_fork_while_reading(void) {
  unsigned char* out = resident_pages(1);
  fill(out, page_bytes, 5);
  law(pwrite(disk, out, page_bytes, 0) == page_bytes, "eight sectors are there to be read");
  shared_page = resident_pages(1);
  pthread_t reader;
  if (!law(pthread_create(&reader, NULL, read_on, NULL) == 0, "a thread reads")) return;
  unsigned forks = 0;
  do {
    const int pid = fork_or_die();
    if (pid == 0) _exit(0);
    ((volatile unsigned char*)shared_page)[page_bytes - 1] = (unsigned char)++forks;
    wait_for(pid);
  } while (reading);
  pthread_join(reader, NULL);
  law(!lost, "what the disk reads while others fork arrives");
  law(shared_page[page_bytes - 1] == (unsigned char)forks, "and so does what they store beside it");
}

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "/dev/vda";
  disk = open(path, O_RDWR | O_DIRECT);
  cached = open(path, O_RDWR);
  if (!law(disk >= 0 && cached >= 0, "the disk can be opened")) return verdict("direct-io");
  test_contents();
  test_pin();
  test_fork_while_reading();
  return verdict("direct-io");
}

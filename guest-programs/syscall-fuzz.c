// Random system calls with random and hostile arguments: the kernel must not crash, hang or lose a frame.
//
//   syscall-fuzz SEED [CHILDREN [CALLS]]
//
// Each child makes CALLS calls and is killed if it does not come back. For the bundled kernel only: under qemu-riscv64 the
// calls would reach the host.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "law.h"

static uint64_t state;

static uint64_t random_word(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}
static unsigned below(unsigned n) { return (unsigned)(random_word() >> 33) % n; }

enum { buffer_bytes = 16 * 4096 };
static unsigned char* buffer;  // mapped; the page after it is not
static unsigned char* read_only;

static const char* const paths[] = {
    "/",
    "/tmp",
    "/tmp/f",
    "/tmp/d",
    "/tmp/d/e",
    "/tmp/link",
    "/tmp/fifo",
    "/tmp/sock",
    "/proc",
    "/proc/self/maps",
    "/proc/self/smaps",
    "/proc/self/fd",
    "/proc/self/pagemap",
    "/proc/self/exe",
    "/proc/1/stat",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/urandom",
    "/dev/tty",
    "",
    ".",
    "..",
    "../../..",
    "/tmp/f/x",
    "/nowhere/x",
    "relative",
    "a/../b",
};

static uint64_t address(void) {
  switch (below(12)) {
    case 0: return 0;
    case 1: return 1 + below(4096);
    case 2: return (uint64_t)buffer + buffer_bytes - below(64);  // runs off the end
    case 3: return (uint64_t)read_only + below(4096);
    case 4: return 0xffffffc080200000 + random_word() % (1 << 20);  // the kernel
    case 5: return 0x3fffffe000 + below(8192);  // the trampoline and the end of user addresses
    case 6: return random_word();
    case 7: return random_word() & 0x3fffffffff;
    case 8: return 0x80000000 + below(1 << 20);
    case 9: {
      char* at = (char*)buffer + below(8) * 512;
      strcpy(at, paths[below(sizeof paths / sizeof paths[0])]);
      return (uint64_t)at;
    }
    default: return (uint64_t)buffer + below(buffer_bytes);
  }
}

static uint64_t number(void) {
  static const uint64_t special[] = {0,          1,     2,         3,          4,          7,
                                     8,          16,    64,        255,        256,        4095,
                                     4096,       4097,  65536,     1 << 20,    0x7fffffff, 0x80000000,
                                     0xffffffff, ~0ull, ~0ull - 1, 1ull << 62, 1ull << 63, -100};
  return below(4) == 0 ? random_word() >> below(64) : special[below(sizeof special / sizeof special[0])];
}

static uint64_t argument(unsigned position) {
  switch (below(5)) {
    case 0: return number();
    case 1: return below(24);  // a descriptor, or a small number
    case 2: return position == 0 ? below(24) : address();
    default: return address();
  }
}

static void open_things(void) {
  int pair[2];
  int null = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; ++i) dup2(null, i);
  if (pipe(pair) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) _exit(9);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  socket(AF_UNIX, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0);
  epoll_create1(0);
  open("/tmp/f", O_RDWR | O_CREAT, 0644), open("/tmp", O_RDONLY | O_DIRECTORY);
  open("/dev/zero", O_RDWR), open("/proc/self/maps", O_RDONLY), open("/proc/self/pagemap", O_RDONLY);
}

// Structures that calls read: small words, pointers and lengths, so that some of them make sense.
static void scribble(void) {
  uint64_t* words = (uint64_t*)buffer;
  for (unsigned i = below(64); i < buffer_bytes / 8; i += 1 + below(64))
    words[i] = below(3) == 0 ? address() : below(2) == 0 ? number() : below(16);
}

static void fuzz(unsigned calls) {
  static const short likely[] = {17,  20,  21,  22,  23,  24,  25,  29,  33,  34,  35,  36,  37,  43,  45,
                                 46,  48,  49,  52,  53,  56,  57,  59,  61,  62,  63,  64,  65,  66,  67,
                                 68,  69,  70,  71,  72,  73,  78,  79,  80,  88,  95,  96,  98,  101, 103,
                                 113, 115, 123, 132, 133, 134, 135, 136, 137, 139, 154, 157, 160, 165, 167,
                                 179, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211,
                                 212, 214, 215, 216, 220, 221, 222, 226, 227, 228, 232, 233, 242, 258, 259,
                                 260, 261, 276, 278, 281, 283, 291, 435, 436, 439, 441, 500, 501, 502, 503};
  uint64_t a[6];
  for (unsigned i = 0; i < calls; ++i) {
    long call = below(8) == 0 ? (long)below(600) : likely[below(sizeof likely / sizeof likely[0])];
    for (unsigned j = 0; j < 6; ++j) a[j] = argument(j);
    if (call == 93 || call == 94) continue;  // the loop's own end
    if (call == 129 || call == 130 || call == 131 || call == 138 || call == 240)
      continue;                                                    // signals to the parent
    if ((call == 139 || call == 133) && below(32) != 0) continue;  // wild registers; a long sleep
    if ((call == 215 || call == 226) && below(8) != 0) continue;   // or soon nothing is left
    if (call == 220) a[0] &= ~(uint64_t)0x10000, a[1] = 0;         // no threads: they would share `state`
    if (below(16) == 0) scribble();
    syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}

static void in_child(unsigned calls) {
  setsid();
  buffer = mmap(NULL, buffer_bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(buffer + buffer_bytes, 4096);
  read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  open_things();
  scribble();
  fuzz(calls);
  _exit(0);
}

// Waits for a child a little while, then kills it: SIGKILL must always do.
static int came_back(int child) {
  struct timespec millisecond = {0, 1000000};
  for (int i = 0; i < 30; ++i) {
    if (waitpid(child, NULL, WNOHANG) == child) return 1;
    nanosleep(&millisecond, NULL);
  }
  kill(-child, SIGKILL), kill(child, SIGKILL);
  return waitpid(child, NULL, 0) == child;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  struct utsname name;
  if (uname(&name) != 0 || strcmp(name.nodename, "hartbeat") != 0) {
    say("syscall-fuzz: SKIP: not on the bundled kernel");
    return 0;
  }
  uint64_t seed = strtoull(argv[1], NULL, 0);
  unsigned children = argc > 2 ? (unsigned)atoi(argv[2]) : 50,
           calls = argc > 3 ? (unsigned)atoi(argv[3]) : 200;
  signal(SIGHUP, SIG_IGN);
  int all = 1;
  for (unsigned i = 0; i < children; ++i) {
    state = (seed * 1000003 + i + 1) * 0x9e3779b97f4a7c15;
    int child = fork_or_die();
    if (child == 0) in_child(calls);
    all &= quiet_law(came_back(child), "child %u of seed %llu ends", i, (unsigned long long)seed);
    // What the child has left behind, perhaps in sessions of its own.
    struct timespec millisecond = {0, 1000000};
    while (kill(-1, SIGKILL) == 0 || waitpid(-1, NULL, WNOHANG) >= 0) {
      while (waitpid(-1, NULL, WNOHANG) > 0) continue;
      nanosleep(&millisecond, NULL);
    }
  }
  law(all, "%u children with %u random calls each end, or die when they are killed", children, calls);
  return verdict("syscall-fuzz");
}

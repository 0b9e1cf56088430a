// Files in the tree: what a name is, what becomes of a file that has none, mappings of a file, and locks.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "law.h"

static int fails(long result, int error) { return result == -1 && errno == error; }

static int make(const char* name, const char* text) {
  int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (write(file, text, strlen(text)) != (ssize_t)strlen(text)) return -1;
  return file;
}

static int holds(const char* name, const char* text) {
  char got[256] = {0};
  int file = open(name, O_RDONLY);
  if (file < 0) return 0;
  ssize_t size = read(file, got, sizeof got - 1);
  close(file);
  return size == (ssize_t)strlen(text) && strcmp(got, text) == 0;
}

static void names(void) {
  struct stat status;
  int a = make("a", "A"), b = make("b", "B");
  law(rename("a", "b") == 0 && holds("b", "A") && fails(access("a", F_OK), ENOENT),
      "rename replaces what was there");
  char byte = 0;
  law(pread(b, &byte, 1, 0) == 1 && byte == 'B' && fstat(b, &status) == 0 && status.st_nlink == 0,
      "a file without a name lives on while it is open");
  law(link("b", "c") == 0 && stat("c", &status) == 0 && status.st_nlink == 2, "a link is another name");
  law(unlink("b") == 0 && holds("c", "A"), "the other name stays");
  law(symlink("c", "s") == 0 && holds("s", "A") && lstat("s", &status) == 0 && S_ISLNK(status.st_mode),
      "a symbolic link is followed");
  law(symlink("loop", "loop") == 0 && fails(open("loop", O_RDONLY), ELOOP), "a loop of links is found out");
  law(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && fails(rmdir("d"), ENOTEMPTY) &&
          fails(rename("d", "d/e/f"), EINVAL),
      "a directory is not removed full, nor moved into itself");
  law(fails(open("d", O_WRONLY), EISDIR) && fails(open("c/x", O_RDONLY), ENOTDIR) &&
          fails(open("c", O_CREAT | O_EXCL, 0644), EEXIST),
      "each mistake has its error");
  law(rmdir("d/e") == 0 && rmdir("d") == 0 && unlink("c") == 0 && unlink("s") == 0 && unlink("loop") == 0,
      "all of it can be removed");
  close(a), close(b);
}

static void contents(void) {
  char got[16] = {0};
  int file = make("f", "0123456789");
  law(lseek(file, 20, SEEK_SET) == 20 && write(file, "x", 1) == 1 && pread(file, got, 2, 14) == 2 &&
          got[0] == 0,
      "a hole reads as zeros");
  law(ftruncate(file, 5) == 0 && ftruncate(file, 10) == 0 && pread(file, got, 10, 0) == 10 &&
          memcmp(got, "01234\0\0\0\0\0", 10) == 0,
      "what was cut off does not come back");
  int append = open("f", O_WRONLY | O_APPEND);
  law(write(append, "end", 3) == 3 && pread(file, got, 3, 10) == 3 && memcmp(got, "end", 3) == 0,
      "O_APPEND writes at the end");
  int p[2];
  off_t from = 1;
  law(pipe(p) == 0 && sendfile(p[1], file, &from, 4) == 4 && from == 5 && read(p[0], got, 16) == 4 &&
          memcmp(got, "1234", 4) == 0,
      "sendfile sends a part of a file");
  struct statx x;
  law(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x) == 0 && x.stx_size == 13 && S_ISREG(x.stx_mode) &&
          x.stx_nlink == 1,
      "statx tells what stat does");
  close(file), close(append), close(p[0]), close(p[1]), unlink("f");
}

static sigjmp_buf out;
static void* fault_address;
static void on_bus(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  fault_address = info->si_addr;
  siglongjmp(out, 1);
}

static void mappings(void) {
  char got[8] = {0};
  int file = make("m", "");
  if (ftruncate(file, 2 * page_bytes) != 0) return;
  volatile char* shared = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  volatile char* own = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  shared[1] = 's';
  law(msync((void*)shared, page_bytes, MS_SYNC) == 0 && pread(file, got, 1, 1) == 1 && got[0] == 's',
      "a store to a shared mapping is in the file");
  law(pwrite(file, "w", 1, 2) == 1 && shared[2] == 'w' && own[2] == 'w',
      "a write to the file is in both mappings");
  own[3] = 'p';
  law(pread(file, got, 1, 3) == 1 && got[0] == 0 && shared[3] == 0,
      "a store to a private mapping is its own");
  shared[page_bytes] = 'x';
  struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, NULL);
  law(ftruncate(file, page_bytes) == 0 && shared[2] == 'w', "what is left of a cut file stays mapped");
  if (sigsetjmp(out, 1) == 0) {
    (void)shared[page_bytes + 8];
    law(0, "beyond the new end there is SIGBUS");
  } else {
    law(fault_address == (void*)&shared[page_bytes + 8],
        "beyond the new end there is SIGBUS, at that address");
  }
  law(ftruncate(file, 2 * page_bytes) == 0 && shared[page_bytes] == 0,
      "a file that grows again has zeros there");
  munmap((void*)shared, 2 * page_bytes), munmap((void*)own, 2 * page_bytes), close(file), unlink("m");
}

static int lock(int file, int command, short type, off_t start, off_t size) {
  struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = size};
  return fcntl(file, command, &range);
}

static void locks(void) {
  int file = make("l", "0123456789");
  law(lock(file, F_SETLK, F_WRLCK, 2, 4) == 0, "a range is locked");
  struct go asked = make_go(), freed = make_go();
  int child = fork_or_die();
  if (child == 0) {
    struct flock found = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int other = open("l", O_RDWR);
    quiet_law(fails(lock(other, F_SETLK, F_RDLCK, 0, 3), EAGAIN), "another process cannot have a part of it");
    quiet_law(lock(other, F_SETLK, F_WRLCK, 6, 0) == 0 && lock(other, F_SETLK, F_RDLCK, 0, 2) == 0,
              "but what is around it");
    quiet_law(fcntl(other, F_GETLK, &found) == 0 && found.l_type == F_WRLCK && found.l_start == 2 &&
                  found.l_len == 4 && found.l_pid == getppid(),
              "F_GETLK says whose it is");
    give_go(asked);
    quiet_law(lock(other, F_SETLKW, F_WRLCK, 0, 0) == 0, "F_SETLKW waits until it is free");
    give_go(freed);
    pause();
  }
  wait_go(asked);
  usleep(1000);
  law(lock(file, F_SETLK, F_UNLCK, 0, 0) == 0, "the lock is given up");
  wait_go(freed);
  law(fails(lock(file, F_SETLK, F_RDLCK, 0, 1), EAGAIN), "now the other has it all");
  kill(child, SIGKILL);
  wait_for(child);
  law(lock(file, F_SETLK, F_WRLCK, 0, 0) == 0, "a process that dies leaves no lock");
  int again = open("l", O_RDWR);
  law(flock(file, LOCK_EX) == 0 && fails(flock(again, LOCK_SH | LOCK_NB), EWOULDBLOCK),
      "flock is between open files");
  close(file);
  law(flock(again, LOCK_EX | LOCK_NB) == 0, "and ends with them");
  close(again), unlink("l");
}

/* /proc shows a process until it is gone: what is looked at on the way out is there, or not. */
static void look_at_the_dying(void) {
  int died_well = 1;
  for (int round = 0; round < 20; ++round) {
    mkdir("left", 0700);
    const int pid = fork_or_die();
    if (pid == 0) {
      if (chdir("left") != 0 || rmdir("../left") != 0) _exit(1);
      for (int i = 0; i < 60; ++i) dup(0);
      _exit(0);
    }
    char descriptor[40], directory[40], to[256];
    snprintf(descriptor, sizeof descriptor, "/proc/%d/fd/0", pid);
    snprintf(directory, sizeof directory, "/proc/%d/cwd", pid);
    int status = 0, ended = 0;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0)
      if (readlink(descriptor, to, sizeof to) > (ssize_t)sizeof to || readlink(directory, to, sizeof to) == 0)
        died_well = 0;
    died_well = died_well && ended == pid && exited_with(status, 0);
  }
  law(died_well, "who looks at processes in /proc while they end disturbs none");
}

int main(void) {
  char place[] = "/tmp/hartbeat-files-XXXXXX";
  if (mkdtemp(place) == NULL || chdir(place) != 0) return 2;
  names();
  contents();
  mappings();
  locks();
  look_at_the_dying();
  if (chdir("/") != 0 || rmdir(place) != 0) return 2;
  return verdict("files");
}

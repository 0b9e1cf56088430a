/* Wrong arguments get the errno that Linux gives: call by call, of those that real programs make.
 *
 *   errnos [alone]
 *
 * Held against Linux through qemu-riscv64, but for what is asked with `alone`: there qemu-riscv64 gives an answer of its
 * own, and what is expected is what Linux's sources say.
 */
#define _GNU_SOURCE
#include "law.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The kernel's own answer to a call: its number and its arguments. */
static long answer(const long call[7]) {
  register long a0 asm("a0") = call[1];
  register long a1 asm("a1") = call[2];
  register long a2 asm("a2") = call[3];
  register long a3 asm("a3") = call[4];
  register long a4 asm("a4") = call[5];
  register long a5 asm("a5") = call[6];
  register long a7 asm("a7") = call[0];
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}

/* `expected`: an errno, or 0 for success. */
static void gives(int expected, const char* what, const long call[7]) {
  const long got = answer(call);
  const int error = got < 0 && got > -4096 ? (int)-got : 0;
  if (!law(error == expected, "%s: %s", what, expected == 0 ? "success" : strerrorname_np(expected)))
    say("it gave %s", error == 0 ? "success" : strerrorname_np(error));
}

enum { cwd = AT_FDCWD };
static const long bad = 8, none = 99;
static int file, only_read, directory, gone, pipe_in, pipe_out, stream, inet, epoll;
static char* memory; /* three pages, the middle one unmapped; two more for mappings */
static char work[] = "/tmp/errnos.XXXXXX";
static int option_size;

static long text(const char* name) { return (long)name; }

static void opening(void) {
  static char long_name[300], long_path[5000];
  memset(long_name, 'n', sizeof long_name - 1);
  for (size_t i = 0; i + 2 < sizeof long_path; i += 2) memcpy(long_path + i, "./", 2);
  gives(ENOENT, "openat of what is not there", (long[7]){SYS_openat, cwd, text("nothing")});
  gives(ENOENT, "openat below what is not there",
        (long[7]){SYS_openat, cwd, text("nothing/x"), O_CREAT, 0600});
  gives(ENOENT, "openat of no name", (long[7]){SYS_openat, cwd, text("")});
  gives(ENOTDIR, "openat below a file", (long[7]){SYS_openat, cwd, text("file/x")});
  gives(ENOTDIR, "openat of a file with a slash behind", (long[7]){SYS_openat, cwd, text("file/")});
  gives(ENOTDIR, "openat of a file as a directory", (long[7]){SYS_openat, cwd, text("file"), O_DIRECTORY});
  gives(EISDIR, "openat of a directory to write", (long[7]){SYS_openat, cwd, text("."), O_RDWR});
  gives(EEXIST, "openat that is to make what is there",
        (long[7]){SYS_openat, cwd, text("file"), O_CREAT | O_EXCL, 0600});
  gives(ELOOP, "openat of a ring of links", (long[7]){SYS_openat, cwd, text("ring")});
  gives(ELOOP, "openat of a link that is not to be followed",
        (long[7]){SYS_openat, cwd, text("link"), O_NOFOLLOW});
  gives(ENAMETOOLONG, "openat of a name of 299", (long[7]){SYS_openat, cwd, (long)long_name});
  gives(ENAMETOOLONG, "openat of a path of 4,999", (long[7]){SYS_openat, cwd, (long)long_path});
  gives(EFAULT, "openat of a name nowhere", (long[7]){SYS_openat, cwd, bad});
  gives(EBADF, "openat from no descriptor", (long[7]){SYS_openat, none, text("file")});
  gives(ENOTDIR, "openat from a file", (long[7]){SYS_openat, file, text("file")});
  gives(ENOTDIR, "openat from a pipe", (long[7]){SYS_openat, pipe_in, text("file")});
  gives(ENXIO, "openat of a socket", (long[7]){SYS_openat, cwd, text("socket"), O_RDWR});
  gives(ENXIO, "openat of a FIFO to write that nobody reads",
        (long[7]){SYS_openat, cwd, text("fifo"), O_WRONLY | O_NONBLOCK});
}

static void making_names(void) {
  gives(EEXIST, "mkdirat of what is there", (long[7]){SYS_mkdirat, cwd, text("file"), 0700});
  gives(EEXIST, "mkdirat of .", (long[7]){SYS_mkdirat, cwd, text("."), 0700});
  gives(EEXIST, "mkdirat of /", (long[7]){SYS_mkdirat, cwd, text("/"), 0700});
  gives(ENOENT, "mkdirat below what is not there", (long[7]){SYS_mkdirat, cwd, text("nothing/x"), 0700});
  gives(ENOENT, "mkdirat of no name", (long[7]){SYS_mkdirat, cwd, text(""), 0700});
  gives(ENOTDIR, "mkdirat below a file", (long[7]){SYS_mkdirat, cwd, text("file/x"), 0700});
  gives(EEXIST, "mknodat of what is there", (long[7]){SYS_mknodat, cwd, text("file"), S_IFIFO | 0600});
  gives(EINVAL, "mknodat of no kind", (long[7]){SYS_mknodat, cwd, text("fresh"), S_IFLNK | S_IFIFO});
  gives(EPERM, "mknodat of a directory", (long[7]){SYS_mknodat, cwd, text("fresh"), S_IFDIR});

  gives(ENOENT, "unlinkat of what is not there", (long[7]){SYS_unlinkat, cwd, text("nothing")});
  gives(EISDIR, "unlinkat of a directory", (long[7]){SYS_unlinkat, cwd, text("directory")});
  gives(ENOTDIR, "unlinkat of a file as a directory",
        (long[7]){SYS_unlinkat, cwd, text("file"), AT_REMOVEDIR});
  gives(ENOTEMPTY, "unlinkat of a directory with something in it",
        (long[7]){SYS_unlinkat, cwd, text("directory"), AT_REMOVEDIR});
  gives(EINVAL, "unlinkat of . as a directory", (long[7]){SYS_unlinkat, cwd, text("."), AT_REMOVEDIR});
  gives(ENOTEMPTY, "unlinkat of .. as a directory",
        (long[7]){SYS_unlinkat, cwd, text("directory/.."), AT_REMOVEDIR});
  gives(EINVAL, "unlinkat with unknown flags", (long[7]){SYS_unlinkat, cwd, text("file"), 1});
  gives(ENOTDIR, "unlinkat of a file with a slash behind", (long[7]){SYS_unlinkat, cwd, text("file/")});
  gives(EBUSY, "unlinkat of /", (long[7]){SYS_unlinkat, cwd, text("/"), AT_REMOVEDIR});

  gives(ENOENT, "linkat of what is not there",
        (long[7]){SYS_linkat, cwd, text("nothing"), cwd, text("fresh")});
  gives(EEXIST, "linkat to what is there", (long[7]){SYS_linkat, cwd, text("file"), cwd, text("link")});
  gives(EPERM, "linkat of a directory", (long[7]){SYS_linkat, cwd, text("directory"), cwd, text("fresh")});
  gives(EINVAL, "linkat with unknown flags", (long[7]){SYS_linkat, cwd, text("file"), cwd, text("fresh"), 1});
  gives(EEXIST, "symlinkat to what is there", (long[7]){SYS_symlinkat, text("x"), cwd, text("file")});
  gives(ENOENT, "symlinkat with no target", (long[7]){SYS_symlinkat, text(""), cwd, text("fresh")});
  gives(EFAULT, "symlinkat with a target nowhere", (long[7]){SYS_symlinkat, bad, cwd, text("fresh")});

  gives(ENOENT, "renameat2 of what is not there",
        (long[7]){SYS_renameat2, cwd, text("nothing"), cwd, text("fresh")});
  gives(EEXIST, "renameat2 that is not to replace",
        (long[7]){SYS_renameat2, cwd, text("file"), cwd, text("link"), 1});
  gives(EISDIR, "renameat2 of a file onto a directory",
        (long[7]){SYS_renameat2, cwd, text("file"), cwd, text("directory")});
  gives(ENOTDIR, "renameat2 of a directory onto a file",
        (long[7]){SYS_renameat2, cwd, text("directory"), cwd, text("file")});
  gives(EINVAL, "renameat2 of a directory into itself",
        (long[7]){SYS_renameat2, cwd, text("directory"), cwd, text("directory/in/x")});
  gives(ENOTEMPTY, "renameat2 onto a directory with something in it",
        (long[7]){SYS_renameat2, cwd, text("directory/in"), cwd, text("directory")});
  gives(EINVAL, "renameat2 with unknown flags",
        (long[7]){SYS_renameat2, cwd, text("file"), cwd, text("fresh"), 16});
  gives(EBUSY, "renameat2 of .", (long[7]){SYS_renameat2, cwd, text("."), cwd, text("fresh")});

  gives(ENOENT, "openat that makes a file in a directory that is gone",
        (long[7]){SYS_openat, gone, text("x"), O_CREAT, 0600});
  gives(ENOENT, "linkat into a directory that is gone",
        (long[7]){SYS_linkat, cwd, text("file"), gone, text("x")});
  gives(ENOENT, "renameat2 into a directory that is gone",
        (long[7]){SYS_renameat2, cwd, text("file"), gone, text("x")});
  gives(ENOENT, "linkat to a name with a slash behind",
        (long[7]){SYS_linkat, cwd, text("file"), cwd, text("fresh/")});
  gives(ENOTDIR, "renameat2 of a file to a name with a slash behind",
        (long[7]){SYS_renameat2, cwd, text("file"), cwd, text("fresh/")});
}

static void using_names(void) {
  gives(EINVAL, "readlinkat of a file", (long[7]){SYS_readlinkat, cwd, text("file"), (long)memory, 10});
  gives(EINVAL, "readlinkat into nothing", (long[7]){SYS_readlinkat, cwd, text("link"), (long)memory, 0});
  gives(EFAULT, "readlinkat to nowhere", (long[7]){SYS_readlinkat, cwd, text("link"), bad, 10});
  gives(ENOENT, "readlinkat of what is not there",
        (long[7]){SYS_readlinkat, cwd, text("nothing"), (long)memory, 10});
  gives(ENOENT, "newfstatat of what is not there",
        (long[7]){SYS_newfstatat, cwd, text("nothing"), (long)memory});
  gives(ENOENT, "newfstatat of no name", (long[7]){SYS_newfstatat, cwd, text(""), (long)memory});
  gives(EINVAL, "newfstatat with unknown flags",
        (long[7]){SYS_newfstatat, cwd, text("file"), (long)memory, 1});
  gives(EBADF, "newfstatat of no descriptor",
        (long[7]){SYS_newfstatat, none, text(""), (long)memory, AT_EMPTY_PATH});
  gives(EFAULT, "newfstatat to nowhere", (long[7]){SYS_newfstatat, cwd, text("file"), bad});
  gives(ENOENT, "faccessat of what is not there", (long[7]){SYS_faccessat, cwd, text("nothing"), 0});
  gives(EINVAL, "faccessat with an unknown mode", (long[7]){SYS_faccessat, cwd, text("file"), 8});
  gives(EACCES, "faccessat of a file that nobody may run", (long[7]){SYS_faccessat, cwd, text("file"), X_OK});
  gives(ENOTDIR, "chdir to a file", (long[7]){SYS_chdir, text("file")});
  gives(ENOENT, "chdir to what is not there", (long[7]){SYS_chdir, text("nothing")});
  gives(ENOTDIR, "fchdir to a file", (long[7]){SYS_fchdir, file});
  gives(ERANGE, "getcwd into one byte", (long[7]){SYS_getcwd, (long)memory, 1});
  gives(EFAULT, "getcwd to nowhere", (long[7]){SYS_getcwd, bad, 4096});
  gives(ENOENT, "fchmodat of what is not there", (long[7]){SYS_fchmodat, cwd, text("nothing"), 0600});
  gives(EINVAL, "fchownat with unknown flags", (long[7]){SYS_fchownat, cwd, text("file"), -1, -1, 1});
  gives(EBADF, "fchown of no descriptor", (long[7]){SYS_fchown, none, -1, -1});
  gives(EBADF, "fchmod of no descriptor", (long[7]){SYS_fchmod, none, 0600});
  gives(ENOENT, "utimensat of what is not there", (long[7]){SYS_utimensat, cwd, text("nothing"), 0, 0});
  gives(EINVAL, "utimensat with unknown flags", (long[7]){SYS_utimensat, cwd, text("file"), 0, 1});
  static const struct timespec no_times[2] = {{0, 2000000000}, {0, 0}};
  gives(EINVAL, "utimensat with no time", (long[7]){SYS_utimensat, cwd, text("file"), (long)no_times, 0});
  gives(EFAULT, "utimensat with times nowhere", (long[7]){SYS_utimensat, cwd, text("file"), bad, 0});
  gives(ENOENT, "statfs of what is not there", (long[7]){SYS_statfs, text("nothing"), (long)memory});
  gives(EISDIR, "truncate of a directory", (long[7]){SYS_truncate, text("directory"), 0});
  gives(EINVAL, "truncate to less than nothing", (long[7]){SYS_truncate, text("file"), -1});
  gives(ENOENT, "execve of what is not there", (long[7]){SYS_execve, text("nothing"), 0, 0});
  gives(EACCES, "execve of a file that nobody may run", (long[7]){SYS_execve, text("file"), 0, 0});
  gives(EACCES, "execve of a directory", (long[7]){SYS_execve, text("directory"), 0, 0});
  gives(EFAULT, "execve with arguments nowhere", (long[7]){SYS_execve, text("no-program"), bad, 0});
  gives(EFAULT, "execve with an environment nowhere", (long[7]){SYS_execve, text("no-program"), 0, bad});
  gives(ENOEXEC, "execve of what is no program", (long[7]){SYS_execve, text("no-program"), 0, 0});
  gives(ENOENT, "execve of a script without its interpreter", (long[7]){SYS_execve, text("script"), 0, 0});
}

static void descriptors(void) {
  const long m = (long)memory;
  const struct iovec vector = {memory, 16}, negative = {memory, (size_t)-1}, nowhere = {(void*)8, 16};
  gives(EBADF, "read from what is open to write", (long[7]){SYS_read, pipe_out, m, 1});
  gives(EBADF, "write to what is open to read", (long[7]){SYS_write, only_read, m, 1});
  gives(EISDIR, "read from a directory", (long[7]){SYS_read, directory, m, 1});
  gives(EINVAL, "read from an epoll", (long[7]){SYS_read, epoll, m, 1});
  gives(EAGAIN, "read from an empty pipe", (long[7]){SYS_read, pipe_in, m, 1});
  gives(EFAULT, "pread64 to nowhere", (long[7]){SYS_pread64, file, bad, 4, 0});
  gives(EFAULT, "write from nowhere", (long[7]){SYS_write, file, bad, 4});
  gives(EBADF, "readv from no descriptor", (long[7]){SYS_readv, none, (long)&vector, 1});
  gives(EFAULT, "readv with vectors nowhere", (long[7]){SYS_readv, file, bad, 1});
  gives(EFAULT, "read into the kernel's half", (long[7]){SYS_read, pipe_in, -4096, 1});
  gives(EINVAL, "readv with a negative length", (long[7]){SYS_readv, file, (long)&negative, 1});
  gives(EINVAL, "readv with 1,025 vectors", (long[7]){SYS_readv, file, (long)&vector, 1025});
  gives(EINVAL, "writev with -1 vectors", (long[7]){SYS_writev, file, (long)&vector, -1});
  gives(EFAULT, "writev from nowhere", (long[7]){SYS_writev, file, (long)&nowhere, 1});
  gives(ESPIPE, "pread64 from a pipe", (long[7]){SYS_pread64, pipe_in, m, 1, 0});
  gives(ESPIPE, "pwrite64 to a pipe", (long[7]){SYS_pwrite64, pipe_out, m, 1, 0});
  gives(ESPIPE, "pread64 from a socket", (long[7]){SYS_pread64, stream, m, 1, 0});
  gives(EINVAL, "pread64 before the beginning", (long[7]){SYS_pread64, file, m, 1, -1});
  gives(EISDIR, "pread64 from a directory", (long[7]){SYS_pread64, directory, m, 1, 0});
  gives(ESPIPE, "lseek in a pipe", (long[7]){SYS_lseek, pipe_in, 0, SEEK_SET});
  gives(ESPIPE, "lseek in a socket", (long[7]){SYS_lseek, stream, 0, SEEK_SET});
  gives(EINVAL, "lseek from nowhere", (long[7]){SYS_lseek, file, 0, 99});
  gives(EINVAL, "lseek before the beginning", (long[7]){SYS_lseek, file, -1, SEEK_SET});
  gives(ENXIO, "lseek to data behind the end", (long[7]){SYS_lseek, file, 1 << 20, SEEK_DATA});
  gives(EBADF, "dup of no descriptor", (long[7]){SYS_dup, none});
  gives(EINVAL, "dup3 onto itself", (long[7]){SYS_dup3, file, file, 0});
  gives(EINVAL, "dup3 with unknown flags", (long[7]){SYS_dup3, file, 50, 1});
  gives(EBADF, "dup3 to descriptor -1", (long[7]){SYS_dup3, file, -1, 0});
  gives(EBADF, "dup3 of no descriptor", (long[7]){SYS_dup3, none, 50, 0});
  gives(EBADF, "fcntl on no descriptor", (long[7]){SYS_fcntl, none, F_GETFL});
  gives(EINVAL, "fcntl with an unknown command", (long[7]){SYS_fcntl, file, 999});
  gives(EINVAL, "F_DUPFD from -1", (long[7]){SYS_fcntl, file, F_DUPFD, -1});
  static const struct flock no_lock = {.l_type = 9}, before = {.l_type = F_RDLCK, .l_start = -5};
  gives(EINVAL, "F_SETLK of no kind", (long[7]){SYS_fcntl, file, F_SETLK, (long)&no_lock});
  gives(EINVAL, "F_SETLK before the beginning", (long[7]){SYS_fcntl, file, F_SETLK, (long)&before});
  gives(EFAULT, "F_SETLK nowhere", (long[7]){SYS_fcntl, file, F_SETLK, bad});
  gives(EINVAL, "flock without a kind", (long[7]){SYS_flock, file, 0});
  gives(EBADF, "ioctl on no descriptor", (long[7]){SYS_ioctl, none, 0x5401, m});
  gives(ENOTTY, "TCGETS of a file", (long[7]){SYS_ioctl, file, 0x5401, m});
  gives(ENOTTY, "TCGETS of a pipe", (long[7]){SYS_ioctl, pipe_in, 0x5401, m});
  gives(EINVAL, "pipe2 with unknown flags", (long[7]){SYS_pipe2, m, 1});
  gives(ENOTDIR, "getdents64 of a file", (long[7]){SYS_getdents64, file, m, 4096});
  gives(EINVAL, "getdents64 into one byte", (long[7]){SYS_getdents64, directory, m, 1});
  gives(EFAULT, "getdents64 to nowhere", (long[7]){SYS_getdents64, directory, bad, 4096});
  gives(EINVAL, "ftruncate of what is open to read", (long[7]){SYS_ftruncate, only_read, 0});
  gives(EINVAL, "ftruncate of a pipe", (long[7]){SYS_ftruncate, pipe_out, 0});
  gives(EINVAL, "ftruncate to less than nothing", (long[7]){SYS_ftruncate, file, -1});
  gives(EBADF, "fsync of no descriptor", (long[7]){SYS_fsync, none});
  gives(EINVAL, "fsync of a pipe", (long[7]){SYS_fsync, pipe_in});
  gives(EINVAL, "fdatasync of a socket", (long[7]){SYS_fdatasync, stream});
  gives(ESPIPE, "fadvise64 of a pipe", (long[7]){SYS_fadvise64, pipe_in, 0, 0, 0});
  gives(EINVAL, "fadvise64 with no advice", (long[7]){SYS_fadvise64, file, 0, 0, 99});
  gives(EBADF, "fstat of no descriptor", (long[7]){SYS_fstat, none, m});
  gives(EBADF, "sendfile from no descriptor", (long[7]){SYS_sendfile, pipe_out, none, 0, 1});
  gives(EINVAL, "sendfile from a pipe", (long[7]){SYS_sendfile, file, pipe_in, 0, 1});
  gives(EFAULT, "sendfile from a place nowhere", (long[7]){SYS_sendfile, pipe_out, file, bad, 1});
  gives(EBADF, "close of no descriptor", (long[7]){SYS_close, none});
  gives(EINVAL, "close_range backwards", (long[7]){SYS_close_range, 60, 50, 0});
}

static void memories(void) {
  const long m = (long)memory, page = page_bytes;
  const long anonymous = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
  gives(EINVAL, "mmap of nothing", (long[7]){SYS_mmap, 0, 0, both, anonymous, -1, 0});
  gives(EINVAL, "mmap neither private nor shared", (long[7]){SYS_mmap, 0, page, both, MAP_ANONYMOUS, -1, 0});
  gives(EINVAL, "mmap from half a page on", (long[7]){SYS_mmap, 0, page, PROT_READ, MAP_PRIVATE, file, 100});
  gives(EBADF, "mmap of no descriptor", (long[7]){SYS_mmap, 0, page, PROT_READ, MAP_PRIVATE, none, 0});
  gives(ENODEV, "mmap of a pipe", (long[7]){SYS_mmap, 0, page, PROT_READ, MAP_PRIVATE, pipe_in, 0});
  gives(ENODEV, "mmap of a directory", (long[7]){SYS_mmap, 0, page, PROT_READ, MAP_PRIVATE, directory, 0});
  gives(EACCES, "mmap, shared and writable, of what is open to read",
        (long[7]){SYS_mmap, 0, page, both, MAP_SHARED, only_read, 0});
  gives(0, "mmap, private and writable, of what is open to read",
        (long[7]){SYS_mmap, m + 3 * page, page, both, MAP_PRIVATE | MAP_FIXED, only_read, 0});
  gives(EINVAL, "mmap at half a page",
        (long[7]){SYS_mmap, m + 100, page, both, anonymous | MAP_FIXED, -1, 0});
  gives(ENOMEM, "mmap of 2^60", (long[7]){SYS_mmap, 0, 1l << 60, both, anonymous, -1, 0});
  gives(EINVAL, "munmap at half a page", (long[7]){SYS_munmap, m + 100, page});
  gives(EINVAL, "munmap of nothing", (long[7]){SYS_munmap, m, 0});
  gives(0, "munmap of what is not mapped", (long[7]){SYS_munmap, m + page, page});
  gives(EINVAL, "mprotect at half a page", (long[7]){SYS_mprotect, m + 100, page, both});
  gives(ENOMEM, "mprotect over a hole", (long[7]){SYS_mprotect, m, 3 * page, both});
  gives(EINVAL, "mprotect with unknown rights", (long[7]){SYS_mprotect, m, page, 0x100});
  gives(EACCES, "mprotect that makes a mapping of what is open to read writable",
        (long[7]){
            SYS_mprotect,
            answer((long[7]){SYS_mmap, m + 4 * page, page, PROT_READ, MAP_SHARED | MAP_FIXED, only_read, 0}),
            page, both});
  gives(EINVAL, "madvise at half a page", (long[7]){SYS_madvise, m + 100, page, MADV_DONTNEED});
  gives(EINVAL, "mremap at half a page", (long[7]){SYS_mremap, m + 100, page, page, 0});
  gives(EINVAL, "mremap with unknown flags", (long[7]){SYS_mremap, m, page, page, 8});
  gives(EINVAL, "mremap to a place, but not moving",
        (long[7]){SYS_mremap, m, page, page, MREMAP_FIXED, m + page});
  gives(EFAULT, "mremap of what is not mapped",
        (long[7]){SYS_mremap, m + page, page, 2 * page, MREMAP_MAYMOVE});
  gives(EFAULT, "mremap over a hole", (long[7]){SYS_mremap, m, 3 * page, 4 * page, MREMAP_MAYMOVE});
  gives(EINVAL, "mremap onto itself", (long[7]){SYS_mremap, m, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, m});
  gives(EINVAL, "msync at half a page", (long[7]){SYS_msync, m + 100, page, MS_SYNC});
  gives(EINVAL, "msync with unknown flags", (long[7]){SYS_msync, m, page, 64});
  gives(EINVAL, "msync both now and later", (long[7]){SYS_msync, m, page, MS_SYNC | MS_ASYNC});
  gives(ENOMEM, "msync over a hole", (long[7]){SYS_msync, m, 3 * page, MS_SYNC});
  gives(ENOMEM, "mlock over a hole", (long[7]){SYS_mlock, m, 3 * page});
  gives(EINVAL, "mlockall of nothing", (long[7]){SYS_mlockall, 0});
}

static void processes(void) {
  const long m = (long)memory;
  gives(EINVAL, "clone, shared handlers without shared memory",
        (long[7]){SYS_clone, CLONE_SIGHAND | SIGCHLD});
  gives(EINVAL, "clone, a thread without shared handlers",
        (long[7]){SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD});
  gives(ECHILD, "wait4 without children", (long[7]){SYS_wait4, -1, 0, 0, 0});
  gives(EINVAL, "wait4 with unknown options", (long[7]){SYS_wait4, -1, 0, 0x100, 0});
  gives(EINVAL, "waitid without what to wait for", (long[7]){SYS_waitid, P_ALL, 0, 0, 0});
  gives(EINVAL, "waitid for no kind", (long[7]){SYS_waitid, 9, 0, 0, WEXITED});
  gives(ECHILD, "waitid without children", (long[7]){SYS_waitid, P_ALL, 0, 0, WEXITED});
  gives(ESRCH, "kill of nobody", (long[7]){SYS_kill, 999999, 0});
  gives(ESRCH, "kill of a group of nobody", (long[7]){SYS_kill, -999999, 0});
  gives(EINVAL, "kill with signal 65", (long[7]){SYS_kill, getpid(), 65});
  gives(EINVAL, "tgkill of group -1", (long[7]){SYS_tgkill, -1, getpid(), 0});
  gives(ESRCH, "tgkill of another group's thread", (long[7]){SYS_tgkill, 999999, getpid(), 0});
  gives(EINVAL, "tkill of thread 0", (long[7]){SYS_tkill, 0, 0});
  gives(ESRCH, "tkill of nobody", (long[7]){SYS_tkill, 999999, 0});
  gives(ESRCH, "getpgid of nobody", (long[7]){SYS_getpgid, 999999});
  gives(ESRCH, "setpgid of nobody", (long[7]){SYS_setpgid, 999999, 0});
  gives(EINVAL, "setpgid to a negative group", (long[7]){SYS_setpgid, 0, -5});
  gives(ESRCH, "getsid of nobody", (long[7]){SYS_getsid, 999999});
  gives(EINVAL, "prlimit64 of no resource", (long[7]){SYS_prlimit64, 0, 99, 0, m});
  gives(EFAULT, "prlimit64 to nowhere", (long[7]){SYS_prlimit64, 0, RLIMIT_STACK, 0, bad});
  gives(EINVAL, "getrusage of no one", (long[7]){SYS_getrusage, 77, m});
  gives(EINVAL, "prctl of nothing", (long[7]){SYS_prctl, 9999});
  gives(EFAULT, "prctl with a name nowhere", (long[7]){SYS_prctl, 15, bad});
  gives(EINVAL, "sched_getaffinity into one byte", (long[7]){SYS_sched_getaffinity, 0, 1, m});
  gives(EFAULT, "sched_getaffinity to nowhere", (long[7]){SYS_sched_getaffinity, 0, 128, bad});
  gives(ESRCH, "sched_getaffinity of nobody", (long[7]){SYS_sched_getaffinity, 999999, 128, m});
  gives(EFAULT, "uname to nowhere", (long[7]){SYS_uname, bad});
  gives(EFAULT, "sysinfo to nowhere", (long[7]){SYS_sysinfo, bad});
  gives(EINVAL, "getrandom with unknown flags", (long[7]){SYS_getrandom, m, 4, 0x100});
  gives(EINVAL, "getgroups into -1", (long[7]){SYS_getgroups, -1, m});
  static const struct timespec no_time = {0, 2000000000}, negative = {-1, 0}, soon = {0, 1000};
  static unsigned word = 5;
  gives(EAGAIN, "FUTEX_WAIT for another value", (long[7]){SYS_futex, (long)&word, 0, 4, 0});
  gives(ETIMEDOUT, "FUTEX_WAIT for 1 us", (long[7]){SYS_futex, (long)&word, 0, 5, (long)&soon});
  gives(EINVAL, "FUTEX_WAIT with no time", (long[7]){SYS_futex, (long)&word, 0, 5, (long)&no_time});
  gives(EINVAL, "FUTEX_WAIT at no word", (long[7]){SYS_futex, (long)&word + 1, 0, 5, (long)&soon});
  gives(EFAULT, "FUTEX_WAKE in the kernel's half", (long[7]){SYS_futex, 1l << 63, 1, 1});
  gives(EINVAL, "FUTEX_WAKE at no word", (long[7]){SYS_futex, (long)&word + 1, 1, 1});
  gives(EFAULT, "FUTEX_WAIT nowhere", (long[7]){SYS_futex, bad, 0, 5, (long)&soon});
  gives(EINVAL, "FUTEX_WAIT_BITSET without bits", (long[7]){SYS_futex, (long)&word, 9, 5, (long)&soon, 0, 0});
  gives(EINVAL, "FUTEX_WAKE_BITSET without bits", (long[7]){SYS_futex, (long)&word, 10, 1, 0, 0, 0});
  gives(ENOSYS, "futex with an unknown operation", (long[7]){SYS_futex, (long)&word, 99, 1, 0});
  gives(EINVAL, "nanosleep for no time", (long[7]){SYS_nanosleep, (long)&no_time, 0});
  gives(EINVAL, "nanosleep for less than nothing", (long[7]){SYS_nanosleep, (long)&negative, 0});
  gives(EINVAL, "clock_nanosleep by an unknown clock", (long[7]){SYS_clock_nanosleep, 99, 0, (long)&soon, 0});
  gives(EINVAL, "clock_gettime of an unknown clock", (long[7]){SYS_clock_gettime, 99, m});
  gives(EINVAL, "clock_getres of an unknown clock", (long[7]){SYS_clock_getres, 99, m});
  gives(EINVAL, "setitimer of no timer", (long[7]){SYS_setitimer, 9, m, 0});
  gives(EFAULT, "setitimer from nowhere", (long[7]){SYS_setitimer, 0, bad, 0});
  gives(EINVAL, "getitimer of no timer", (long[7]){SYS_getitimer, 9, m});
}

static void signals(void) {
  const long m = (long)memory;
  static const unsigned long set = 1;
  static const struct timespec soon = {0, 1000}, no_time = {0, 2000000000};
  gives(EINVAL, "rt_sigaction of signal 0", (long[7]){SYS_rt_sigaction, 0, 0, m, 8});
  gives(EINVAL, "rt_sigaction of signal 65", (long[7]){SYS_rt_sigaction, 65, 0, m, 8});
  gives(EINVAL, "rt_sigaction of SIGKILL", (long[7]){SYS_rt_sigaction, SIGKILL, m, 0, 8});
  gives(EINVAL, "rt_sigaction with a set of 4", (long[7]){SYS_rt_sigaction, SIGUSR1, 0, m, 4});
  gives(EINVAL, "rt_sigprocmask with a set of 4", (long[7]){SYS_rt_sigprocmask, 0, 0, m, 4});
  gives(EINVAL, "rt_sigprocmask in an unknown way", (long[7]){SYS_rt_sigprocmask, 9, (long)&set, 0, 8});
  gives(EFAULT, "rt_sigprocmask from nowhere", (long[7]){SYS_rt_sigprocmask, 0, bad, 0, 8});
  gives(EINVAL, "rt_sigpending with a set of 80", (long[7]){SYS_rt_sigpending, m, 80});
  gives(EFAULT, "rt_sigpending to nowhere", (long[7]){SYS_rt_sigpending, bad, 8});
  gives(EINVAL, "rt_sigsuspend with a set of 4", (long[7]){SYS_rt_sigsuspend, (long)&set, 4});
  gives(EFAULT, "rt_sigsuspend with a set nowhere", (long[7]){SYS_rt_sigsuspend, bad, 8});
  gives(EAGAIN, "rt_sigtimedwait for 1 us", (long[7]){SYS_rt_sigtimedwait, (long)&set, 0, (long)&soon, 8});
  gives(EINVAL, "rt_sigtimedwait for no time",
        (long[7]){SYS_rt_sigtimedwait, (long)&set, 0, (long)&no_time, 8});
  gives(EINVAL, "rt_sigtimedwait with a set of 4",
        (long[7]){SYS_rt_sigtimedwait, (long)&set, 0, (long)&soon, 4});
  static const stack_t small = {.ss_sp = NULL, .ss_size = 100}, odd = {.ss_flags = 99};
  gives(ENOMEM, "sigaltstack of 100 bytes", (long[7]){SYS_sigaltstack, (long)&small, 0});
  gives(EINVAL, "sigaltstack with unknown flags", (long[7]){SYS_sigaltstack, (long)&odd, 0});
}

static void waiting(void) {
  const long m = (long)memory;
  static struct pollfd nobody = {.fd = 99, .events = POLLIN};
  static const struct timespec no_time = {0, 2000000000}, now = {0, 0};
  static struct epoll_event event = {.events = EPOLLIN};
  static fd_set closed;
  FD_SET(99, &closed);
  gives(0, "ppoll of no descriptor", (long[7]){SYS_ppoll, (long)&nobody, 1, 0, 0, 8});
  law((nobody.revents & POLLNVAL) != 0, "and it says POLLNVAL");
  gives(EINVAL, "ppoll with no time", (long[7]){SYS_ppoll, (long)&nobody, 1, (long)&no_time, 0, 8});
  gives(EFAULT, "ppoll nowhere", (long[7]){SYS_ppoll, bad, 1, (long)&now, 0, 8});
  gives(EINVAL, "ppoll with a set of 4", (long[7]){SYS_ppoll, (long)&nobody, 1, (long)&now, m, 4});
  gives(EINVAL, "pselect6 of -1", (long[7]){SYS_pselect6, -1, 0, 0, 0, (long)&now, 0});
  gives(EBADF, "pselect6 of no descriptor", (long[7]){SYS_pselect6, 100, (long)&closed, 0, 0, (long)&now, 0});
  gives(EFAULT, "pselect6 nowhere", (long[7]){SYS_pselect6, 10, bad, 0, 0, (long)&now, 0});
  gives(EINVAL, "epoll_create1 with unknown flags", (long[7]){SYS_epoll_create1, 1});
  gives(EBADF, "epoll_ctl on no descriptor",
        (long[7]){SYS_epoll_ctl, none, EPOLL_CTL_ADD, pipe_in, (long)&event});
  gives(EBADF, "epoll_ctl of no descriptor",
        (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, none, (long)&event});
  gives(EINVAL, "epoll_ctl on a pipe",
        (long[7]){SYS_epoll_ctl, pipe_in, EPOLL_CTL_ADD, pipe_out, (long)&event});
  gives(EINVAL, "epoll_ctl of itself", (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, epoll, (long)&event});
  gives(EPERM, "epoll_ctl of a file", (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, file, (long)&event});
  gives(EINVAL, "epoll_ctl in an unknown way", (long[7]){SYS_epoll_ctl, epoll, 9, pipe_in, (long)&event});
  gives(ENOENT, "EPOLL_CTL_DEL of what is not watched",
        (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, pipe_in, (long)&event});
  gives(ENOENT, "EPOLL_CTL_MOD of what is not watched",
        (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, pipe_in, (long)&event});
  gives(EFAULT, "EPOLL_CTL_ADD with an event nowhere",
        (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pipe_in, bad});
  gives(0, "EPOLL_CTL_ADD", (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pipe_in, (long)&event});
  gives(EEXIST, "EPOLL_CTL_ADD of what is watched",
        (long[7]){SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pipe_in, (long)&event});
  gives(EINVAL, "epoll_pwait for none", (long[7]){SYS_epoll_pwait, epoll, m, 0, 0, 0, 8});
  gives(EINVAL, "epoll_pwait on a file", (long[7]){SYS_epoll_pwait, file, m, 1, 0, 0, 8});
  gives(EBADF, "epoll_pwait on no descriptor", (long[7]){SYS_epoll_pwait, none, m, 1, 0, 0, 8});
}

static void sockets(void) {
  const long m = (long)memory;
  const struct sockaddr_un nobody = {AF_UNIX, "nobody"}, taken = {AF_UNIX, "file"}, plain = {AF_UNIX, "file"};
  const struct sockaddr_un other_family = {AF_NETLINK, ""};
  const long size = sizeof nobody;
  gives(EAFNOSUPPORT, "socket of an unknown family", (long[7]){SYS_socket, 99, SOCK_STREAM, 0});
  gives(EINVAL, "socket of type 15", (long[7]){SYS_socket, AF_UNIX, 15, 0});
  gives(ESOCKTNOSUPPORT, "socket of AF_UNIX, SOCK_RDM", (long[7]){SYS_socket, AF_UNIX, SOCK_RDM, 0});
  gives(EPROTONOSUPPORT, "socket of AF_UNIX with protocol 9", (long[7]){SYS_socket, AF_UNIX, SOCK_STREAM, 9});
  gives(EFAULT, "socketpair to nowhere", (long[7]){SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bad});
  gives(ENOTSOCK, "bind of a file", (long[7]){SYS_bind, file, (long)&nobody, size});
  gives(EBADF, "bind of no descriptor", (long[7]){SYS_bind, none, (long)&nobody, size});
  gives(EFAULT, "bind to a name nowhere", (long[7]){SYS_bind, stream, bad, size});
  gives(EADDRINUSE, "bind to what is there", (long[7]){SYS_bind, stream, (long)&taken, size});
  gives(EINVAL, "bind to another family", (long[7]){SYS_bind, stream, (long)&other_family, size});
  gives(ENOENT, "connect to what is not there", (long[7]){SYS_connect, stream, (long)&nobody, size});
  gives(ECONNREFUSED, "connect to a file", (long[7]){SYS_connect, stream, (long)&plain, size});
  gives(EINVAL, "connect to another family", (long[7]){SYS_connect, stream, (long)&other_family, size});
  gives(EINVAL, "listen without a name", (long[7]){SYS_listen, stream, 5});
  gives(ENOTSOCK, "listen on a pipe", (long[7]){SYS_listen, pipe_in, 5});
  gives(EINVAL, "accept4 without listening", (long[7]){SYS_accept4, stream, 0, 0, 0});
  gives(EINVAL, "accept4 with unknown flags", (long[7]){SYS_accept4, stream, 0, 0, 1});
  gives(ENOTSOCK, "accept4 on a file", (long[7]){SYS_accept4, file, 0, 0, 0});
  gives(ENOTCONN, "getpeername of nobody", (long[7]){SYS_getpeername, stream, m, m + 200});
  gives(ENOTCONN, "sendto of nobody", (long[7]){SYS_sendto, stream, m, 1, MSG_NOSIGNAL, 0, 0});
  gives(EINVAL, "recvfrom nobody", (long[7]){SYS_recvfrom, stream, m, 1, 0, 0, 0});
  gives(ENOTCONN, "shutdown of nobody, AF_INET", (long[7]){SYS_shutdown, inet, SHUT_RDWR});
  gives(EINVAL, "shutdown in an unknown way", (long[7]){SYS_shutdown, stream, 9});
  gives(ENOTSOCK, "shutdown of a file", (long[7]){SYS_shutdown, file, SHUT_RDWR});
  gives(ENOPROTOOPT, "setsockopt of an unknown option",
        (long[7]){SYS_setsockopt, stream, SOL_SOCKET, 9999, m, 4});
  gives(EINVAL, "setsockopt with two bytes", (long[7]){SYS_setsockopt, stream, SOL_SOCKET, SO_RCVBUF, m, 2});
  gives(EFAULT, "setsockopt from nowhere", (long[7]){SYS_setsockopt, stream, SOL_SOCKET, SO_RCVBUF, bad, 4});
  gives(ENOPROTOOPT, "getsockopt of an unknown option",
        (long[7]){SYS_getsockopt, stream, SOL_SOCKET, 9999, m, (long)&option_size});
  gives(EFAULT, "sendmsg nowhere", (long[7]){SYS_sendmsg, stream, bad, 0});
  gives(EFAULT, "recvmsg nowhere", (long[7]){SYS_recvmsg, stream, bad, 0});
}

/* What qemu-riscv64 answers by itself, and not as Linux does. */
static void ask_a_kernel(void) {
  const long m = (long)memory, page = page_bytes, both = PROT_READ | PROT_WRITE;
  const long anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  const struct sockaddr_un nobody = {AF_UNIX, "nobody"};
  static struct pollfd nothing = {.fd = 99, .events = POLLIN};
  static const struct timespec now = {0, 0};
  gives(EEXIST, "mmap that is not to replace",
        (long[7]){SYS_mmap, m, page, both, anonymous | MAP_FIXED_NOREPLACE, -1, 0});
  gives(EINVAL, "madvise with no advice", (long[7]){SYS_madvise, m, page, 99});
  gives(ENOMEM, "madvise over a hole", (long[7]){SYS_madvise, m, 3 * page, MADV_WILLNEED});
  gives(EINVAL, "mremap to nothing", (long[7]){SYS_mremap, m, page, 0, 0});
  gives(EINVAL, "mlock2 with unknown flags", (long[7]){SYS_mlock2, m, page, 2});
  gives(EINVAL, "ppoll of 2^20", (long[7]){SYS_ppoll, (long)&nothing, 1 << 20, (long)&now, 0, 8});
  gives(EINVAL, "socket with unknown flags", (long[7]){SYS_socket, AF_UNIX, SOCK_STREAM | 0x100, 0});
  gives(EINVAL, "bind to a name of 2^20", (long[7]){SYS_bind, stream, (long)&nobody, 1 << 20});
}

static void make_things(void) {
  if (mkdtemp(work) == NULL || chdir(work) != 0) law(0, "there is a directory to work in");
  mkdir("directory", 0700), mkdir("directory/in", 0700);
  file = open("file", O_RDWR | O_CREAT, 0644);
  if (write(file, "text", 4) != 4) law(0, "a file can be written");
  only_read = open("file", O_RDONLY);
  const int program = open("no-program", O_WRONLY | O_CREAT, 0755),
            script = open("script", O_WRONLY | O_CREAT, 0755);
  if (write(program, "\1\2\3\4", 4) != 4 || write(script, "#!/no/interpreter\n", 18) != 18)
    law(0, "files can be written");
  close(program), close(script);
  directory = open(".", O_RDONLY | O_DIRECTORY);
  mkdir("gone", 0700);
  gone = open("gone", O_RDONLY | O_DIRECTORY);
  rmdir("gone");
  int ends[2];
  law(symlink("ring", "ring") == 0 && symlink("file", "link") == 0 && mkfifo("fifo", 0600) == 0 &&
          pipe2(ends, O_NONBLOCK) == 0,
      "there are links and pipes");
  pipe_in = ends[0], pipe_out = ends[1];
  stream = socket(AF_UNIX, SOCK_STREAM, 0), inet = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
  const int bound = socket(AF_UNIX, SOCK_STREAM, 0);
  const struct sockaddr_un name = {AF_UNIX, "socket"};
  law(bind(bound, (const struct sockaddr*)&name, sizeof name) == 0, "and sockets");
  memory = (char*)resident_pages(5);
  munmap(memory + page_bytes, page_bytes);
  option_size = 4;
}

static void remove_things(void) {
  static const char* const made[] = {"file",   "link",       "ring",   "fifo",
                                     "socket", "no-program", "script", "fresh"};
  for (size_t i = 0; i < sizeof made / sizeof made[0]; ++i) unlink(made[i]);
  rmdir("directory/in"), rmdir("directory"), rmdir(work);
}

int main(int argc, char** argv) {
  make_things();
  opening();
  making_names();
  using_names();
  descriptors();
  memories();
  processes();
  signals();
  waiting();
  sockets();
  if (argc > 1 && strcmp(argv[1], "alone") == 0) ask_a_kernel();
  remove_things();
  return verdict("errnos");
}

// Numbers and structures of the Linux riscv64 system-call interface, with the names that Linux's headers give
// them.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

inline constexpr i64 EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8,
                     EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, EBUSY = 16,
                     EEXIST = 17, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EMFILE = 24,
                     ENOTTY = 25, ETXTBSY = 26, EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EPIPE = 32, EDOM = 33,
                     ERANGE = 34, ENAMETOOLONG = 36, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, EOVERFLOW = 75,
                     ENOTSOCK = 88, EMSGSIZE = 90, EPROTOTYPE = 91, ENOPROTOOPT = 92, EPROTONOSUPPORT = 93,
                     ESOCKTNOSUPPORT = 94, EOPNOTSUPP = 95, EAFNOSUPPORT = 97, EADDRINUSE = 98,
                     EADDRNOTAVAIL = 99, ENOBUFS = 105, EISCONN = 106, ENOTCONN = 107, ETOOMANYREFS = 109,
                     ETIMEDOUT = 110, ECONNREFUSED = 111;
// Inside the kernel only: what an interrupted call does when its signal has been dealt with. The first restarts if
// the handler has SA_RESTART, the second if no handler ran; else it is EINTR.
inline constexpr i64 ERESTARTSYS = 512, ERESTARTNOHAND = 514;

inline constexpr unsigned signal_count = 64;
inline constexpr u32 SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9,
                     SIGSEGV = 11, SIGPIPE = 13, SIGALRM = 14, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19,
                     SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGWINCH = 28;
constexpr u64 signal_bit(u32 signal) { return u64{1} << (signal - 1); }

// What siginfo_t tells beyond the number; `value` is the address of a fault or the status of a child.
struct SignalInfo {
  i32 code = 0;
  u32 pid = 0;
  u64 value = 0;
};
inline constexpr i32 SI_USER = 0, SI_TKILL = -6, SI_KERNEL = 0x80, SEGV_MAPERR = 1, SEGV_ACCERR = 2,
                     BUS_ADRALN = 1, BUS_ADRERR = 2, ILL_ILLOPC = 1, TRAP_BRKPT = 1, CLD_EXITED = 1,
                     CLD_KILLED = 2, CLD_STOPPED = 5, CLD_CONTINUED = 6;

inline constexpr u64 SIG_DFL = 0, SIG_IGN = 1;
inline constexpr u64 SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000,
                     SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000;
inline constexpr i32 SS_ONSTACK = 1, SS_DISABLE = 2;

inline constexpr u64 CLONE_VM = 0x100, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_VFORK = 0x4000,
                     CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000, CLONE_SETTLS = 0x80000,
                     CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000,
                     CLONE_CHILD_SETTID = 0x1000000;
// Ours, in the upper half of clone's first argument, which Linux ignores: how this one fork shares memory.
inline constexpr u64 CLONE_HARTBEAT_COW = u64{1} << 40, CLONE_HARTBEAT_EAGER = u64{1} << 41,
                     CLONE_HARTBEAT_SHARED_TABLES = u64{1} << 42;

inline constexpr u64 PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
inline constexpr u64 MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_SHARED_VALIDATE = 3, MAP_TYPE = 15,
                     MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MAP_GROWSDOWN = 0x100, MAP_LOCKED = 0x2000,
                     MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_FIXED_NOREPLACE = 0x100000;
inline constexpr u64 MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2;

inline constexpr u32 O_ACCMODE = 3, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200,
                     O_NOCTTY = 0400, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000,
                     O_DIRECT = 040000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, O_CLOEXEC = 02000000,
                     O_PATH = 010000000, O_TMPFILE = 020000000;
inline constexpr i64 AT_FDCWD = -100;
inline constexpr u64 AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400,
                     AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000;
inline constexpr unsigned RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_NOFILE = 7, limit_count = 16;
inline constexpr u64 PATH_MAX = 4096, NAME_MAX = 255;

inline constexpr u32 S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFBLK = 0060000,
                     S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000;

inline constexpr i64 POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32,
                     POLLRDHUP = 0x2000;

struct Timespec {
  i64 seconds, nanoseconds;
};
constexpr Timespec timespec_of(i64 nanoseconds) {
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
}
// struct timeval, whose second member is microseconds.
constexpr Timespec timeval_of(i64 nanoseconds) {
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000 / 1000};
}

struct Stat {
  u64 st_dev, st_ino;
  u32 st_mode, st_nlink, st_uid, st_gid;
  u64 st_rdev, pad1;
  i64 st_size;
  i32 st_blksize, pad2;
  i64 st_blocks;
  Timespec st_atim, st_mtim, st_ctim;
  u32 unused[2];
};
static_assert(sizeof(Stat) == 128);

}  // namespace guestos

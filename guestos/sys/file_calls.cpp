// System calls that take paths.
#include <initializer_list>

#include "guestos/sys/clock.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

i64 PathArgument::read(u64 directory, u64 address) {
  if (!text_) return -ENOMEM;
  const i64 size = copy_text_from_user(text_.get(), address, PATH_MAX);
  if (size < 0) return size;
  if (text_[0] == '/') return 0;
  if (static_cast<i32>(directory) == AT_FDCWD) {
    start_ = current_directory();
    return 0;
  }
  FileArgument file(directory);
  if (!file) return -EBADF;
  if (file->inode() == nullptr) return empty() ? 0 : -ENOTDIR;
  if (!empty() && !file->inode()->is_directory()) return -ENOTDIR;
  start_ = InodeReference::share(file->inode());
  return 0;
}

FileArgument::FileArgument(u64 descriptor)
    : file_(current_process().files->get(static_cast<u32>(descriptor))) {}

namespace {

// The inode that a call with (directory, path, flags) means; AT_EMPTY_PATH: the directory's own file.
InodeReference find_inode(u64 directory, u64 address, u64 flags, i64& error) {
  error = -EINVAL;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_SYMLINK_FOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) != 0) return {};
  const PathArgument path(directory, address);
  error = path.error();
  if (error != 0) return {};
  if (!path.empty()) return lookup(path.request((flags & AT_SYMLINK_NOFOLLOW) == 0), error);
  error = (flags & AT_EMPTY_PATH) == 0 ? -ENOENT : path.start() == nullptr ? -EBADF : 0;
  return InodeReference::share(error == 0 ? path.start() : nullptr);
}

// The result of action(inode) for the inode that a call means: by path, or by descriptor.
template <typename Action>
i64 at_path(u64 directory, u64 address, u64 flags, Action action) {
  i64 error = 0;
  const InodeReference inode = find_inode(directory, address, flags, error);
  return inode ? action(*inode) : error;
}
template <typename Action>
i64 at_path(u64 address, Action action) {
  return at_path(static_cast<u64>(AT_FDCWD), address, 0, action);
}
template <typename Action>
i64 at_descriptor(u64 descriptor, Action action) {
  FileArgument file(descriptor);
  return !file ? -EBADF : file->inode() == nullptr ? 0 : action(*file->inode());
}

i64 check_open(const Inode& inode, u32 flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if ((flags & O_PATH) != 0) return (flags & O_DIRECTORY) != 0 && !inode.is_directory() ? -ENOTDIR : 0;
  if (inode.is_link()) return -ELOOP;
  if (inode.is_directory() && (writes || (flags & O_CREAT) != 0)) return -EISDIR;
  if ((flags & O_DIRECTORY) != 0 && !inode.is_directory()) return -ENOTDIR;
  if (writes && inode.proc != nullptr && (inode.mode & 0200) == 0) return -EACCES;
  if (writes && inode.running != 0) return -ETXTBSY;
  return 0;
}

i64 open_path(const PathArgument& path, u32 flags, u32 mode) {
  i64 error = 0;
  InodeReference inode;
  const bool follow = (flags & O_NOFOLLOW) == 0;
  Process& self = current_process();
  if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_DIRECTORY) != 0) return -EOPNOTSUPP;
  if ((flags & O_CREAT) != 0) {
    const bool exclusive = (flags & O_EXCL) != 0;
    inode = create_at(path.request(follow && !exclusive), S_IFREG | (mode & 07777 & ~self.umask), nullptr,
                      exclusive, error);
  } else {
    inode = lookup(path.request(follow), error);
  }
  if (!inode) return error;
  error = check_open(*inode, flags);
  if (error == 0 && (flags & O_TRUNC) != 0 && inode->is_regular() && inode->proc == nullptr &&
      (flags & O_ACCMODE) != O_RDONLY) {
    error = cut_inode(*inode, 0);
    touch_inode(*inode);
  }
  if (error != 0) return error;
  File* file = open_inode(static_cast<InodeReference&&>(inode), flags, error);
  if (file == nullptr) return error;
  file->flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
  return self.files->add(file, (flags & O_CLOEXEC) != 0);
}

// /proc/self/fd/N opened means another descriptor for the same file. -1: the path is none of these.
i64 own_descriptor(const char* text) {
  static constexpr const char* names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (i64 i = 0; i < 3; ++i)
    if (equal(text, names[i])) return i;
  for (const char* prefix : {"/proc/self/fd/", "/dev/fd/"}) {
    const char* number = text + strlen(prefix);
    if (starts_with(text, prefix) && *number >= '0' && *number <= '9')
      return static_cast<i64>(min_of<u64>(read_decimal(number), FileTable::capacity));
  }
  return -1;
}

i64 sys_openat(const Arguments& call) {
  const PathArgument path(call.a, call.b);
  if (path.error() != 0) return path.error();
  if (path.empty()) return -ENOENT;
  const i64 own = own_descriptor(path.text());
  if (own < 0) return open_path(path, static_cast<u32>(call.c), static_cast<u32>(call.d));
  File* file = current_process().files->get(static_cast<u64>(own));
  return file == nullptr ? -ENOENT : current_process().files->add(file, false);
}

i64 make(u64 directory, u64 address, u32 mode, const char* target) {
  const PathArgument path(directory, address);
  i64 error = path.error();
  if (error == 0) create_at(path.request(false), mode, target, true, error);
  return error;
}

u32 permissions(u64 mode, u32 allowed) { return static_cast<u32>(mode) & allowed & ~current_process().umask; }

i64 sys_mkdirat(const Arguments& call) {
  return make(call.a, call.b, S_IFDIR | permissions(call.c, 01777), nullptr);
}

i64 sys_mknodat(const Arguments& call) {
  const u32 type = static_cast<u32>(call.c) & S_IFMT;
  if (type == S_IFDIR || type == S_IFCHR || type == S_IFBLK) return -EPERM;
  if (type != S_IFIFO && type != S_IFREG && type != 0) return -EINVAL;
  return make(call.a, call.b, (type == 0 ? S_IFREG : type) | permissions(call.c, 07777), nullptr);
}

i64 sys_symlinkat(const Arguments& call) {
  HeapBuffer<char> target(PATH_MAX);
  if (!target) return -ENOMEM;
  const i64 size = copy_text_from_user(target.get(), call.a, PATH_MAX);
  if (size <= 0) return size == 0 ? -ENOENT : size;
  return make(call.b, call.c, S_IFLNK | 0777, target.get());
}

i64 sys_linkat(const Arguments& call) {
  const u64 flags = (call.e & AT_SYMLINK_FOLLOW) != 0 ? call.e : call.e | AT_SYMLINK_NOFOLLOW;
  return at_path(call.a, call.b, flags, [&](Inode& inode) {
    const PathArgument path(call.c, call.d);
    return path.error() != 0 ? path.error() : link_at(path.request(false), &inode);
  });
}

i64 sys_unlinkat(const Arguments& call) {
  if ((call.c & ~AT_REMOVEDIR) != 0) return -EINVAL;
  const PathArgument path(call.a, call.b);
  return path.error() != 0 ? path.error() : remove_at(path.request(false), (call.c & AT_REMOVEDIR) != 0);
}

i64 sys_renameat2(const Arguments& call) {
  if ((call.e & ~u64{1}) != 0) return -EINVAL;
  const PathArgument from(call.a, call.b);
  const PathArgument to(call.c, call.d);
  if (from.error() != 0 || to.error() != 0) return from.error() != 0 ? from.error() : to.error();
  return rename_at(from.request(false), to.request(false), call.e != 0);
}

struct Statx {
  u32 stx_mask, stx_blksize;
  u64 stx_attributes;
  u32 stx_nlink, stx_uid, stx_gid;
  u16 stx_mode, pad;
  u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
  Timespec stx_atime, stx_btime, stx_ctime, stx_mtime;  // 32 bits of nanoseconds, and 32 that are 0
  u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
  u64 rest[14];
};
static_assert(sizeof(Statx) == 256);

i64 stat_of(u64 directory, u64 address, u64 flags, Stat& stat) {
  const PathArgument path(directory, address);
  if (path.error() != 0) return path.error();
  if (path.empty() && (flags & AT_EMPTY_PATH) != 0 && static_cast<i32>(directory) != AT_FDCWD) {
    FileArgument file(directory);
    return file ? file->status(stat) : -EBADF;
  }
  return at_path(directory, address, flags, [&](const Inode& inode) {
    inode_status(inode, stat);
    return i64{0};
  });
}

i64 sys_newfstatat(const Arguments& call) {
  Stat stat;
  const i64 error = stat_of(call.a, call.b, call.d, stat);
  return error != 0 ? error : put_user(call.c, stat);
}

i64 sys_statx(const Arguments& call) {
  constexpr u32 STATX_BASIC_STATS = 0x7ff, reserved = 0x80000000;
  constexpr u64 AT_STATX_SYNC_TYPE = 0x6000;
  if ((call.d & reserved) != 0) return -EINVAL;
  Stat stat;
  const u64 flags = call.c & ~AT_STATX_SYNC_TYPE;
  if (const i64 error = stat_of(call.a, call.b, flags, stat); error != 0) return error;
  Statx out = {};
  out.stx_mask = STATX_BASIC_STATS;
  out.stx_blksize = static_cast<u32>(stat.st_blksize);
  out.stx_nlink = stat.st_nlink, out.stx_uid = stat.st_uid, out.stx_gid = stat.st_gid;
  out.stx_mode = static_cast<u16>(stat.st_mode);
  out.stx_ino = stat.st_ino, out.stx_size = static_cast<u64>(stat.st_size);
  out.stx_blocks = static_cast<u64>(stat.st_blocks);
  out.stx_atime = stat.st_atim, out.stx_ctime = stat.st_ctim, out.stx_mtime = stat.st_mtim;
  out.stx_rdev_major = static_cast<u32>(stat.st_rdev >> 8),
  out.stx_rdev_minor = static_cast<u32>(stat.st_rdev & 0xff);
  out.stx_dev_minor = static_cast<u32>(stat.st_dev);
  return put_user(call.e, out);
}

i64 sys_faccessat2(const Arguments& call) {
  constexpr u64 AT_EACCESS = 0x200;
  if (call.c > 7) return -EINVAL;
  return at_path(call.a, call.b, call.d & ~AT_EACCESS, [&](const Inode& inode) {
    // Root may read and write everything, but run only what somebody may run.
    const bool runnable = inode.is_directory() || (inode.mode & 0111) != 0;
    return (call.c & 1) != 0 && !runnable ? -EACCES : 0;
  });
}
i64 sys_faccessat(const Arguments& call) {
  return sys_faccessat2({call.a, call.b, call.c, 0, 0, 0, call.frame});
}

i64 sys_readlinkat(const Arguments& call) {
  if (static_cast<i64>(call.d) <= 0) return -EINVAL;
  return at_path(call.a, call.b, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, [&](const Inode& inode) -> i64 {
    if (!inode.is_link()) return -EINVAL;
    const u64 size = min_of<u64>(strlen(inode.target), call.d);
    return copy_to_user(call.c, inode.target, size) == 0 ? static_cast<i64>(size) : -EFAULT;
  });
}

i64 set_directory(Inode& inode) {
  if (!inode.is_directory()) return -ENOTDIR;
  set_current_directory(InodeReference::share(&inode));
  return 0;
}

i64 sys_chdir(const Arguments& call) { return at_path(call.a, set_directory); }
i64 fchdir(File& file, const Arguments&) {
  return file.inode() == nullptr ? -ENOTDIR : set_directory(*file.inode());
}

i64 sys_getcwd(const Arguments& call) {
  HeapBuffer<char> path(PATH_MAX);
  if (!path) return -ENOMEM;
  const i64 size = path_of(current_directory().get(), path.get(), PATH_MAX);
  if (size < 0) return size;
  if (call.b < static_cast<u64>(size) + 1) return -ERANGE;
  return copy_to_user(call.a, path.get(), static_cast<u64>(size) + 1) == 0 ? size + 1 : -EFAULT;
}

// Attributes, by path and by descriptor.
i64 set_mode(Inode& inode, u64 mode) {
  inode.mode = (inode.mode & S_IFMT) | (static_cast<u32>(mode) & 07777);
  inode.changed = realtime_nanoseconds();
  return 0;
}

i64 set_owner(Inode& inode, u64 owner, u64 group) {
  if (static_cast<i32>(owner) != -1) inode.owner = static_cast<u32>(owner);
  if (static_cast<i32>(group) != -1) inode.group = static_cast<u32>(group);
  inode.changed = realtime_nanoseconds();
  return 0;
}

i64 sys_fchmodat(const Arguments& call) {
  return at_path(call.a, call.b, 0, [&](Inode& inode) { return set_mode(inode, call.c); });
}
i64 sys_fchownat(const Arguments& call) {
  return at_path(call.a, call.b, call.e, [&](Inode& inode) { return set_owner(inode, call.c, call.d); });
}
i64 sys_fchmod(const Arguments& call) {
  return at_descriptor(call.a, [&](Inode& inode) { return set_mode(inode, call.b); });
}
i64 sys_fchown(const Arguments& call) {
  return at_descriptor(call.a, [&](Inode& inode) { return set_owner(inode, call.b, call.c); });
}

i64 sys_utimensat(const Arguments& call) {
  constexpr i64 UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;
  Timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (call.c != 0 && get_user(times, call.c) != 0) return -EFAULT;
  for (const Timespec& time : times)
    if (time.nanoseconds >= 1'000'000'000 && time.nanoseconds != UTIME_NOW && time.nanoseconds != UTIME_OMIT)
      return -EINVAL;
  auto apply = [&](Inode& inode) -> i64 {
    const i64 now = realtime_nanoseconds();
    i64* const fields[2] = {&inode.accessed, &inode.modified};
    for (unsigned i = 0; i < 2; ++i) {
      if (times[i].nanoseconds == UTIME_OMIT) continue;
      *fields[i] =
          times[i].nanoseconds == UTIME_NOW ? now : times[i].seconds * 1'000'000'000 + times[i].nanoseconds;
    }
    inode.changed = now;
    return 0;
  };
  return call.b != 0 ? at_path(call.a, call.b, call.d, apply) : at_descriptor(call.a, apply);
}

i64 sys_truncate(const Arguments& call) {
  if (static_cast<i64>(call.b) < 0) return -EINVAL;
  return at_path(call.a, [&](Inode& inode) {
    return inode.is_directory()                           ? -EISDIR
           : !inode.is_regular() || inode.proc != nullptr ? -EINVAL
                                                          : cut_inode(inode, call.b);
  });
}

struct FileSystemStatus {  // struct statfs64
  u64 f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
  u32 f_fsid[2];
  u64 f_namelen, f_frsize, f_flags, f_spare[4];
};

i64 put_file_system_status(u64 address, bool is_proc) {
  constexpr u64 tmpfs_magic = 0x01021994, proc_magic = 0x9fa0;
  FileSystemStatus status = {};
  status.f_type = is_proc ? proc_magic : tmpfs_magic;
  status.f_bsize = status.f_frsize = page_size;
  status.f_blocks = status.f_files = is_proc ? 0 : frame_totals().total;
  status.f_bfree = status.f_bavail = status.f_ffree = is_proc ? 0 : free_frames();
  status.f_namelen = NAME_MAX;
  return put_user(address, status);
}

i64 sys_statfs(const Arguments& call) {
  return at_path(call.a, [&](Inode& inode) { return put_file_system_status(call.b, inode.proc != nullptr); });
}
i64 fstatfs(File& file, const Arguments& call) {
  return put_file_system_status(call.b, file.inode() != nullptr && file.inode()->proc != nullptr);
}

i64 sys_no_attributes(const Arguments&) { return -EOPNOTSUPP; }

constexpr SystemCallRow rows[] = {
    {5, sys_no_attributes, 16},  // {set,get,list,remove}xattr and its like
    {17, sys_getcwd},           {33, sys_mknodat},    {34, sys_mkdirat},     {35, sys_unlinkat},
    {36, sys_symlinkat},        {37, sys_linkat},     {43, sys_statfs},      {44, on_file<fstatfs>},
    {45, sys_truncate},         {48, sys_faccessat},  {49, sys_chdir},       {50, on_file<fchdir>},
    {52, sys_fchmod},           {53, sys_fchmodat},   {54, sys_fchownat},    {55, sys_fchown},
    {56, sys_openat},           {78, sys_readlinkat}, {79, sys_newfstatat},  {88, sys_utimensat},
    {276, sys_renameat2},       {291, sys_statx},     {439, sys_faccessat2},
};

}  // namespace

constinit const SystemCallRows file_calls = rows;

}  // namespace guestos

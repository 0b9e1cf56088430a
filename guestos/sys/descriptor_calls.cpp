// System calls on open files.
#include "guestos/arch/hart.hpp"
#include "guestos/fs/pipe.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/path_argument.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u64 longest_transfer = 0x7ffff000;
constexpr u64 most_vectors = 1024;

i64 sys_read(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_read()) return -EBADF;
  return file->read(call.b, min_of(call.c, longest_transfer));
}

i64 sys_write(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_write()) return -EBADF;
  return file->write(call.b, min_of(call.c, longest_transfer));
}

struct Vector {
  u64 base;
  u64 size;
};

// Each part in turn until one is short. `transfer(base, size, done)` does one part.
template <typename Transfer>
i64 each_vector(u64 address, u64 count, Transfer transfer) {
  if (count > most_vectors) return -EINVAL;
  i64 done = 0;
  for (u64 i = 0; i < count; ++i) {
    Vector vector = {};
    if (get_user(vector, address + i * sizeof vector) != 0) return done != 0 ? done : -EFAULT;
    if (static_cast<i64>(vector.size) < 0) return done != 0 ? done : -EINVAL;
    if (vector.size == 0) continue;
    const i64 part = transfer(vector.base, min_of(vector.size, longest_transfer), static_cast<u64>(done));
    if (part < 0) return done != 0 ? done : part;
    done += part;
    if (static_cast<u64>(part) != vector.size) break;
  }
  return done;
}

i64 sys_readv(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_read()) return -EBADF;
  return each_vector(call.b, call.c, [&](u64 base, u64 size, u64) { return file->read(base, size); });
}

i64 sys_writev(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_write()) return -EBADF;
  return each_vector(call.b, call.c, [&](u64 base, u64 size, u64) { return file->write(base, size); });
}

i64 sys_pread64(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_read()) return -EBADF;
  if (static_cast<i64>(call.d) < 0) return -EINVAL;
  return file->read_at(call.d, call.b, min_of(call.c, longest_transfer));
}

i64 sys_pwrite64(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_write()) return -EBADF;
  if (static_cast<i64>(call.d) < 0) return -EINVAL;
  return file->write_at(call.d, call.b, min_of(call.c, longest_transfer));
}

i64 sys_preadv(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_read()) return -EBADF;
  if (static_cast<i64>(call.d) < 0) return -EINVAL;
  return each_vector(call.b, call.c,
                     [&](u64 base, u64 size, u64 done) { return file->read_at(call.d + done, base, size); });
}

i64 sys_pwritev(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_write()) return -EBADF;
  if (static_cast<i64>(call.d) < 0) return -EINVAL;
  return each_vector(call.b, call.c,
                     [&](u64 base, u64 size, u64 done) { return file->write_at(call.d + done, base, size); });
}

i64 sys_lseek(const Arguments& call) {
  FileArgument file(call.a);
  return file ? file->seek(static_cast<i64>(call.b), static_cast<u32>(call.c)) : -EBADF;
}

i64 sys_close(const Arguments& call) { return current_process().files->close(static_cast<u32>(call.a)); }

i64 sys_close_range(const Arguments& call) {
  constexpr u64 CLOSE_RANGE_CLOEXEC = 4;
  if (static_cast<u32>(call.a) > static_cast<u32>(call.b)) return -EINVAL;
  const u64 last = min_of<u64>(static_cast<u32>(call.b), FileTable::capacity);
  FileTable& files = *current_process().files;
  if ((call.c & CLOSE_RANGE_CLOEXEC) != 0) {
    for (u64 i = static_cast<u32>(call.a); i <= last; ++i) files.set_close_on_exec(i, true);
  } else {
    files.close_range(static_cast<u32>(call.a), last);
  }
  return 0;
}

i64 sys_dup(const Arguments& call) {
  File* file = current_process().files->get(static_cast<u32>(call.a));
  return file == nullptr ? -EBADF : current_process().files->add(file, false);
}

i64 sys_dup3(const Arguments& call) {
  if (call.a == call.b || (call.c & ~u64{O_CLOEXEC}) != 0) return -EINVAL;
  File* file = current_process().files->get(static_cast<u32>(call.a));
  return file == nullptr
             ? -EBADF
             : current_process().files->set(static_cast<u32>(call.b), file, (call.c & O_CLOEXEC) != 0);
}

i64 sys_pipe2(const Arguments& call) {
  if ((call.b & ~u64{O_CLOEXEC | O_NONBLOCK | 040000}) != 0) return -EINVAL;
  File* reader = nullptr;
  File* writer = nullptr;
  if (const i64 error = create_pipe(reader, writer); error != 0) return error;
  const u32 flags = static_cast<u32>(call.b) & O_NONBLOCK;
  const bool close_on_exec = (call.b & O_CLOEXEC) != 0;
  reader->flags = O_RDONLY | flags;
  writer->flags = O_WRONLY | flags;
  return current_process().files->add_pair(reader, writer, close_on_exec, call.a);
}

struct UserLock {  // struct flock
  std::int16_t l_type;
  std::int16_t l_whence;
  i32 pad;
  i64 l_start;
  i64 l_len;
  i32 l_pid;
  i32 pad2;
};
constexpr std::int16_t F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;

// `what`: 0 tells who is in the way, 1 tries, 2 waits.
i64 record_lock(File& file, u64 what, u64 address) {
  UserLock user = {};
  if (get_user(user, address) != 0) return -EFAULT;
  Inode* inode = file.inode();
  if (inode == nullptr || user.l_type < F_RDLCK || user.l_type > F_UNLCK) return -EINVAL;
  if (what != 0 && user.l_type == F_RDLCK && !file.can_read()) return -EBADF;
  if (what != 0 && user.l_type == F_WRLCK && !file.can_write()) return -EBADF;
  const i64 base = user.l_whence == 0   ? 0
                   : user.l_whence == 1 ? file.seek(0, 1)
                                        : static_cast<i64>(inode->size);
  i64 start = 0;
  if (user.l_whence < 0 || user.l_whence > 2 || __builtin_add_overflow(base, user.l_start, &start))
    return -EINVAL;
  i64 end = user.l_len == 0 ? -1 : 0;
  if (end == 0 && __builtin_add_overflow(start, user.l_len - 1, &end)) return -EOVERFLOW;
  if (user.l_len < 0) end = start - 1, start += user.l_len;
  if (start < 0) return -EINVAL;
  LockRequest request = {current_process().files,
                         static_cast<u64>(start),
                         static_cast<u64>(end),
                         user.l_type == F_WRLCK,
                         false,
                         current_pid()};
  if (what != 0)
    return user.l_type == F_UNLCK ? unlock_file(*inode, request) : lock_file(*inode, request, what == 2);
  LockRequest other;
  if (!lock_conflict(*inode, request, other)) {
    user.l_type = F_UNLCK;
    return put_user(address, user);
  }
  const i64 length = other.end == ~u64{0} ? 0 : static_cast<i64>(other.end - other.start + 1);
  return put_user(address, UserLock{other.exclusive ? F_WRLCK : F_RDLCK, 0, 0, static_cast<i64>(other.start),
                                    length, static_cast<i32>(other.pid), 0});
}

i64 sys_flock(const Arguments& call) {
  constexpr u64 LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
  FileArgument file(call.a);
  if (!file) return -EBADF;
  const u64 kind = call.b & ~LOCK_NB;
  if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) return -EINVAL;
  if (file->inode() == nullptr) return 0;
  LockRequest request = {file.get(), 0, ~u64{0}, kind == LOCK_EX, true, current_pid()};
  if (kind == LOCK_UN) return unlock_file(*file->inode(), request);
  return lock_file(*file->inode(), request, (call.b & LOCK_NB) == 0);
}

i64 sys_fcntl(const Arguments& call) {
  constexpr u64 F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6,
                F_SETLKW = 7, F_DUPFD_CLOEXEC = 1030, F_GETPIPE_SZ = 1032;
  FileTable& files = *current_process().files;
  const u64 descriptor = static_cast<u32>(call.a);
  FileArgument file(call.a);
  if (!file) return -EBADF;
  switch (call.b) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (call.c >= FileTable::capacity) return -EINVAL;
      file->add_reference();
      return files.add(file.get(), call.b == F_DUPFD_CLOEXEC, call.c);
    case F_GETFD: return files.close_on_exec_flag(descriptor);
    case F_SETFD: return files.set_close_on_exec(descriptor, (call.c & 1) != 0);
    case F_GETFL: return file->flags;
    case F_SETFL:
      file->flags =
          (file->flags & ~(O_APPEND | O_NONBLOCK)) | (static_cast<u32>(call.c) & (O_APPEND | O_NONBLOCK));
      return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW: return record_lock(*file.get(), call.b - F_GETLK, call.c);
    case F_GETPIPE_SZ: return Pipe::capacity;
    default: return -EINVAL;
  }
}

i64 sys_ioctl(const Arguments& call) {
  constexpr u64 FIONBIO = 0x5421, FIOCLEX = 0x5451, FIONCLEX = 0x5450;
  FileArgument file(call.a);
  if (!file) return -EBADF;
  if (call.b == FIOCLEX || call.b == FIONCLEX)
    return current_process().files->set_close_on_exec(static_cast<u32>(call.a), call.b == FIOCLEX);
  if (call.b == FIONBIO) {
    i32 on = 0;
    if (get_user(on, call.c) != 0) return -EFAULT;
    file->flags = on != 0 ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK;
    return 0;
  }
  return file->control(static_cast<u32>(call.b), call.c);
}

i64 sys_fstat(const Arguments& call) {
  FileArgument file(call.a);
  if (!file) return -EBADF;
  Stat stat;
  if (const i64 error = file->status(stat); error != 0) return error;
  return put_user(call.b, stat);
}

i64 sys_getdents64(const Arguments& call) {
  FileArgument file(call.a);
  return file ? file->list(call.b, min_of(call.c, longest_transfer)) : -EBADF;
}

i64 sys_ftruncate(const Arguments& call) {
  FileArgument file(call.a);
  if (!file) return -EBADF;
  if (!file->can_write() || static_cast<i64>(call.b) < 0) return -EINVAL;
  return file->resize(call.b);
}

i64 sys_fallocate(const Arguments& call) {
  FileArgument file(call.a);
  if (!file || !file->can_write()) return -EBADF;
  return -EOPNOTSUPP;
}

// For a descriptor that is there, nothing to be done: fsync, fdatasync, fadvise64, syncfs.
i64 sys_accept(const Arguments& call) { return FileArgument(call.a) ? 0 : -EBADF; }
i64 sys_sync(const Arguments&) { return 0; }

constexpr SystemCallRow rows[] = {
    {23, sys_dup},          {24, sys_dup3},      {25, sys_fcntl},  {29, sys_ioctl},   {32, sys_flock},
    {46, sys_ftruncate},    {47, sys_fallocate}, {57, sys_close},  {59, sys_pipe2},   {61, sys_getdents64},
    {62, sys_lseek},        {63, sys_read},      {64, sys_write},  {65, sys_readv},   {66, sys_writev},
    {67, sys_pread64},      {68, sys_pwrite64},  {69, sys_preadv}, {70, sys_pwritev}, {80, sys_fstat},
    {81, sys_sync},         {82, sys_accept},    {83, sys_accept}, {223, sys_accept}, {267, sys_accept},
    {436, sys_close_range},
};

}  // namespace

SystemCallRows descriptor_calls() { return {rows, sizeof rows / sizeof rows[0]}; }

}  // namespace guestos

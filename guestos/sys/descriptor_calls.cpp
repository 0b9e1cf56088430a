// System calls on open files.
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

FileTable& files() { return *current_process().files; }
bool is_negative(u64 offset) { return static_cast<i64>(offset) < 0; }

// Each part in turn until one is short. `transfer(base, size, done)` does one part.
template <typename Transfer>
i64 each_vector(const Arguments& call, Transfer transfer) {
  if (call.c > most_vectors) return -EINVAL;
  i64 done = 0;
  for (u64 i = 0; i < call.c; ++i) {
    UserVector vector = {};
    i64 part = get_user(vector, call.b + i * sizeof vector);
    if (part == 0 && is_negative(vector.size)) part = -EINVAL;
    if (part == 0 && vector.size != 0)
      part = transfer(vector.base, min_of(vector.size, longest_transfer), static_cast<u64>(done));
    if (part < 0) return done != 0 ? done : part;
    done += part;
    if (static_cast<u64>(part) != vector.size) break;
  }
  return done;
}

// Reading, writing and listing: from where the file stands, or at a place; one buffer, or a vector of them.
using Move = i64 (File::*)(u64, u64);
using MoveAt = i64 (File::*)(u64, u64, u64);
template <Move move>
i64 once(File& file, const Arguments& call) {
  const u64 size = min_of(call.c, longest_transfer);
  return is_user_range(call.b, size) ? (file.*move)(call.b, size) : -EFAULT;
}
template <MoveAt move>
i64 once_at(File& file, const Arguments& call) {
  const u64 size = min_of(call.c, longest_transfer);
  if (is_negative(call.d) || !is_user_range(call.b, size)) return is_negative(call.d) ? -EINVAL : -EFAULT;
  return (file.*move)(call.d, call.b, size);
}
template <Move move>
i64 vector(File& file, const Arguments& call) {
  return each_vector(call, [&](u64 base, u64 size, u64) { return (file.*move)(base, size); });
}
template <MoveAt move>
i64 vector_at(File& file, const Arguments& call) {
  auto part = [&](u64 base, u64 size, u64 done) { return (file.*move)(call.d + done, base, size); };
  return is_negative(call.d) ? -EINVAL : each_vector(call, part);
}

i64 lseek(File& file, const Arguments& call) {
  return file.seek(static_cast<i64>(call.b), static_cast<u32>(call.c));
}

i64 sys_close(const Arguments& call) { return files().close(static_cast<u32>(call.a)); }

i64 sys_close_range(const Arguments& call) {
  constexpr u64 CLOSE_RANGE_CLOEXEC = 4;
  const u32 first = static_cast<u32>(call.a);
  if (first > static_cast<u32>(call.b)) return -EINVAL;
  const u64 last = min_of<u64>(static_cast<u32>(call.b), FileTable::capacity);
  if ((call.c & CLOSE_RANGE_CLOEXEC) == 0) files().close_range(first, last);
  for (u64 i = first; i <= last; ++i) files().set_close_on_exec(i, true);
  return 0;
}

i64 dup(File& file, const Arguments&) {
  file.add_reference();
  return files().add(&file, false);
}

i64 sys_dup3(const Arguments& call) {
  if (call.a == call.b || (call.c & ~u64{O_CLOEXEC}) != 0) return -EINVAL;
  File* file = files().get(static_cast<u32>(call.a));
  return file == nullptr ? -EBADF : files().set(static_cast<u32>(call.b), file, (call.c & O_CLOEXEC) != 0);
}

i64 sys_pipe2(const Arguments& call) {
  if ((call.b & ~u64{O_CLOEXEC | O_NONBLOCK | O_DIRECT}) != 0) return -EINVAL;
  File* reader = nullptr;
  File* writer = nullptr;
  if (const i64 error = create_pipe(reader, writer); error != 0) return error;
  reader->flags = O_RDONLY | (static_cast<u32>(call.b) & O_NONBLOCK);
  writer->flags = O_WRONLY | (static_cast<u32>(call.b) & O_NONBLOCK);
  return files().add_pair(reader, writer, (call.b & O_CLOEXEC) != 0, call.a);
}

struct UserLock {  // struct flock
  std::int16_t l_type, l_whence;
  i32 pad;
  i64 l_start, l_len;
  i32 l_pid, pad2;
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
  LockRequest request = {current_process().files, static_cast<u64>(start), static_cast<u64>(end)};
  request.exclusive = user.l_type == F_WRLCK;
  request.pid = current_pid();
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

i64 flock(File& file, const Arguments& call) {
  constexpr u64 LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
  const u64 kind = call.b & ~LOCK_NB;
  if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) return -EINVAL;
  if (file.inode() == nullptr) return 0;
  LockRequest request = {&file, 0, ~u64{0}, kind == LOCK_EX, true, current_pid()};
  if (kind == LOCK_UN) return unlock_file(*file.inode(), request);
  return lock_file(*file.inode(), request, (call.b & LOCK_NB) == 0);
}

i64 fcntl(File& file, const Arguments& call) {
  constexpr u64 F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6,
                F_SETLKW = 7, F_DUPFD_CLOEXEC = 1030, F_GETPIPE_SZ = 1032;
  const u64 descriptor = static_cast<u32>(call.a);
  switch (call.b) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (call.c >= files().limit()) return -EINVAL;
      file.add_reference();
      return files().add(&file, call.b == F_DUPFD_CLOEXEC, call.c);
    case F_GETFD: return files().close_on_exec_flag(descriptor);
    case F_SETFD: return files().set_close_on_exec(descriptor, (call.c & 1) != 0);
    case F_GETFL: return file.flags;
    case F_SETFL:
      file.flags =
          (file.flags & ~(O_APPEND | O_NONBLOCK)) | (static_cast<u32>(call.c) & (O_APPEND | O_NONBLOCK));
      return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW: return record_lock(file, call.b - F_GETLK, call.c);
    case F_GETPIPE_SZ: return pipe_capacity;
    default: return -EINVAL;
  }
}

i64 ioctl(File& file, const Arguments& call) {
  constexpr u64 FIONBIO = 0x5421, FIOCLEX = 0x5451, FIONCLEX = 0x5450;
  if (call.b == FIOCLEX || call.b == FIONCLEX)
    return files().set_close_on_exec(static_cast<u32>(call.a), call.b == FIOCLEX);
  if (call.b != FIONBIO) return file.control(static_cast<u32>(call.b), call.c);
  i32 on = 0;
  if (get_user(on, call.c) != 0) return -EFAULT;
  file.flags = on != 0 ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK;
  return 0;
}

i64 fstat(File& file, const Arguments& call) {
  Stat stat;
  const i64 error = file.status(stat);
  return error != 0 ? error : put_user(call.b, stat);
}

i64 ftruncate(File& file, const Arguments& call) {
  return !file.can_write() || is_negative(call.b) ? -EINVAL : file.resize(call.b);
}

i64 fallocate(File&, const Arguments&) { return -EOPNOTSUPP; }
// Nothing to be done, for what could want it.
i64 fsync(File& file, const Arguments&) { return file.inode() == nullptr ? -EINVAL : 0; }
i64 fadvise(File& file, const Arguments& call) {
  return file.inode() == nullptr ? -ESPIPE : call.d > 5 ? -EINVAL : 0;
}
i64 syncfs(File&, const Arguments&) { return 0; }
i64 sys_sync(const Arguments&) { return 0; }

// clang-format off
constexpr SystemCallRow rows[] = {
    {23, on_file<dup>},           {24, sys_dup3},            {25, on_file<fcntl>},
    {29, on_file<ioctl>},         {32, on_file<flock>},      {46, on_file<ftruncate>},
    {47, on_writable<fallocate>}, {57, sys_close},           {59, sys_pipe2},
    {61, on_file<once<&File::list>>},      {62, on_file<lseek>},      {436, sys_close_range},
    {63, on_readable<once<&File::read>>},            {64, on_writable<once<&File::write>>},
    {65, on_readable<vector<&File::read>>},          {66, on_writable<vector<&File::write>>},
    {67, on_readable<once_at<&File::read_at>>},      {68, on_writable<once_at<&File::write_at>>},
    {69, on_readable<vector_at<&File::read_at>>},    {70, on_writable<vector_at<&File::write_at>>},
    {80, on_file<fstat>},         {81, sys_sync},            {82, on_file<fsync>, 83},
    {223, on_file<fadvise>},      {267, on_file<syncfs>},
};
// clang-format on

}  // namespace

constinit const SystemCallRows descriptor_calls = rows;

}  // namespace guestos

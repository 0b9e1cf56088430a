// System calls on sockets.
#include "guestos/arch/hart.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/net/socket.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/path_argument.hpp"
#include "guestos/sys/system_call.hpp"

namespace guestos {

namespace {

constexpr u32 SOCK_NONBLOCK = O_NONBLOCK, SOCK_CLOEXEC = O_CLOEXEC, type_mask = 0xf;
constexpr u64 SOL_IP = 0, SOL_SOCKET = 1, SOL_TCP = 6;
constexpr u64 longest_transfer = 0x7ffff000, most_vectors = 1024;

// The socket of a descriptor; `error` says why there is none.
class SocketArgument {
 public:
  explicit SocketArgument(u64 descriptor) : file_(descriptor) {
    if (!file_) {
      error_ = -EBADF;
    } else if (file_->socket() == nullptr) {
      error_ = -ENOTSOCK;
    }
  }
  explicit operator bool() const { return error_ == 0; }
  i64 error() const { return error_; }
  Socket* operator->() const { return file_->socket(); }

 private:
  FileArgument file_;
  i64 error_ = 0;
};

i64 make_socket(u64 family, u64 type_and_flags, u64 protocol, Socket*& made) {
  const u32 type = static_cast<u32>(type_and_flags) & type_mask;
  if ((type_and_flags & ~u64{type_mask | SOCK_NONBLOCK | SOCK_CLOEXEC}) != 0) return -EINVAL;
  if (family != AF_UNIX && family != AF_INET) return -EAFNOSUPPORT;
  if (family == AF_UNIX && protocol > 1) return -EPROTONOSUPPORT;
  if (family == AF_INET && protocol != 0 && protocol != SOL_TCP) return -EPROTONOSUPPORT;
  const bool known =
      type == SOCK_STREAM || (family == AF_UNIX && (type == SOCK_DGRAM || type == SOCK_SEQPACKET));
  if (!known) return -ESOCKTNOSUPPORT;
  made = create<Socket>(static_cast<u16>(family), type);
  if (made == nullptr) return -ENOMEM;
  made->flags = O_RDWR | (static_cast<u32>(type_and_flags) & SOCK_NONBLOCK);
  return 0;
}

i64 sys_socket(const Arguments& call) {
  Socket* socket = nullptr;
  if (const i64 error = make_socket(call.a, call.b, call.c, socket); error != 0) return error;
  return current_process().files->add(socket, (call.b & SOCK_CLOEXEC) != 0);
}

i64 sys_socketpair(const Arguments& call) {
  Socket* ends[2] = {};
  if (call.a == AF_INET) return -EOPNOTSUPP;
  for (Socket*& end : ends)
    if (const i64 error = make_socket(call.a, call.b, call.c, end); error != 0) {
      if (ends[0] != nullptr) ends[0]->drop_reference();
      return error;
    }
  Socket::pair(*ends[0], *ends[1]);
  return current_process().files->add_pair(ends[0], ends[1], (call.b & SOCK_CLOEXEC) != 0, call.d);
}

// --- names

// A name as the program gives it, and, for one in the tree, what is there.
class NameArgument {
 public:
  ~NameArgument() {
    if (node_ != nullptr) release_inode(node_);
  }

  i64 read(u64 address, u64 size, u16 family) {
    constexpr u64 largest = 110;  // sizeof(struct sockaddr_un)
    if (size < 2 || size > largest) return -EINVAL;
    name_.size = static_cast<u32>(size);
    if (copy_from_user(name_.bytes, address, size) != 0) return -EFAULT;
    if (name_.family() != family) return name_.family() == 0 && family == AF_INET ? 0 : -EAFNOSUPPORT;
    if (family == AF_UNIX) return 0;
    if (size < 16) return -EINVAL;
    name_.size = 16;
    const bool any = (name_.bytes[4] | name_.bytes[5] | name_.bytes[6] | name_.bytes[7]) == 0;
    return any || name_.bytes[4] == 127 ? 0 : -EADDRNOTAVAIL;
  }

  // The path of a name that is one.
  bool is_path() const { return name_.family() == AF_UNIX && name_.size > 2 && name_.bytes[2] != 0; }
  i64 path(char (&text)[109]) const {
    copy_text(text, reinterpret_cast<const char*>(name_.bytes + 2), min_of<u64>(name_.size - 2, 108) + 1);
    return 0;
  }

  // For those who connect or send: the socket's place in the tree must exist.
  i64 find() {
    if (!is_path()) return 0;
    char text[109];
    path(text);
    i64 error = 0;
    Inode* start = current_directory();
    node_ = lookup({start, text, true}, error);
    release_inode(start);
    if (node_ != nullptr && (node_->mode & S_IFMT) != S_IFSOCK) error = -ECONNREFUSED;
    return error;
  }

  // For bind: makes the place in the tree.
  i64 make() {
    if (!is_path()) return 0;
    char text[109];
    path(text);
    i64 error = 0;
    Inode* start = current_directory();
    node_ =
        create_at({start, text, false}, S_IFSOCK | (0777 & ~current_process().umask), nullptr, true, error);
    release_inode(start);
    return error == -EEXIST ? -EADDRINUSE : error;
  }

  const SocketName& name() const { return name_; }
  Inode* node() const { return node_; }
  Inode* take_node() {
    Inode* node = node_;
    node_ = nullptr;
    return node;
  }

 private:
  SocketName name_;
  Inode* node_ = nullptr;
};

// As much of the name as fits, and its whole length.
i64 put_name(const SocketName& name, u64 address, u64 size_address) {
  if (address == 0) return 0;
  i32 room = 0;
  if (get_user(room, size_address) != 0) return -EFAULT;
  if (room < 0) return -EINVAL;
  if (copy_to_user(address, name.bytes, min_of(static_cast<u64>(room), u64{name.size})) != 0) return -EFAULT;
  return put_user(size_address, name.size);
}

// A socket without a name has a family all the same.
SocketName or_unnamed(SocketName name, u16 family) {
  if (name.size != 0) return name;
  name.bytes[0] = static_cast<u8>(family);
  name.size = family == AF_INET ? 16 : 2;
  return name;
}

i64 sys_bind(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  NameArgument name;
  if (const i64 error = name.read(call.b, call.c, socket->family()); error != 0) return error;
  if (socket->own_name().size != 0 || name.name().size == 2) return -EINVAL;
  if (const i64 error = name.make(); error != 0) return error;
  return socket->bind(name.name(), name.take_node());
}

i64 sys_listen(const Arguments& call) {
  SocketArgument socket(call.a);
  return socket ? socket->listen(static_cast<u32>(call.b)) : socket.error();
}

i64 sys_connect(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  u16 family = 0;
  if (call.c >= 2 && get_user(family, call.b) == 0 && family == 0 && socket->type() == SOCK_DGRAM)
    return socket->connect({}, nullptr);  // AF_UNSPEC: not connected any more
  NameArgument name;
  if (const i64 error = name.read(call.b, call.c, socket->family()); error != 0) return error;
  if (const i64 error = name.find(); error != 0) return error;
  return socket->connect(name.name(), name.node());
}

i64 accept(u64 descriptor, u64 address, u64 size_address, u64 flags) {
  if ((flags & ~u64{SOCK_NONBLOCK | SOCK_CLOEXEC}) != 0) return -EINVAL;
  SocketArgument socket(descriptor);
  if (!socket) return socket.error();
  i64 error = 0;
  Socket* end = socket->accept(error);
  if (end == nullptr) return error;
  end->flags = O_RDWR | (static_cast<u32>(flags) & SOCK_NONBLOCK);
  SocketName peer;
  end->peer_name(peer);
  error = put_name(or_unnamed(peer, end->family()), address, size_address);
  if (error == 0) return current_process().files->add(end, (flags & SOCK_CLOEXEC) != 0);
  end->drop_reference();
  return error;
}

i64 sys_accept(const Arguments& call) { return accept(call.a, call.b, call.c, 0); }
i64 sys_accept4(const Arguments& call) { return accept(call.a, call.b, call.c, call.d); }

i64 sys_getsockname(const Arguments& call) {
  SocketArgument socket(call.a);
  return socket ? put_name(or_unnamed(socket->own_name(), socket->family()), call.b, call.c) : socket.error();
}

i64 sys_getpeername(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  SocketName name;
  if (!socket->peer_name(name)) return -ENOTCONN;
  return put_name(or_unnamed(name, socket->family()), call.b, call.c);
}

i64 sys_shutdown(const Arguments& call) {
  SocketArgument socket(call.a);
  return socket ? socket->shutdown(call.b) : socket.error();
}

// --- options

constexpr u64 SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PEERCRED = 17, SO_RCVTIMEO = 20,
              SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39;

i64 sys_setsockopt(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  const bool known =
      call.b == SOL_SOCKET || (socket->family() == AF_INET && (call.b == SOL_TCP || call.b == SOL_IP));
  if (!known) return socket->family() == AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
  if (static_cast<i32>(call.e) < 4) return -EINVAL;
  if (call.b != SOL_SOCKET || (call.c != SO_RCVTIMEO && call.c != SO_SNDTIMEO)) {
    i32 value = 0;  // buffer sizes, keep-alive, delays: nothing here depends on them
    return get_user(value, call.d);
  }
  i64 time[2] = {};
  if (call.e < sizeof time) return -EINVAL;
  if (get_user(time, call.d) != 0) return -EFAULT;
  if (static_cast<u64>(time[1]) >= 1'000'000) return -33;  // EDOM
  const u64 seconds = min_of<u64>(static_cast<u64>(max_of<i64>(time[0], 0)), u64{1} << 32);
  const u64 ticks = nanoseconds_to_ticks(seconds * 1'000'000'000 + static_cast<u64>(time[1]) * 1000);
  (call.c == SO_RCVTIMEO ? socket->receive_timeout : socket->send_timeout) = ticks;
  return 0;
}

i64 sys_getsockopt(const Arguments& call) {
  SocketArgument socket(call.a);
  i32 room = 0;
  if (!socket) return socket.error();
  if (get_user(room, call.e) != 0) return -EFAULT;
  if (room < 0) return -EINVAL;
  u32 value[4] = {};
  u64 size = 4;
  if (call.b == SOL_SOCKET) {
    switch (call.c) {
      case SO_TYPE: value[0] = socket->type(); break;
      case SO_SNDBUF:
      case SO_RCVBUF: value[0] = 212992; break;
      case SO_ACCEPTCONN: value[0] = socket->is_listening() ? 1 : 0; break;
      case SO_DOMAIN: value[0] = socket->family(); break;
      case SO_PROTOCOL: value[0] = socket->family() == AF_INET ? SOL_TCP : 0; break;
      case SO_PEERCRED:
        value[0] = socket->peer_pid();
        size = 12;
        break;
      case SO_RCVTIMEO:
      case SO_SNDTIMEO: {
        const u64 ticks = call.c == SO_RCVTIMEO ? socket->receive_timeout : socket->send_timeout;
        const u64 time[2] = {ticks_to_nanoseconds(ticks) / 1'000'000'000,
                             ticks_to_nanoseconds(ticks) % 1'000'000'000 / 1000};
        memcpy(value, time, sizeof time);
        size = sizeof time;
        break;
      }
      default: break;  // SO_ERROR: a connection is made or refused at once
    }
  } else if (socket->family() != AF_INET || (call.b != SOL_TCP && call.b != SOL_IP)) {
    return -EOPNOTSUPP;
  }
  size = min_of<u64>(size, static_cast<u64>(room));
  if (copy_to_user(call.d, value, size) != 0) return -EFAULT;
  return put_user(call.e, static_cast<u32>(size));
}

// --- messages

struct UserMessage {  // struct msghdr
  u64 name;
  u32 name_size;
  u32 pad;
  u64 vectors;
  u64 vector_count;
  u64 control;
  u64 control_size;
  u32 flags;
  u32 pad2;
};

struct ControlHeader {  // struct cmsghdr
  u64 size;
  u32 level;
  u32 type;
};
constexpr u32 SCM_RIGHTS = 1;

i64 send_to(Socket& socket, VectorCursor& cursor, u64 address, u64 size, Socket::Sending& what) {
  if (address == 0) return socket.send(cursor, what);
  NameArgument name;
  if (const i64 error = name.read(address, size, socket.family()); error != 0) return error;
  if (const i64 error = name.find(); error != 0) return error;
  what.to = &name.name();
  what.node = name.node();
  return socket.send(cursor, what);
}

i64 sys_sendto(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  const UserVector vector = {call.b, min_of(call.c, longest_transfer)};
  if (!is_user_range(vector.base, vector.size)) return -EFAULT;
  VectorCursor cursor(&vector, 1);
  Socket::Sending what;
  what.flags = static_cast<u32>(call.d);
  return send_to(*socket.operator->(), cursor, call.e, call.f, what);
}

i64 sys_recvfrom(const Arguments& call) {
  SocketArgument socket(call.a);
  if (!socket) return socket.error();
  const UserVector vector = {call.b, min_of(call.c, longest_transfer)};
  if (!is_user_range(vector.base, vector.size)) return -EFAULT;
  VectorCursor cursor(&vector, 1);
  Socket::Receiving what;
  what.flags = static_cast<u32>(call.d);
  const i64 done = socket->receive(cursor, what);
  for (u32 i = 0; i < what.file_count; ++i) what.files[i]->drop_reference();
  if (done < 0 || call.e == 0) return done;
  const i64 error = put_name(what.from, call.e, call.f);
  return error != 0 ? error : done;
}

// The vectors of a msghdr, copied in and checked.
i64 read_vectors(const UserMessage& message, UserVector* vectors) {
  u64 total = 0;
  if (copy_from_user(vectors, message.vectors, message.vector_count * sizeof(UserVector)) != 0)
    return -EFAULT;
  for (u64 i = 0; i < message.vector_count; ++i) {
    if (static_cast<i64>(vectors[i].size) < 0) return -EINVAL;
    vectors[i].size = min_of(vectors[i].size, longest_transfer - total);
    if (!is_user_range(vectors[i].base, vectors[i].size)) return -EFAULT;
    total += vectors[i].size;
  }
  return 0;
}

// The files of SCM_RIGHTS, a reference each. Sockets do not travel: nobody would collect a ring of sockets that wait
// in each other.
i64 read_rights(const UserMessage& message, Socket::Sending& what) {
  for (u64 at = 0; at + sizeof(ControlHeader) <= message.control_size;) {
    ControlHeader header = {};
    if (get_user(header, message.control + at) != 0) return -EFAULT;
    if (header.size < sizeof header || header.size > message.control_size - at) return -EINVAL;
    if (header.level == SOL_SOCKET && header.type != SCM_RIGHTS && header.type != 2) return -EINVAL;
    const u64 count =
        header.level == SOL_SOCKET && header.type == SCM_RIGHTS ? (header.size - sizeof header) / 4 : 0;
    for (u64 i = 0; i < count; ++i) {
      i32 descriptor = -1;
      if (get_user(descriptor, message.control + at + sizeof header + 4 * i) != 0) return -EFAULT;
      if (what.file_count == Message::most_files) return -EINVAL;
      File* file = current_process().files->get(static_cast<u32>(descriptor));
      if (file == nullptr) return -EBADF;
      what.files[what.file_count++] = file;
      if (file->socket() != nullptr || file->epoll() != nullptr) return -ETOOMANYREFS;
    }
    at += align_up(header.size, 8);
  }
  return 0;
}

i64 sys_sendmsg(const Arguments& call) {
  SocketArgument socket(call.a);
  UserMessage message = {};
  if (!socket) return socket.error();
  if (get_user(message, call.b) != 0) return -EFAULT;
  if (message.vector_count > most_vectors) return -EMSGSIZE;
  HeapBuffer<UserVector> vectors(message.vector_count + 1);
  if (!vectors) return -ENOMEM;
  if (const i64 error = read_vectors(message, vectors.get()); error != 0) return error;
  File* files[Message::most_files] = {};
  Socket::Sending what;
  what.flags = static_cast<u32>(call.c);
  what.files = files;
  i64 result = message.control != 0 ? read_rights(message, what) : 0;
  VectorCursor cursor(vectors.get(), message.vector_count);
  if (result == 0) result = send_to(*socket.operator->(), cursor, message.name, message.name_size, what);
  for (u32 i = 0; i < what.file_count; ++i) what.files[i]->drop_reference();  // nobody took them
  return result;
}

// Installs what came along and says so in the control buffer; what does not fit is dropped. The bytes used.
u64 put_rights(const UserMessage& message, Socket::Receiving& what, bool close_on_exec) {
  const u64 room =
      message.control_size > sizeof(ControlHeader) ? (message.control_size - sizeof(ControlHeader)) / 4 : 0;
  u64 put = 0;
  for (u32 i = 0; i < what.file_count; ++i) {
    if (put == i && i < room) {
      const i64 number = current_process().files->add(what.files[i], close_on_exec);
      if (number >= 0 &&
          put_user(message.control + sizeof(ControlHeader) + 4 * put, static_cast<i32>(number)) == 0)
        ++put;
    } else {
      what.files[i]->drop_reference();
    }
  }
  if (put != what.file_count) what.result_flags |= MSG_CTRUNC;
  if (put == 0) return 0;
  const ControlHeader header = {sizeof(ControlHeader) + 4 * put, static_cast<u32>(SOL_SOCKET), SCM_RIGHTS};
  put_user(message.control, header);
  return min_of(align_up(header.size, 8), message.control_size);
}

i64 sys_recvmsg(const Arguments& call) {
  constexpr u64 MSG_CMSG_CLOEXEC = 0x40000000;
  SocketArgument socket(call.a);
  UserMessage message = {};
  if (!socket) return socket.error();
  if (get_user(message, call.b) != 0) return -EFAULT;
  if (message.vector_count > most_vectors) return -EMSGSIZE;
  HeapBuffer<UserVector> vectors(message.vector_count + 1);
  if (!vectors) return -ENOMEM;
  if (const i64 error = read_vectors(message, vectors.get()); error != 0) return error;
  VectorCursor cursor(vectors.get(), message.vector_count);
  Socket::Receiving what;
  what.flags = static_cast<u32>(call.c);
  const i64 done = socket->receive(cursor, what);
  if (done < 0) return done;
  message.control_size = message.control != 0 ? message.control_size : 0;
  message.control_size = put_rights(message, what, (call.c & MSG_CMSG_CLOEXEC) != 0);
  message.flags = what.result_flags;
  if (message.name != 0 &&
      copy_to_user(message.name, what.from.bytes, min_of(message.name_size, what.from.size)) != 0)
    return -EFAULT;
  message.name_size = what.from.size;
  return put_user(call.b, message) != 0 ? -EFAULT : done;
}

constexpr SystemCallRow rows[] = {
    {198, sys_socket},   {199, sys_socketpair}, {200, sys_bind},        {201, sys_listen},
    {202, sys_accept},   {203, sys_connect},    {204, sys_getsockname}, {205, sys_getpeername},
    {206, sys_sendto},   {207, sys_recvfrom},   {208, sys_setsockopt},  {209, sys_getsockopt},
    {210, sys_shutdown}, {211, sys_sendmsg},    {212, sys_recvmsg},     {242, sys_accept4},
};

}  // namespace

SystemCallRows socket_calls() { return {rows, sizeof rows / sizeof rows[0]}; }

}  // namespace guestos

// System calls on sockets.
#include "guestos/net/socket.hpp"
#include "guestos/sys/clock.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

constexpr u32 SOCK_NONBLOCK = O_NONBLOCK, SOCK_CLOEXEC = O_CLOEXEC, type_mask = 0xf;
constexpr u64 SOL_IP = 0, SOL_SOCKET = 1, SOL_TCP = 6;

// Calls whose first argument is a socket.
using SocketCall = i64 (*)(Socket&, const Arguments&);
template <SocketCall function>
i64 on_socket(const Arguments& call) {
  FileArgument file(call.a);
  return !file ? -EBADF : file->socket() == nullptr ? -ENOTSOCK : function(*file->socket(), call);
}

i64 make_socket(u64 family, u64 type_and_flags, u64 protocol, Socket*& made) {
  const u32 type = static_cast<u32>(type_and_flags) & type_mask;
  if ((type_and_flags & ~u64{type_mask | SOCK_NONBLOCK | SOCK_CLOEXEC}) != 0 || type > 10) return -EINVAL;
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
  i64 read(u64 address, u64 size, u16 family) {
    constexpr u64 largest = 110;  // sizeof(struct sockaddr_un)
    if (size < 2 || size > largest) return -EINVAL;
    name_.size = static_cast<u32>(size);
    if (copy_from_user(name_.bytes, address, size) != 0) return -EFAULT;
    if (family == AF_UNIX) return name_.family() == family ? 0 : -EINVAL;
    if (name_.family() != family) return name_.family() == 0 ? 0 : -EAFNOSUPPORT;
    if (size < 16) return -EINVAL;
    name_.size = 16;
    const bool any = (name_.bytes[4] | name_.bytes[5] | name_.bytes[6] | name_.bytes[7]) == 0;
    return any || name_.bytes[4] == 127 ? 0 : -EADDRNOTAVAIL;
  }

  // A path's place in the tree: for bind it is made; who connects or sends must find a socket there.
  i64 find(bool make) {
    if (name_.family() != AF_UNIX || name_.size <= 2 || name_.bytes[2] == 0) return 0;
    char text[109];
    copy_text(text, reinterpret_cast<const char*>(name_.bytes + 2), name_.size - 1);
    i64 error = 0;
    const InodeReference start = current_directory();
    const u32 mode = S_IFSOCK | (0777 & ~current_process().umask);
    node_ = make ? create_at({start.get(), text, false}, mode, nullptr, true, error)
                 : lookup({start.get(), text, true}, error);
    if (node_ && (node_->mode & S_IFMT) != S_IFSOCK) return -ECONNREFUSED;
    return make && error == -EEXIST ? -EADDRINUSE : error;
  }

  const SocketName& name() const { return name_; }
  Inode* node() const { return node_.get(); }
  InodeReference take_node() { return static_cast<InodeReference&&>(node_); }

 private:
  SocketName name_;
  InodeReference node_;
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

i64 bind(Socket& socket, const Arguments& call) {
  NameArgument name;
  if (const i64 error = name.read(call.b, call.c, socket.family()); error != 0) return error;
  if (socket.own_name().size != 0 || name.name().size == 2) return -EINVAL;
  if (const i64 error = name.find(true); error != 0) return error;
  return socket.bind(name.name(), name.take_node());
}

i64 listen(Socket& socket, const Arguments& call) { return socket.listen(static_cast<u32>(call.b)); }

i64 connect(Socket& socket, const Arguments& call) {
  u16 family = 0;
  if (call.c >= 2 && get_user(family, call.b) == 0 && family == 0 && socket.type() == SOCK_DGRAM)
    return socket.connect({}, nullptr);  // AF_UNSPEC: not connected any more
  NameArgument name;
  if (const i64 error = name.read(call.b, call.c, socket.family()); error != 0) return error;
  if (const i64 error = name.find(false); error != 0) return error;
  return socket.connect(name.name(), name.node());
}

i64 accept_with(Socket& socket, const Arguments& call, u64 flags) {
  if ((flags & ~u64{SOCK_NONBLOCK | SOCK_CLOEXEC}) != 0) return -EINVAL;
  i64 error = 0;
  Socket* end = socket.accept(error);
  if (end == nullptr) return error;
  end->flags = O_RDWR | (static_cast<u32>(flags) & SOCK_NONBLOCK);
  SocketName peer;
  end->peer_name(peer);
  error = put_name(or_unnamed(peer, end->family()), call.b, call.c);
  if (error == 0) return current_process().files->add(end, (flags & SOCK_CLOEXEC) != 0);
  end->drop_reference();
  return error;
}

i64 accept(Socket& socket, const Arguments& call) { return accept_with(socket, call, 0); }
i64 accept4(Socket& socket, const Arguments& call) { return accept_with(socket, call, call.d); }

i64 getsockname(Socket& socket, const Arguments& call) {
  return put_name(or_unnamed(socket.own_name(), socket.family()), call.b, call.c);
}

i64 getpeername(Socket& socket, const Arguments& call) {
  SocketName name;
  if (!socket.peer_name(name)) return -ENOTCONN;
  return put_name(or_unnamed(name, socket.family()), call.b, call.c);
}

i64 shutdown(Socket& socket, const Arguments& call) { return socket.shutdown(call.b); }

// --- options

constexpr u64 SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PEERCRED = 17, SO_RCVTIMEO = 20,
              SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39;

constexpr u64 most_options = 83;  // the last one that Linux knows

constexpr u64 told_only = u64{1} << SO_TYPE | u64{1} << SO_ERROR | u64{1} << SO_ACCEPTCONN |
                          u64{1} << SO_PROTOCOL | u64{1} << SO_DOMAIN;

// AF_INET has more levels, of which nothing here depends on any option.
i64 check_option(const Socket& socket, u64 level, u64 option, i64 otherwise) {
  if (level == SOL_SOCKET && option > most_options) return -ENOPROTOOPT;
  const bool known =
      level == SOL_SOCKET || (socket.family() == AF_INET && (level == SOL_TCP || level == SOL_IP));
  return known ? 0 : socket.family() == AF_UNIX ? -EOPNOTSUPP : otherwise;
}

i64 setsockopt(Socket& socket, const Arguments& call) {
  if (const i64 error = check_option(socket, call.b, call.c, -ENOPROTOOPT); error != 0) return error;
  if (call.b == SOL_SOCKET && call.c < 64 && (told_only >> call.c & 1) != 0) return -ENOPROTOOPT;
  if (static_cast<i32>(call.e) < 4) return -EINVAL;
  if (call.b != SOL_SOCKET || (call.c != SO_RCVTIMEO && call.c != SO_SNDTIMEO)) {
    i32 value = 0;  // buffer sizes, keep-alive, delays: nothing here depends on them
    return get_user(value, call.d);
  }
  Timespec time = {};
  if (call.e < sizeof time) return -EINVAL;
  if (get_user(time, call.d) != 0) return -EFAULT;
  u64 nanoseconds = 0;
  time.seconds = max_of<i64>(time.seconds, 0);
  if (!read_time(time, 1000, nanoseconds)) return -EDOM;
  (call.c == SO_RCVTIMEO ? socket.receive_timeout : socket.send_timeout) = nanoseconds_to_ticks(nanoseconds);
  return 0;
}

i64 getsockopt(Socket& socket, const Arguments& call) {
  i32 room = 0;
  if (get_user(room, call.e) != 0) return -EFAULT;
  if (room < 0) return -EINVAL;
  if (const i64 error = check_option(socket, call.b, call.c, -EOPNOTSUPP); error != 0) return error;
  u32 value[4] = {};
  u64 size = 4;
  switch (call.b == SOL_SOCKET ? call.c : SO_ERROR) {
    case SO_TYPE: value[0] = socket.type(); break;
    case SO_SNDBUF:
    case SO_RCVBUF: value[0] = 212992; break;
    case SO_ACCEPTCONN: value[0] = socket.is_listening() ? 1 : 0; break;
    case SO_DOMAIN: value[0] = socket.family(); break;
    case SO_PROTOCOL: value[0] = socket.family() == AF_INET ? SOL_TCP : 0; break;
    case SO_PEERCRED:
      value[0] = socket.peer_pid();
      size = 12;
      break;
    case SO_RCVTIMEO:
    case SO_SNDTIMEO: {
      const u64 ticks = call.c == SO_RCVTIMEO ? socket.receive_timeout : socket.send_timeout;
      const Timespec time = timeval_of(static_cast<i64>(ticks_to_nanoseconds(ticks)));
      memcpy(value, &time, sizeof time);
      size = sizeof time;
      break;
    }
    default: break;  // SO_ERROR: a connection is made or refused at once
  }
  size = min_of<u64>(size, static_cast<u64>(room));
  if (copy_to_user(call.d, value, size) != 0) return -EFAULT;
  return put_user(call.e, static_cast<u32>(size));
}

// --- messages

struct UserMessage {  // struct msghdr
  u64 name;
  u32 name_size, pad;
  u64 vectors, vector_count, control, control_size;
  u32 flags, pad2;
};

struct ControlHeader {  // struct cmsghdr
  u64 size;
  u32 level, type;
};
constexpr u32 SCM_RIGHTS = 1;

i64 send_to(Socket& socket, VectorCursor& cursor, u64 address, u64 size, Socket::Sending& what) {
  if (address == 0) return socket.send(cursor, what);
  NameArgument name;
  if (const i64 error = name.read(address, size, socket.family()); error != 0) return error;
  if (const i64 error = name.find(false); error != 0) return error;
  what.to = &name.name();
  what.node = name.node();
  return socket.send(cursor, what);
}

i64 sendto(Socket& socket, const Arguments& call) {
  const UserVector vector = {call.b, min_of(call.c, longest_transfer)};
  if (!is_user_range(vector.base, vector.size)) return -EFAULT;
  VectorCursor cursor(&vector, 1);
  Socket::Sending what;
  what.flags = static_cast<u32>(call.d);
  return send_to(socket, cursor, call.e, call.f, what);
}

i64 recvfrom(Socket& socket, const Arguments& call) {
  const UserVector vector = {call.b, min_of(call.c, longest_transfer)};
  if (!is_user_range(vector.base, vector.size)) return -EFAULT;
  VectorCursor cursor(&vector, 1);
  Socket::Receiving what;
  what.flags = static_cast<u32>(call.d);
  const i64 done = socket.receive(cursor, what);
  if (done < 0 || call.e == 0) return done;
  const i64 error = put_name(what.from, call.e, call.f);
  return error != 0 ? error : done;
}

// A msghdr, copied in with its vectors and checked.
class MessageArgument {
 public:
  i64 read(u64 address) {
    if (get_user(header, address) != 0) return -EFAULT;
    if (header.vector_count > most_vectors) return -EMSGSIZE;
    vectors_ = static_cast<UserVector*>(heap_allocate((header.vector_count + 1) * sizeof(UserVector)));
    if (vectors_ == nullptr) return -ENOMEM;
    if (copy_from_user(vectors_, header.vectors, header.vector_count * sizeof(UserVector)) != 0)
      return -EFAULT;
    u64 total = 0;
    for (u64 i = 0; i < header.vector_count; ++i) {
      if (static_cast<i64>(vectors_[i].size) < 0) return -EINVAL;
      vectors_[i].size = min_of(vectors_[i].size, longest_transfer - total);
      if (!is_user_range(vectors_[i].base, vectors_[i].size)) return -EFAULT;
      total += vectors_[i].size;
    }
    return 0;
  }
  ~MessageArgument() { heap_release(vectors_); }
  VectorCursor cursor() const { return {vectors_, header.vector_count}; }

  UserMessage header = {};

 private:
  UserVector* vectors_ = nullptr;
};

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

i64 sendmsg(Socket& socket, const Arguments& call) {
  MessageArgument message;
  if (const i64 error = message.read(call.b); error != 0) return error;
  const UserMessage& header = message.header;
  File* files[Message::most_files] = {};
  Socket::Sending what;
  what.flags = static_cast<u32>(call.c);
  what.files = files;
  i64 result = header.control != 0 ? read_rights(header, what) : 0;
  VectorCursor cursor = message.cursor();
  if (result == 0) result = send_to(socket, cursor, header.name, header.name_size, what);
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
  what.file_count = 0;
  if (put == 0) return 0;
  const ControlHeader header = {sizeof(ControlHeader) + 4 * put, static_cast<u32>(SOL_SOCKET), SCM_RIGHTS};
  put_user(message.control, header);
  return min_of(align_up(header.size, 8), message.control_size);
}

i64 recvmsg(Socket& socket, const Arguments& call) {
  constexpr u64 MSG_CMSG_CLOEXEC = 0x40000000;
  MessageArgument message;
  if (const i64 error = message.read(call.b); error != 0) return error;
  UserMessage& header = message.header;
  VectorCursor cursor = message.cursor();
  Socket::Receiving what;
  what.flags = static_cast<u32>(call.c);
  const i64 done = socket.receive(cursor, what);
  if (done < 0) return done;
  header.control_size = header.control != 0 ? header.control_size : 0;
  header.control_size = put_rights(header, what, (call.c & MSG_CMSG_CLOEXEC) != 0);
  header.flags = what.result_flags;
  if (header.name != 0 &&
      copy_to_user(header.name, what.from.bytes, min_of(header.name_size, what.from.size)) != 0)
    return -EFAULT;
  header.name_size = what.from.size;
  return put_user(call.b, header) != 0 ? -EFAULT : done;
}

// clang-format off
constexpr SystemCallRow rows[] = {
    {198, sys_socket},             {199, sys_socketpair},         {200, on_socket<bind>},
    {201, on_socket<listen>},      {202, on_socket<accept>},      {203, on_socket<connect>},
    {204, on_socket<getsockname>}, {205, on_socket<getpeername>}, {206, on_socket<sendto>},
    {207, on_socket<recvfrom>},    {208, on_socket<setsockopt>},  {209, on_socket<getsockopt>},
    {210, on_socket<shutdown>},    {211, on_socket<sendmsg>},     {212, on_socket<recvmsg>},
    {242, on_socket<accept4>},
};
// clang-format on

}  // namespace

constinit const SystemCallRows socket_calls = rows;

}  // namespace guestos

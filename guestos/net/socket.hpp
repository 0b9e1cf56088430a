// Sockets between the processes of this machine: AF_UNIX (streams, datagrams, packets; names in the tree, abstract, or
// none) and AF_INET as far as 127.0.0.1 goes (streams). There is no network behind them: what one socket sends is put
// into the other's queue.
#pragma once

#include "guestos/fs/file.hpp"
#include "guestos/proc/timer.hpp"

namespace guestos {

inline constexpr u16 AF_UNIX = 1, AF_INET = 2;
inline constexpr u32 SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5;
inline constexpr u32 MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100,
                     MSG_NOSIGNAL = 0x4000;

// A struct sockaddr as the program sees it; `size` 0: no name.
struct SocketName {
  u32 size = 0;
  u8 bytes[110] = {};
  u16 family() const { return static_cast<u16>(bytes[0] | bytes[1] << 8); }
  u16 port() const { return static_cast<u16>(bytes[2] << 8 | bytes[3]); }
};

// One send: its bytes follow. A stream's reader may take it in parts.
struct Message {
  static constexpr unsigned most_files = 16;
  Links<Message> links = {};
  SocketName from;
  u64 size = 0;
  u64 taken = 0;
  File* files[most_files] = {};  // descriptors that travel with it (SCM_RIGHTS), a reference each
  u32 file_count = 0;
  u8* bytes() { return reinterpret_cast<u8*>(this + 1); }

  static Message* make(u64 size);
  void drop();
};

class Socket final : public File {
 public:
  Socket(u16 family, u32 type) : family_(family), type_(type) {}
  ~Socket() override;
  i64 read(u64 to, u64 size) override;
  i64 write(u64 from, u64 size) override;
  i64 poll() override;
  u32 mode() const override { return S_IFSOCK | 0777; }
  i64 waiting() override;
  Socket* socket() override { return this; }

  // `node`: the socket's name in the tree, or none.
  i64 bind(const SocketName& name, InodeReference node);
  i64 listen(u64 backlog);
  i64 connect(const SocketName& name, Inode* node);  // `node` stays the caller's
  Socket* accept(i64& error);
  i64 shutdown(u64 how);
  static void pair(Socket& a, Socket& b);

  struct Sending {
    u32 flags = 0;
    const SocketName* to = nullptr;
    const Inode* node = nullptr;  // of `to`
    File** files = nullptr;       // taken over where something is sent
    u32 file_count = 0;
  };
  struct Receiving {
    u32 flags = 0;
    u32 result_flags = 0;
    SocketName from;
    File* files[Message::most_files] = {};
    u32 file_count = 0;
    ~Receiving() {  // what nobody has taken
      for (u32 i = 0; i < file_count; ++i) files[i]->drop_reference();
    }
  };
  i64 send(VectorCursor& from, Sending& what);
  i64 receive(VectorCursor& to, Receiving& what);

  u16 family() const { return family_; }
  u32 type() const { return type_; }
  bool is_listening() const { return listening_; }
  SocketName own_name() const;
  bool peer_name(SocketName& name) const;  // false: not connected
  u32 peer_pid() const { return peer_pid_; }
  // In ticks; 0: for ever (SO_RCVTIMEO, SO_SNDTIMEO).
  u64 receive_timeout = 0;
  u64 send_timeout = 0;
  Links<Socket> named_links = {};

 private:
  static constexpr u64 capacity = u64{208} << 10;  // of a receive queue, as Linux's rmem_default
  static constexpr u64 largest_piece = u64{32} << 10;
  bool is_stream() const { return type_ == SOCK_STREAM; }
  bool has_connections() const { return type_ != SOCK_DGRAM; }
  bool at_end() const { return read_shut_ || (has_connections() && peer_ == nullptr) || peer_shut_; }
  static Socket* find(const SocketName& name, const Inode* node);
  i64 take_port();
  i64 find_listener(const SocketName& name, const Inode* node, Socket*& listener) const;
  void join(Socket& other);
  i64 target_of(const Sending& what, Socket*& target);
  i64 put(Message* message, const Sending& what);
  i64 take(VectorCursor& to, Receiving& what);
  i64 wait_for_message(u64 until);
  // For WaitQueue::wait_until.
  u64 deadline(u32 message_flags, u64 timeout) const {
    if ((message_flags & MSG_DONTWAIT) != 0 || patience() == 0) return 0;
    return timeout != 0 ? ticks_now() + timeout : patience();
  }

  const u16 family_;
  const u32 type_;
  Mutex receive_mutex_;  // one receiver at a time takes messages apart
  // The rest is protected by the lock of all sockets.
  SocketName name_;
  SocketName peer_name_;
  InodeReference node_;       // of name_
  InodeReference peer_node_;  // of a datagram socket's peer
  Socket* peer_ = nullptr;    // points back; neither holds the other
  u32 peer_pid_ = 0;
  bool listening_ = false;
  bool was_connected_ = false;
  bool read_shut_ = false;
  bool write_shut_ = false;
  bool peer_shut_ = false;  // the peer will send no more
  u64 backlog_ = 0;
  u64 pending_count_ = 0;
  Links<Socket> pending_links_ = {};
  List<Socket, &Socket::pending_links_> pending_;  // connected, not yet accepted: a reference each
  List<Message, &Message::links> queue_;
  u64 queued_ = 0;
  WaitQueue changed_;
};

// --- What protects the state of every socket, and where those wait who need room in another's queue: that socket may be
// gone before they wake up, so its own queue will not do.
extern SpinLock socket_lock;
extern WaitQueue socket_room;  // guard: socket_lock

}  // namespace guestos

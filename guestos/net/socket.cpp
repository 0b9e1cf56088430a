// Names and connections; what is sent over them is in message.cpp.
#include "guestos/net/socket.hpp"

#include "guestos/proc/process.hpp"

namespace guestos {

constinit SpinLock socket_lock;
constinit WaitQueue socket_room;

namespace {

constinit List<Socket, &Socket::named_links> named;  // every one that has a name, for those who look for it
constinit u16 last_port = 32767;
constexpr u64 most_pending = 4096;

bool same_name(const SocketName& a, const SocketName& b) {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_INET) return a.port() == b.port();
  return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

}  // namespace

Socket* Socket::find(const SocketName& name, const Inode* node) {
  for (Socket& socket : named)
    if (node != nullptr ? socket.node_.get() == node : !socket.node_ && same_name(socket.name_, name))
      return &socket;
  return nullptr;
}

// The next free port of those that nobody asks for by number.
i64 Socket::take_port() {
  SocketName name = {16, {AF_INET, 0, 0, 0, 127, 0, 0, 1}};
  for (unsigned tries = 0; tries < 28'000; ++tries) {
    last_port = last_port < 32768 || last_port >= 60999 ? 32768 : static_cast<u16>(last_port + 1);
    name.bytes[2] = static_cast<u8>(last_port >> 8);
    name.bytes[3] = static_cast<u8>(last_port);
    if (find(name, nullptr) != nullptr) continue;
    name_ = name;
    named.push_back(this);
    return 0;
  }
  return -EADDRINUSE;
}

i64 Socket::bind(const SocketName& name, InodeReference node) {
  SpinGuard guard(socket_lock);
  if (name_.size != 0) return -EINVAL;
  if (family_ == AF_INET && name.port() == 0) return take_port();
  if (!node && find(name, nullptr) != nullptr) return -EADDRINUSE;
  name_ = name;
  node_ = static_cast<InodeReference&&>(node);
  named.push_back(this);
  return 0;
}

i64 Socket::listen(u64 backlog) {
  if (!has_connections()) return -EOPNOTSUPP;
  SpinGuard guard(socket_lock);
  if (peer_ != nullptr || was_connected_) return -EINVAL;
  if (name_.size == 0) {
    if (family_ == AF_UNIX) return -EINVAL;
    if (const i64 error = take_port(); error != 0) return error;
  }
  listening_ = true;
  peer_pid_ = current_pid();
  backlog_ = min_of(backlog, most_pending);
  return 0;
}

// The two become each other's ends.
void Socket::join(Socket& other) {
  peer_ = &other;
  other.peer_ = this;
  was_connected_ = other.was_connected_ = true;
}

i64 Socket::find_listener(const SocketName& name, const Inode* node, Socket*& listener) const {
  i64 error = 0;
  auto has_room = [&] {
    listener = find(name, node);
    error = listening_                                                                   ? -EINVAL
            : peer_ != nullptr || was_connected_                                         ? -EISCONN
            : listener == nullptr || (listener->type_ == type_ && !listener->listening_) ? -ECONNREFUSED
            : listener->type_ != type_                                                   ? -EPROTOTYPE
                                                                                         : 0;
    return error != 0 || listener->pending_count_ <= listener->backlog_;
  };
  const i64 waited = socket_room.wait_until(socket_lock, has_room, deadline(0, send_timeout));
  return error != 0 ? error : waited;
}

i64 Socket::connect(const SocketName& name, Inode* node) {
  if (!has_connections()) {
    InodeReference old;
    SpinGuard guard(socket_lock);  // which ends before `old` does
    if (name.size != 0 && find(name, node) == nullptr) return -ECONNREFUSED;
    peer_name_ = name;
    old = static_cast<InodeReference&&>(peer_node_);
    peer_node_ = InodeReference::share(node);
    return 0;
  }
  auto* end = create<Socket>(family_, type_);
  if (end == nullptr) return -ENOMEM;
  end->flags = O_RDWR;
  socket_lock.lock();
  Socket* listener = nullptr;
  i64 error = find_listener(name, node, listener);
  if (error == 0 && name_.size == 0 && family_ == AF_INET) error = take_port();
  if (error == 0) {
    join(*end);
    end->name_ = peer_name_ = listener->name_;
    end->peer_name_ = name_;
    end->peer_pid_ = current_pid();
    peer_pid_ = listener->peer_pid_;
    listener->pending_.push_back(end);
    ++listener->pending_count_;
    listener->changed_.wake_all();
  }
  socket_lock.unlock();
  if (error != 0) end->drop_reference();
  notify_poll();
  return error;
}

void Socket::pair(Socket& a, Socket& b) {
  SpinGuard guard(socket_lock);
  a.join(b);
  a.peer_pid_ = b.peer_pid_ = current_pid();
}

Socket* Socket::accept(i64& error) {
  SpinGuard guard(socket_lock);
  error = !has_connections() ? -EOPNOTSUPP : listening_ ? 0 : -EINVAL;
  auto has_some = [&] { return !pending_.empty(); };
  if (error == 0) error = changed_.wait_until(socket_lock, has_some, deadline(0, receive_timeout));
  if (error != 0) return nullptr;
  --pending_count_;
  socket_room.wake_all();
  return pending_.pop_front();
}

i64 Socket::shutdown(u64 how) {
  if (how > 2) return -EINVAL;
  {
    SpinGuard guard(socket_lock);
    if (family_ == AF_INET && !was_connected_ && !listening_) return -ENOTCONN;
    if (how != 1) read_shut_ = true;
    if (how != 0) write_shut_ = true;
    if (how != 0 && peer_ != nullptr) {
      peer_->peer_shut_ = true;
      peer_->changed_.wake_all();
    }
    changed_.wake_all();
    socket_room.wake_all();
  }
  notify_poll();
  return 0;
}

Socket::~Socket() {
  socket_lock.lock();
  if (named.first() == this || named_links.previous != nullptr) named.remove(this);
  if (peer_ != nullptr) {
    peer_->peer_ = nullptr;
    peer_->changed_.wake_all();
  }
  socket_room.wake_all();
  socket_lock.unlock();
  // Nobody finds it any more.
  while (Message* message = queue_.pop_front()) message->drop();
  while (Socket* waiting = pending_.pop_front()) waiting->drop_reference();
  notify_poll();
}

SocketName Socket::own_name() const {
  SpinGuard guard(socket_lock);
  return name_;
}

bool Socket::peer_name(SocketName& name) const {
  SpinGuard guard(socket_lock);
  name = peer_name_;
  return peer_ != nullptr || (!has_connections() && peer_name_.size != 0);
}

i64 Socket::waiting() {
  SpinGuard guard(socket_lock);
  return static_cast<i64>(queued_);
}

i64 Socket::poll() {
  SpinGuard guard(socket_lock);
  if (listening_) return pending_.empty() ? 0 : POLLIN;
  i64 ready = !queue_.empty() ? POLLIN : 0;
  if (has_connections() && !was_connected_) return ready | POLLOUT | POLLHUP;
  if (at_end()) ready |= POLLIN | POLLRDHUP;
  if (has_connections() && (peer_ == nullptr || (peer_shut_ && write_shut_))) ready |= POLLHUP;
  if (peer_ == nullptr || peer_->queued_ < capacity / 2) ready |= POLLOUT;
  return ready;
}

}  // namespace guestos

// Sending and receiving.
#include "guestos/net/socket.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

Message* Message::make(u64 size) {
  void* place = heap_allocate(sizeof(Message) + size);
  if (place == nullptr) return nullptr;
  auto* message = new (place) Message;
  message->size = size;
  return message;
}

void Message::drop() {
  for (u32 i = 0; i < file_count; ++i) files[i]->drop_reference();
  heap_release(this);
}

// Whose queue it goes to; with the lock held.
i64 Socket::target_of(const Sending& what, Socket*& target) {
  if (write_shut_) return -EPIPE;
  if (has_connections()) {
    target = peer_;
    return peer_ == nullptr ? (was_connected_ ? -EPIPE : -ENOTCONN) : peer_->read_shut_ ? -EPIPE : 0;
  }
  if (what.to != nullptr) {
    target = find(*what.to, what.node);
  } else if (peer_ != nullptr) {
    target = peer_;
  } else if (peer_name_.size != 0) {
    target = find(peer_name_, peer_node_.get());
  } else {
    return was_connected_ ? -ECONNREFUSED : -ENOTCONN;
  }
  if (target == nullptr || target->read_shut_) return -ECONNREFUSED;
  return target->type_ == type_ ? 0 : -EPROTOTYPE;
}

// Takes the message over, even when it fails.
i64 Socket::put(Message* message, const Sending& what) {
  i64 error = 0;
  Socket* target = nullptr;
  auto has_room = [&] {
    error = target_of(what, target);
    return error != 0 || target->queued_ == 0 || target->queued_ + message->size <= capacity;
  };
  socket_lock.lock();
  const i64 waited = socket_room.wait_until(socket_lock, has_room, deadline(what.flags, send_timeout));
  if (error == 0) error = waited;
  if (error == 0) {
    if (!has_connections()) message->from = name_;
    target->queue_.push_back(message);
    target->queued_ += message->size;
    target->changed_.wake_all();
  }
  socket_lock.unlock();
  if (error != 0) message->drop();
  return error;
}

i64 Socket::send(VectorCursor& from, Sending& what) {
  const u64 size = from.left();
  if (is_stream() ? what.to != nullptr && was_connected_ : what.to != nullptr && has_connections())
    return -EISCONN;
  if (!is_stream() && size > capacity) return -EMSGSIZE;
  u64 done = 0;
  i64 error = 0;
  while (error == 0 && (done < size || (done == 0 && !is_stream()))) {
    const u64 part = is_stream() ? min_of(size - done, largest_piece) : size;
    Message* message = Message::make(part);
    error = message == nullptr ? -ENOBUFS : from.copy(message->bytes(), part, true) != part ? -EFAULT : 0;
    if (error != 0) {
      if (message != nullptr) message->drop();
      break;
    }
    memcpy(message->files, what.files, what.file_count * sizeof(File*));
    message->file_count = what.file_count;
    what.file_count = 0;
    error = put(message, what);
    if (error == 0) done += part;
    if (!is_stream()) break;
  }
  notify_poll();
  if (error == -EPIPE && done == 0 && is_stream() && (what.flags & MSG_NOSIGNAL) == 0)
    send_signal(current_thread(), SIGPIPE, {SI_USER, current_pid(), 0});
  return done != 0 ? static_cast<i64>(done) : error;
}

// 1: there is a message; 0: there will be none.
i64 Socket::wait_for_message(u64 until) {
  SpinGuard guard(socket_lock);
  i64 result = 0;
  auto is_decided = [&] {
    const bool connected = !has_connections() || was_connected_;
    result = !queue_.empty() ? 1 : connected ? 0 : family_ == AF_UNIX ? -EINVAL : -ENOTCONN;
    return result != 0 || at_end();
  };
  const i64 waited = changed_.wait_until(socket_lock, is_decided, until);
  return waited != 0 ? waited : result;
}

// Some bytes of the first message: all of it, or what there is room for. -EAGAIN: somebody else was faster, or it
// belongs to the next call.
i64 Socket::take(VectorCursor& to, Receiving& what) {
  MutexGuard mutex(receive_mutex_);  // the first message stays where it is
  socket_lock.lock();
  Message* message = queue_.first();
  socket_lock.unlock();
  if (message == nullptr || (message->file_count != 0 && what.file_count != 0)) return -EAGAIN;
  const bool peek = (what.flags & MSG_PEEK) != 0;
  const u64 waiting = message->size - message->taken;
  const u64 part = min_of(waiting, to.left());
  const u64 copied = to.copy(message->bytes() + message->taken, part, false);
  if (copied != part && copied == 0) return -EFAULT;
  what.from = message->from;
  if (!is_stream() && part < waiting) what.result_flags |= MSG_TRUNC;
  if (peek) return static_cast<i64>(copied);
  memcpy(what.files, message->files, message->file_count * sizeof(File*));
  what.file_count += message->file_count;
  message->file_count = 0;
  socket_lock.lock();
  const u64 gone = is_stream() ? copied : waiting;
  message->taken += gone;
  queued_ -= gone;
  const bool finished = message->taken == message->size;
  if (finished) queue_.remove(message);
  socket_room.wake_all();
  socket_lock.unlock();
  if (finished) message->drop();
  return static_cast<i64>(!is_stream() && (what.flags & MSG_TRUNC) != 0 ? waiting : copied);
}

i64 Socket::receive(VectorCursor& to, Receiving& what) {
  if (is_stream() && to.left() == 0) return 0;
  u64 done = 0;
  i64 result = 0;
  do {
    const bool waits = done == 0 || (what.flags & MSG_WAITALL) != 0;
    result = wait_for_message(waits ? deadline(what.flags, receive_timeout) : 0);
    if (result <= 0) break;
    result = take(to, what);
    if (result == -EAGAIN && what.file_count == 0) continue;
    if (result < 0) break;
    done += static_cast<u64>(result);
  } while (done == 0 ? result == -EAGAIN : is_stream() && to.left() != 0 && (what.flags & MSG_PEEK) == 0);
  if (done != 0 || result > 0) notify_poll();
  return done != 0 ? static_cast<i64>(done) : result;
}

i64 Socket::read(u64 to, u64 size) {
  const UserVector vector = {to, size};
  VectorCursor cursor(&vector, 1);
  Receiving what;
  return receive(cursor, what);
}

i64 Socket::write(u64 from, u64 size) {
  const UserVector vector = {from, size};
  VectorCursor cursor(&vector, 1);
  Sending what;
  return send(cursor, what);
}

}  // namespace guestos

#include "guestos/fs/pipe.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/signal.hpp"

namespace guestos {

namespace {

constexpr u64 atomic_write_limit = 4096;  // PIPE_BUF

// Linux moves a pipe's bytes page by page: what a fault cuts short within a page has not moved at all.
u64 whole_or_pages(u64 copied, u64 wanted) { return copied == wanted ? copied : page_down(copied); }

Pipe* make_pipe() {
  auto* pipe = create<Pipe>();
  if (pipe == nullptr) return nullptr;
  pipe->bytes = static_cast<u8*>(heap_allocate(Pipe::capacity));
  if (pipe->bytes != nullptr) return pipe;
  destroy(pipe);
  return nullptr;
}

// A counted end of the pipe, or nullptr.
File* make_end(Pipe* pipe, bool reads) {
  File* file = reads ? static_cast<File*>(create<PipeReader>(pipe)) : create<PipeWriter>(pipe);
  if (file == nullptr) return nullptr;
  SpinGuard guard(pipe->lock);
  ++pipe->references;
  if (pipe->readers + pipe->writers == 0) pipe->read = pipe->written;
  ++(reads ? pipe->readers : pipe->writers);
  pipe->changed.wake_all();
  return file;
}

}  // namespace

void drop_pipe(Pipe* pipe) {
  pipe->lock.lock();
  const bool last = --pipe->references == 0;
  pipe->lock.unlock();
  if (!last) return;
  heap_release(pipe->bytes);
  destroy(pipe);
}

PipeEnd::~PipeEnd() {
  pipe_->lock.lock();
  --(pipe_->*count_);
  pipe_->changed.wake_all();
  pipe_->lock.unlock();
  notify_poll();
  drop_pipe(pipe_);
}

i64 PipeReader::read(u64 to, u64 size) {
  if (size == 0) return 0;
  Pipe& pipe = *pipe_;
  pipe.lock.lock();
  while (pipe.reading || pipe.written == pipe.read) {
    i64 result = 1;
    if (!pipe.reading && pipe.writers == 0) {
      result = 0;
    } else if ((flags & O_NONBLOCK) != 0) {
      result = -EAGAIN;
    } else if (pipe.changed.sleep(pipe.lock) == Wake::signal) {
      result = -ERESTARTSYS;
    }
    if (result != 1) {
      pipe.lock.unlock();
      return result;
    }
  }
  pipe.reading = true;
  const u64 waiting = min_of(size, pipe.written - pipe.read);
  u64 at = pipe.read;
  pipe.lock.unlock();
  u64 done = 0;
  while (done < waiting) {  // at most two parts: the ring's end lies between them
    const u64 part = min_of(waiting - done, Pipe::capacity - at % Pipe::capacity);
    const u64 copied =
        whole_or_pages(copy_to_user_partly(to + done, pipe.bytes + at % Pipe::capacity, part), part);
    done += copied;
    at += copied;
    if (copied != part) break;
  }
  pipe.lock.lock();
  pipe.reading = false;
  pipe.read = at;
  pipe.changed.wake_all();
  pipe.lock.unlock();
  notify_poll();
  return done != 0 ? static_cast<i64>(done) : -EFAULT;
}

i64 PipeWriter::write(u64 from, u64 size) {
  if (size == 0) return 0;
  Pipe& pipe = *pipe_;
  u64 done = 0;
  i64 error = 0;
  pipe.lock.lock();
  while (done < size && error == 0) {
    if (pipe.readers == 0) {
      error = -EPIPE;
      break;
    }
    const u64 room = Pipe::capacity - (pipe.written - pipe.read);
    const u64 wanted = size <= atomic_write_limit ? size - done : 1;
    if (pipe.writing || room < wanted) {
      if ((flags & O_NONBLOCK) != 0) {
        error = -EAGAIN;
      } else if (pipe.changed.sleep(pipe.lock) == Wake::signal) {
        error = -ERESTARTSYS;
      }
      continue;
    }
    pipe.writing = true;
    u64 at = pipe.written;
    const u64 end = at + min_of(size - done, room);
    pipe.lock.unlock();
    while (at < end && error == 0) {  // at most two parts: the ring's end lies between them
      const u64 part = min_of(end - at, Pipe::capacity - at % Pipe::capacity);
      const u64 copied =
          whole_or_pages(copy_from_user_partly(pipe.bytes + at % Pipe::capacity, from + done, part), part);
      at += copied;
      done += copied;
      if (copied != part) error = -EFAULT;
    }
    pipe.lock.lock();
    pipe.writing = false;
    pipe.written = at;
    pipe.changed.wake_all();
  }
  pipe.lock.unlock();
  notify_poll();
  if (error == -EPIPE && done == 0) send_signal(current_thread(), SIGPIPE, {SI_USER, current_pid(), 0});
  return done != 0 ? static_cast<i64>(done) : error;
}

i64 PipeReader::poll() {
  SpinGuard guard(pipe_->lock);
  return (pipe_->written != pipe_->read ? POLLIN : 0) | (pipe_->writers == 0 ? POLLHUP : 0);
}

i64 PipeWriter::poll() {
  SpinGuard guard(pipe_->lock);
  const bool room = Pipe::capacity - (pipe_->written - pipe_->read) >= atomic_write_limit;
  return (room ? POLLOUT : 0) | (pipe_->readers == 0 ? POLLERR : 0);
}

i64 PipeReader::waiting() {
  SpinGuard guard(pipe_->lock);
  return static_cast<i64>(pipe_->written - pipe_->read);
}

i64 create_pipe(File*& reader, File*& writer) {
  Pipe* pipe = make_pipe();
  if (pipe == nullptr) return -ENOMEM;
  reader = make_end(pipe, true);
  writer = make_end(pipe, false);
  drop_pipe(pipe);  // our own reference
  if (reader != nullptr && writer != nullptr) return 0;
  if (reader != nullptr) reader->drop_reference();
  if (writer != nullptr) writer->drop_reference();
  return -ENOMEM;
}

File* open_fifo(Inode& inode, u32 flags, i64& error) {
  error = -ENOMEM;
  const bool reads = (flags & O_ACCMODE) != O_WRONLY;
  inode.lock.lock();
  if (inode.fifo == nullptr) inode.fifo = make_pipe();  // whose reference is the inode's
  Pipe* pipe = inode.fifo;
  inode.lock.unlock();
  if (pipe == nullptr) return nullptr;
  File* file = make_end(pipe, reads);
  if (file == nullptr) return nullptr;
  file->flags = flags;
  pipe->lock.lock();
  error = 0;
  if ((flags & O_NONBLOCK) != 0) {
    if (!reads && pipe->readers == 0) error = -ENXIO;
  } else {
    while (error == 0 && (reads ? pipe->writers : pipe->readers) == 0)
      if (pipe->changed.sleep(pipe->lock) == Wake::signal) error = -ERESTARTSYS;
  }
  pipe->lock.unlock();
  if (error == 0) return file;
  file->drop_reference();
  return nullptr;
}

}  // namespace guestos

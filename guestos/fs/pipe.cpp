#include "guestos/fs/pipe.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/signal.hpp"

namespace guestos {

namespace {

constexpr u64 atomic_write_limit = 4096;  // PIPE_BUF
constexpr u64 FIONREAD = 0x541b;

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

// `count` is the end's own counter.
void leave(Pipe* pipe, u32& count) {
  pipe->lock.lock();
  --count;
  pipe->changed.wake_all();
  pipe->lock.unlock();
  notify_poll();
  drop_pipe(pipe);
}

i64 pipe_status(Stat& stat) {
  stat = {};
  stat.st_dev = 2;
  stat.st_mode = S_IFIFO | 0600;
  stat.st_nlink = 1;
  stat.st_blksize = page_size;
  return 0;
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

PipeReader::~PipeReader() { leave(pipe_, pipe_->readers); }
PipeWriter::~PipeWriter() { leave(pipe_, pipe_->writers); }
i64 PipeReader::status(Stat& stat) { return pipe_status(stat); }
i64 PipeWriter::status(Stat& stat) { return pipe_status(stat); }

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

i64 PipeReader::control(u64 request, u64 argument) {
  if (request != FIONREAD) return -ENOTTY;
  pipe_->lock.lock();
  const i32 waiting = static_cast<i32>(pipe_->written - pipe_->read);
  pipe_->lock.unlock();
  return put_user(argument, waiting);
}

i64 create_pipe(File*& reader, File*& writer) {
  Pipe* pipe = make_pipe();
  if (pipe == nullptr) return -ENOMEM;
  pipe->readers = pipe->writers = 1;
  pipe->references = 2;
  reader = create<PipeReader>(pipe);
  writer = create<PipeWriter>(pipe);
  if (reader != nullptr && writer != nullptr) return 0;
  if (reader == nullptr) --pipe->readers, --pipe->references;
  if (writer == nullptr) --pipe->writers, --pipe->references;
  if (reader == nullptr && writer == nullptr) {
    heap_release(pipe->bytes);
    destroy(pipe);
  }
  if (reader != nullptr) reader->drop_reference();
  if (writer != nullptr) writer->drop_reference();
  return -ENOMEM;
}

File* open_fifo(Inode& inode, u32 flags, i64& error) {
  error = -ENOMEM;
  const bool reads = (flags & O_ACCMODE) != O_WRONLY;
  inode.lock.lock();
  if (inode.fifo == nullptr) {
    inode.fifo = make_pipe();
    if (inode.fifo != nullptr) inode.fifo->references = 1;  // the inode's own
  }
  Pipe* pipe = inode.fifo;
  inode.lock.unlock();
  if (pipe == nullptr) return nullptr;
  File* file = reads ? static_cast<File*>(create<PipeReader>(pipe)) : create<PipeWriter>(pipe);
  if (file == nullptr) return nullptr;
  file->flags = flags;
  pipe->lock.lock();
  ++pipe->references;
  if (pipe->readers + pipe->writers == 0) pipe->read = pipe->written;
  ++(reads ? pipe->readers : pipe->writers);
  pipe->changed.wake_all();
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

// Pipes: 64 KiB between writers and readers. Also what is behind a named FIFO.
#include "guestos/fs/file.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

struct Pipe {
  SpinLock lock;  // protects all but the bytes, which belong to the one reader and the one writer in progress
  u8* pages[pipe_capacity / page_size] = {};  // one by one: memory may have no sixteen in a row
  u64 written = 0;                            // positions in the stream; written - read bytes are waiting
  u64 read = 0;
  u32 readers = 0;
  u32 writers = 0;
  u32 references = 1;
  bool reading = false;
  bool writing = false;
  WaitQueue changed;

  u64 room() const { return pipe_capacity - (written - read); }

  // Moves bytes between user memory and the ring at a position of the stream (in: into the ring). How many: fewer where
  // user memory faults. As Linux moves them page by page, what a fault cuts short within a page has not moved at all.
  u64 move(u64 at, u64 user, u64 size, bool in) const {
    return each_page_part(at, size, [&](u64 position, u64 done, u64 part) -> u64 {
      u8* const bytes = pages[position % pipe_capacity >> page_bits] + position % page_size;
      return move_user_partly(bytes, user + done, part, in) == part ? part : 0;
    });
  }
};

void drop_pipe(Pipe* pipe) {
  pipe->lock.lock();
  const bool last = --pipe->references == 0;
  pipe->lock.unlock();
  if (!last) return;
  for (u8* page : pipe->pages) heap_release(page);
  destroy(pipe);
}

namespace {

constexpr u64 atomic_write_limit = 4096;  // PIPE_BUF

class PipeEnd : public File {
 public:
  PipeEnd(Pipe* pipe, u32 Pipe::*count) : pipe_(*pipe), count_(count) {}
  ~PipeEnd() override {
    pipe_.lock.lock();
    --(pipe_.*count_);
    pipe_.changed.wake_all();
    pipe_.lock.unlock();
    notify_poll();
    drop_pipe(&pipe_);
  }
  u32 mode() const override { return S_IFIFO | 0600; }

 protected:
  Pipe& pipe_;

 private:
  u32 Pipe::*const count_;
};

class PipeReader final : public PipeEnd {
 public:
  explicit PipeReader(Pipe* pipe) : PipeEnd(pipe, &Pipe::readers) {}

  i64 read(u64 to, u64 size) override {
    if (size == 0) return 0;
    u64 at = 0;
    u64 waiting = 0;
    {
      SpinGuard guard(pipe_.lock);
      auto is_ready = [&] { return !pipe_.reading && (pipe_.written != pipe_.read || pipe_.writers == 0); };
      const i64 error = pipe_.changed.wait_until(pipe_.lock, is_ready, patience());
      if (error != 0 || pipe_.written == pipe_.read) return error;
      pipe_.reading = true;
      at = pipe_.read;
      waiting = min_of(size, pipe_.written - at);
    }
    const u64 done = pipe_.move(at, to, waiting, false);
    pipe_.lock.lock();
    pipe_.reading = false;
    pipe_.read = at + done;
    pipe_.changed.wake_all();
    pipe_.lock.unlock();
    notify_poll();
    return done != 0 ? static_cast<i64>(done) : -EFAULT;
  }

  i64 poll() override {
    SpinGuard guard(pipe_.lock);
    return (pipe_.written != pipe_.read ? POLLIN : 0) | (pipe_.writers == 0 ? POLLHUP : 0);
  }

  i64 waiting() override {
    SpinGuard guard(pipe_.lock);
    return static_cast<i64>(pipe_.written - pipe_.read);
  }
};

class PipeWriter final : public PipeEnd {
 public:
  explicit PipeWriter(Pipe* pipe) : PipeEnd(pipe, &Pipe::writers) {}

  i64 write(u64 from, u64 size) override {
    if (size == 0) return 0;
    u64 done = 0;
    i64 error = 0;
    pipe_.lock.lock();
    while (done < size) {
      const u64 wanted = size <= atomic_write_limit ? size - done : 1;
      auto is_ready = [&] { return pipe_.readers == 0 || (!pipe_.writing && pipe_.room() >= wanted); };
      error = pipe_.changed.wait_until(pipe_.lock, is_ready, patience());
      if (error == 0 && pipe_.readers == 0) error = -EPIPE;
      if (error != 0) break;
      pipe_.writing = true;
      const u64 part = min_of(size - done, pipe_.room());
      pipe_.lock.unlock();
      const u64 moved = pipe_.move(pipe_.written, from + done, part, true);
      pipe_.lock.lock();
      pipe_.writing = false;
      pipe_.written += moved;
      pipe_.changed.wake_all();
      done += moved;
      if (moved != part) error = -EFAULT;
      if (error != 0) break;
    }
    pipe_.lock.unlock();
    notify_poll();
    if (error == -EPIPE && done == 0) send_signal(current_thread(), SIGPIPE, {SI_USER, current_pid(), 0});
    return done != 0 ? static_cast<i64>(done) : error;
  }

  i64 poll() override {
    SpinGuard guard(pipe_.lock);
    return (pipe_.room() >= atomic_write_limit ? POLLOUT : 0) | (pipe_.readers == 0 ? POLLERR : 0);
  }
};

Pipe* make_pipe() {
  auto* pipe = create<Pipe>();
  if (pipe == nullptr) return nullptr;
  for (u8*& page : pipe->pages)
    if (page = static_cast<u8*>(heap_allocate(page_size)); page == nullptr) {
      drop_pipe(pipe);
      return nullptr;
    }
  return pipe;
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
    error =
        pipe->changed.wait_until(pipe->lock, [&] { return (reads ? pipe->writers : pipe->readers) != 0; });
  }
  pipe->lock.unlock();
  if (error == 0) return file;
  file->drop_reference();
  return nullptr;
}

}  // namespace guestos

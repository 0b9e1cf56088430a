// Pipes: 64 KiB between writers and readers. Also what is behind a named FIFO.
#pragma once

#include "guestos/fs/file.hpp"

namespace guestos {

struct Pipe {
  static constexpr u64 capacity = u64{64} << 10;
  SpinLock lock;  // protects all but the bytes, which belong to the one reader and the one writer in progress
  u8* bytes = nullptr;
  u64 written = 0;  // positions in the stream; written - read bytes are waiting
  u64 read = 0;
  u32 readers = 0;
  u32 writers = 0;
  u32 references = 1;
  bool reading = false;
  bool writing = false;
  WaitQueue changed;
};

class PipeEnd : public File {
 public:
  PipeEnd(Pipe* pipe, u32 Pipe::*count) : pipe_(pipe), count_(count) {}
  ~PipeEnd() override;
  u32 mode() const override { return S_IFIFO | 0600; }

 protected:
  Pipe* const pipe_;

 private:
  u32 Pipe::*const count_;
};

class PipeReader final : public PipeEnd {
 public:
  explicit PipeReader(Pipe* pipe) : PipeEnd(pipe, &Pipe::readers) {}
  i64 read(u64 to, u64 size) override;
  i64 poll() override;
  i64 waiting() override;
};

class PipeWriter final : public PipeEnd {
 public:
  explicit PipeWriter(Pipe* pipe) : PipeEnd(pipe, &Pipe::writers) {}
  i64 write(u64 from, u64 size) override;
  i64 poll() override;
};

void drop_pipe(Pipe* pipe);
// 0 or -ENOMEM.
i64 create_pipe(File*& reader, File*& writer);
// Opens a FIFO's end as O_RDONLY, O_WRONLY wait for the other; nullptr with `error`.
File* open_fifo(Inode& inode, u32 flags, i64& error);

}  // namespace guestos

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
  u32 references = 0;
  bool reading = false;
  bool writing = false;
  WaitQueue changed;
};

class PipeReader final : public File {
 public:
  explicit PipeReader(Pipe* pipe) : pipe_(pipe) {}
  ~PipeReader() override;
  i64 read(u64 to, u64 size) override;
  i64 status(Stat& stat) override;
  i64 poll() override;
  i64 control(u64 request, u64 argument) override;

 private:
  Pipe* pipe_;
};

class PipeWriter final : public File {
 public:
  explicit PipeWriter(Pipe* pipe) : pipe_(pipe) {}
  ~PipeWriter() override;
  i64 write(u64 from, u64 size) override;
  i64 status(Stat& stat) override;
  i64 poll() override;

 private:
  Pipe* pipe_;
};

void drop_pipe(Pipe* pipe);
// 0 or -ENOMEM.
i64 create_pipe(File*& reader, File*& writer);
// Opens a FIFO's end as O_RDONLY, O_WRONLY wait for the other; nullptr with `error`.
File* open_fifo(Inode& inode, u32 flags, i64& error);

}  // namespace guestos

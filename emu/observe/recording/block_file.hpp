// A recording as a file of blocks, each by itself compressed (zstd, with its checksum): framing only, not what is in them.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "emu/observe/recording/format.hpp"
#include "emu/observe/trace_output.hpp"

namespace hartbeat::observe::recording {

// What the index says about one events block.
struct IndexEntry {
  std::uint64_t offset = 0;  // in the file
  std::uint64_t first_cycle = 0, last_cycle = 0;
  std::uint64_t retired = 0;         // instructions in it
  std::uint64_t retired_before = 0;  // recorded in the blocks before it
};

struct CompressorDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A block as it stands in the file, its header included.
class BlockCompressor {
 public:
  BlockCompressor();
  std::vector<std::uint8_t> block(BlockKind kind, std::span<const std::uint8_t> raw);

 private:
  std::unique_ptr<ZSTD_CCtx, CompressorDeleter> context_;
  std::unique_ptr<std::uint8_t[]> frame_;  // no page of it exists before it is used
  std::size_t room_ = 0;                   // in frame_
};

std::vector<std::uint8_t> file_header();
std::vector<std::uint8_t> trailer(std::uint64_t index_offset);
std::vector<std::uint8_t> encode_index(std::span<const IndexEntry> entries);

struct Block {
  BlockKind kind{};
  std::vector<std::uint8_t> bytes;  // raw
};

// Reads blocks one by one; never more than one of them is in memory.
class BlockReader {
 public:
  // Throws UserError: unreadable, foreign, of another version, or not a whole recording.
  explicit BlockReader(const std::string& path);
  // The same from memory; `name` is for messages.
  BlockReader(std::string name, std::span<const std::uint8_t> bytes);

  const std::vector<IndexEntry>& index() const { return index_; }
  // The block at `offset`, and where the next one begins.
  Block read(std::uint64_t offset, std::uint64_t& next);
  // Where the first block begins, and where the last one but the trailer ends.
  std::uint64_t begin() const { return header_bytes; }
  std::uint64_t end() const { return size_ - trailer_bytes; }

  // Throws UserError with the file's name in front.
  [[noreturn]] void damaged(const std::string& what) const;

 private:
  void open();
  std::vector<std::uint8_t> bytes_at(std::uint64_t offset, std::uint64_t count);
  void read_index();

  std::string name_;
  std::unique_ptr<std::istream> file_;
  std::uint64_t size_ = 0;
  std::vector<IndexEntry> index_;
  std::unique_ptr<ZSTD_DCtx, CompressorDeleter> context_;
};

}  // namespace hartbeat::observe::recording

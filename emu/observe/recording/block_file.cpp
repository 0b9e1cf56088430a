#include "emu/observe/recording/block_file.hpp"

#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include "emu/machine/user_error.hpp"
#include "emu/observe/recording/bytes.hpp"

namespace hartbeat::observe::recording {
namespace {

constexpr int compression_level = -1;

std::vector<std::uint8_t> take(const ByteWriter& writer) {
  return {writer.bytes().begin(), writer.bytes().end()};
}

}  // namespace

BlockCompressor::BlockCompressor() : context_(ZSTD_createCCtx()) {
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

std::vector<std::uint8_t> BlockCompressor::block(BlockKind kind, std::span<const std::uint8_t> raw) {
  const std::size_t bound = ZSTD_compressBound(raw.size());
  if (room_ < bound) {
    frame_ = std::make_unique_for_overwrite<std::uint8_t[]>(bound);
    room_ = bound;
  }
  const std::size_t stored = ZSTD_compress2(context_.get(), frame_.get(), room_, raw.data(), raw.size());
  if (ZSTD_isError(stored)) throw std::runtime_error(ZSTD_getErrorName(stored));
  ByteWriter header;
  header.fixed(block_magic);
  header.fixed(static_cast<std::uint32_t>(kind));
  header.fixed(static_cast<std::uint32_t>(raw.size()));
  header.fixed(static_cast<std::uint32_t>(stored));
  header.fixed(std::uint32_t{0});
  std::vector<std::uint8_t> result = take(header);
  result.insert(result.end(), frame_.get(), frame_.get() + stored);
  return result;
}

std::vector<std::uint8_t> file_header() {
  ByteWriter header;
  for (const char c : file_magic) header.byte(static_cast<std::uint8_t>(c));
  header.fixed(version);
  header.fixed(std::uint32_t{0});
  return take(header);
}

std::vector<std::uint8_t> trailer(std::uint64_t index_offset) {
  ByteWriter writer;
  writer.fixed(index_offset);
  for (const char c : end_magic) writer.byte(static_cast<std::uint8_t>(c));
  return take(writer);
}

std::vector<std::uint8_t> encode_index(std::span<const IndexEntry> entries) {
  ByteWriter writer;
  writer.number(entries.size());
  for (const IndexEntry& entry : entries) {
    writer.number(entry.offset);
    writer.number(entry.first_cycle);
    writer.number(entry.last_cycle - entry.first_cycle);
    writer.number(entry.retired);
  }
  return take(writer);
}

BlockReader::BlockReader(const std::string& path) : name_(path), context_(ZSTD_createDCtx()) {
  errno = 0;
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) throw UserError("cannot read " + path + ": " + std::strerror(errno));
  file_ = std::move(file);
  open();
}

BlockReader::BlockReader(std::string name, std::span<const std::uint8_t> bytes)
    : name_(std::move(name)),
      file_(std::make_unique<std::istringstream>(std::string(bytes.begin(), bytes.end()))),
      context_(ZSTD_createDCtx()) {
  open();
}

void BlockReader::damaged(const std::string& what) const {
  throw UserError(name_ + " is damaged: " + what + "; make the recording again");
}

std::vector<std::uint8_t> BlockReader::bytes_at(std::uint64_t offset, std::uint64_t count) {
  if (offset > size_ || count > size_ - offset) damaged("something is said to lie behind its end");
  std::vector<std::uint8_t> bytes(count);
  file_->clear();
  file_->seekg(static_cast<std::streamoff>(offset));
  file_->read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  if (!*file_) damaged("it cannot be read to its end");
  return bytes;
}

void BlockReader::open() {
  file_->seekg(0, std::ios::end);
  const std::streamoff end = file_->tellg();
  if (!*file_ || end < 0) throw UserError("cannot read " + name_ + ": it is not an ordinary file");
  size_ = static_cast<std::uint64_t>(end);
  const std::string foreign = name_ + " is not a recording; hartbeat run --trace binary:FILE makes one";
  if (size_ < header_bytes) throw UserError(foreign);
  const auto header = bytes_at(0, header_bytes);
  if (std::memcmp(header.data(), file_magic, sizeof file_magic) != 0) throw UserError(foreign);
  ByteReader reader(std::span<const std::uint8_t>(header).subspan(sizeof file_magic));
  const auto found = reader.fixed<std::uint32_t>();
  if (found != version) {
    throw UserError(name_ + " is a recording of version " + std::to_string(found) +
                    "; this program reads version " + std::to_string(version) +
                    ": make it again, or use the program that made it");
  }
  read_index();
}

void BlockReader::read_index() {
  const auto cut = [&] [[noreturn]] () {
    throw UserError(name_ +
                    " is not a whole recording: its end is missing, as when the run that wrote it was killed "
                    "or the disk was full; make the recording again");
  };
  if (size_ < header_bytes + trailer_bytes) cut();
  const auto end_bytes = bytes_at(size_ - trailer_bytes, trailer_bytes);
  if (std::memcmp(end_bytes.data() + 8, end_magic, sizeof end_magic) != 0) cut();
  std::uint64_t next = 0;
  const auto offset = ByteReader(end_bytes).fixed<std::uint64_t>();
  const Block block = read(offset, next);
  if (block.kind != BlockKind::index) damaged("its index is not where it should be");
  ByteReader reader(block.bytes);
  std::uint64_t retired = 0;
  try {
    const std::uint64_t count = reader.number(block.bytes.size() / 4, "the number of blocks");
    for (std::uint64_t i = 0; i < count; ++i) {
      IndexEntry entry;
      entry.offset = reader.number();
      entry.first_cycle = reader.number();
      entry.last_cycle = entry.first_cycle + reader.number();
      entry.retired = reader.number();
      entry.retired_before = retired;
      retired += entry.retired;
      index_.push_back(entry);
    }
  } catch (const Damage& damage) {
    damaged(damage.what());
  }
}

Block BlockReader::read(std::uint64_t offset, std::uint64_t& next) {
  const auto header = bytes_at(offset, block_header_bytes);
  ByteReader reader(header);
  if (reader.fixed<std::uint32_t>() != block_magic) damaged("a block does not begin as one");
  Block block;
  block.kind = static_cast<BlockKind>(reader.fixed<std::uint32_t>());
  const auto raw = reader.fixed<std::uint32_t>(), stored = reader.fixed<std::uint32_t>();
  if (raw > (block.kind == BlockKind::events ? most_event_bytes : most_raw_bytes))
    damaged("a block is too large");
  // zstd makes at most 128 KiB of a block of its own, and such a block has at least 4 bytes.
  if (raw > (std::uint64_t{stored} / 4 + 1) << 17) damaged("a block is too large for what is stored of it");
  const auto bytes = bytes_at(offset + block_header_bytes, stored);
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != raw)
    damaged("a block's size is not what its header says");
  block.bytes.resize(raw);
  const std::size_t size =
      ZSTD_decompressDCtx(context_.get(), block.bytes.data(), block.bytes.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) || size != raw) damaged("a block does not decompress");
  next = offset + block_header_bytes + stored;
  return block;
}

}  // namespace hartbeat::observe::recording

#include "emu/devices/virtio/block.hpp"

#include <algorithm>
#include <cstring>

namespace hartbeat::virtio {
namespace {

enum RequestType : std::uint32_t { in = 0, out = 1, flush = 4, get_id = 8 };
constexpr std::uint64_t feature_seg_max = 1U << 2, feature_block_size = 1U << 6, feature_flush = 1U << 9;
constexpr std::uint32_t seg_max = 254;  // the queue's size without the header and the status
constexpr std::size_t header_bytes = 16, id_bytes = 20;

std::uint64_t total(const std::vector<Buffer>& buffers) {
  std::uint64_t bytes = 0;
  for (const Buffer& buffer : buffers) bytes += buffer.bytes.size();
  return bytes;
}

// The framing is the driver's choice (2.7.4): the header may lie in several buffers, and data may share its
// buffer.
void drop_front(std::vector<Buffer>& buffers, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    Buffer& front = buffers.front();
    const std::size_t count = std::min(into.size(), front.bytes.size());
    std::copy_n(front.bytes.begin(), count, into.begin());
    into = into.subspan(count);
    front = {PhysAddr{front.address.value + count}, front.bytes.subspan(count)};
    if (front.bytes.empty()) buffers.erase(buffers.begin());
  }
}

// Takes the last byte of the last buffer that has one: the status.
Buffer take_last_byte(std::vector<Buffer>& buffers) {
  while (buffers.back().bytes.empty()) buffers.pop_back();
  Buffer& back = buffers.back();
  const std::size_t size = back.bytes.size();
  const Buffer last{PhysAddr{back.address.value + size - 1}, back.bytes.last(1)};
  back.bytes = back.bytes.first(size - 1);
  return last;
}

}  // namespace

struct Block::Request {
  std::uint32_t type = 0;
  std::uint64_t sector = 0;
  std::vector<Buffer> readable, writable;  // data only
};

Block::Block(std::shared_ptr<DiskImage> image, Board& board) : image_(std::move(image)), board_(board) {
  const std::uint64_t capacity = image_->sectors();
  const auto block_size = static_cast<std::uint32_t>(DiskImage::sector_bytes);
  std::memcpy(&config_[0], &capacity, 8);     // capacity, in sectors
  std::memcpy(&config_[12], &seg_max, 4);     // seg_max
  std::memcpy(&config_[20], &block_size, 4);  // blk_size
}

std::uint64_t Block::features() const { return feature_seg_max | feature_block_size | feature_flush; }

void Block::notified(std::uint32_t, Queue& queue) {
  while (const auto chain = queue.pop()) queue.push(*chain, serve(*chain));
}

// A chain without room for header and status cannot even report an error; it comes back with length 0.
std::uint32_t Block::serve(const Chain& chain) {
  if (total(chain.readable) < header_bytes || total(chain.writable) < 1) return 0;
  Request request{0, 0, chain.readable, chain.writable};
  std::array<std::uint8_t, header_bytes> header;
  drop_front(request.readable, header);
  const Buffer status = take_last_byte(request.writable);
  std::memcpy(&request.type, &header[0], 4);
  std::memcpy(&request.sector, &header[8], 8);

  std::uint32_t written = 0;
  Status result = unsupported;
  switch (request.type) {
    case in: result = transfer_in(request, written); break;
    case out: result = transfer_out(request); break;
    case flush: result = image_->flush() ? ok : io_error; break;
    case get_id: result = identify(request, written); break;
    default: break;
  }
  status.bytes[0] = result;
  board_.memory_written(status.address, 1);
  return written + 1;
}

bool Block::inside(std::uint64_t sector, std::uint64_t bytes) const {
  const std::uint64_t sectors = image_->sectors();
  return bytes % DiskImage::sector_bytes == 0 && sector <= sectors &&
         bytes / DiskImage::sector_bytes <= sectors - sector;
}

Block::Status Block::transfer_in(const Request& request, std::uint32_t& written) {
  if (!inside(request.sector, total(request.writable))) return io_error;
  std::uint64_t offset = request.sector * DiskImage::sector_bytes;
  for (const Buffer& buffer : request.writable) {
    if (!image_->read(offset, buffer.bytes)) return io_error;
    board_.memory_written(buffer.address, buffer.bytes.size());
    offset += buffer.bytes.size();
    written += static_cast<std::uint32_t>(buffer.bytes.size());
  }
  return ok;
}

Block::Status Block::transfer_out(const Request& request) {
  if (!inside(request.sector, total(request.readable))) return io_error;
  std::uint64_t offset = request.sector * DiskImage::sector_bytes;
  for (const Buffer& buffer : request.readable) {
    if (!image_->write(offset, buffer.bytes)) return io_error;
    offset += buffer.bytes.size();
  }
  return ok;
}

Block::Status Block::identify(const Request& request, std::uint32_t& written) {
  constexpr std::array<std::uint8_t, id_bytes> name{'h', 'a', 'r', 't', 'b', 'e', 'a', 't'};
  std::span<const std::uint8_t> rest(name);
  for (const Buffer& buffer : request.writable) {
    const std::size_t count = std::min(rest.size(), buffer.bytes.size());
    std::copy_n(rest.begin(), count, buffer.bytes.begin());
    board_.memory_written(buffer.address, count);
    rest = rest.subspan(count);
    written += static_cast<std::uint32_t>(count);
  }
  return ok;
}

}  // namespace hartbeat::virtio

#include "emu/devices/virtio/network.hpp"

#include <algorithm>
#include <cstring>

namespace hartbeat::virtio {
namespace {

constexpr std::uint32_t receive_queue = 0;
constexpr std::size_t ethernet_header = 14, largest_frame = 1514;

}  // namespace

void Network::notified(std::uint32_t index, Queue& queue) {
  if (index == receive_queue) return;  // frames that wait come with the next poll
  while (const auto chain = queue.pop()) {
    transmit(*chain);
    queue.push(*chain, 0);
  }
}

void Network::queue_stopped(std::uint32_t index) {
  if (index == receive_queue) waiting_.reset();
}

// What is no frame is lost, as on a wire.
void Network::transmit(const Chain& chain) {
  std::vector<std::uint8_t> bytes;
  for (const Buffer& buffer : chain.readable) {
    const std::size_t room = header_bytes_ + largest_frame + 1 - bytes.size();
    const auto taken = buffer.bytes.first(std::min(buffer.bytes.size(), room));
    bytes.insert(bytes.end(), taken.begin(), taken.end());
  }
  if (bytes.size() < header_bytes_ + ethernet_header || bytes.size() > header_bytes_ + largest_frame) return;
  link_->send(std::span(bytes).subspan(header_bytes_));
}

void Network::poll(std::span<Queue> queues) {
  link_->work(std::chrono::milliseconds(0));
  deliver(queues[receive_queue]);
}

bool Network::wait_for_host(std::chrono::milliseconds limit) {
  link_->work(limit);
  return true;
}

// Without a posted buffer the link keeps its frames, and drops them when they become too many.
void Network::deliver(Queue& queue) {
  while (!queue.broken()) {
    if (!waiting_) waiting_ = queue.pop();
    if (!waiting_) return;
    const std::vector<std::uint8_t> frame = link_->receive();
    if (frame.empty()) return;
    if (!fill(*waiting_, frame)) continue;
    queue.push(*waiting_, static_cast<std::uint32_t>(header_bytes_ + frame.size()));
    waiting_.reset();
  }
}

bool Network::fill(const Chain& chain, std::span<const std::uint8_t> frame) {
  std::vector<std::uint8_t> bytes(header_bytes_);  // no offloads
  if (bytes.size() == 12) bytes[10] = 1;           // num_buffers
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  std::size_t room = 0;
  for (const Buffer& buffer : chain.writable) room += buffer.bytes.size();
  if (room < bytes.size()) return false;
  std::span<const std::uint8_t> rest = bytes;
  for (const Buffer& buffer : chain.writable) {
    const std::size_t count = std::min(rest.size(), buffer.bytes.size());
    if (count == 0) continue;
    std::memcpy(buffer.bytes.data(), rest.data(), count);
    board_.memory_written(buffer.address, count);
    rest = rest.subspan(count);
  }
  return true;
}

}  // namespace hartbeat::virtio

#include "emu/devices/virtio/console.hpp"

namespace hartbeat::virtio {
namespace {

constexpr std::uint32_t receive_queue = 0;

}  // namespace

void Console::notified(std::uint32_t index, Queue& queue) {
  if (index != receive_queue) return transmit(queue);
  receive(queue, wait_ ? HostInput::Wait::until_ready : HostInput::Wait::briefly);
}

// Buffers that were posted together are served one by one: the guest has taken note of one before the next
// one waits.
void Console::acknowledged(std::span<Queue> queues) {
  receive(queues[receive_queue], wait_ ? HostInput::Wait::until_ready : HostInput::Wait::none);
}

void Console::poll(std::span<Queue> queues) { receive(queues[receive_queue], HostInput::Wait::none); }

void Console::receive(Queue& queue, HostInput::Wait wait) {
  while (!queue.broken()) {
    if (!waiting_) waiting_ = queue.pop();
    if (!waiting_) return;
    std::uint32_t written = 0;
    for (const Buffer& buffer : waiting_->writable) {
      const std::size_t got = input_.read(buffer.bytes, written == 0 ? wait : HostInput::Wait::none);
      if (got != 0) board_.memory_written(buffer.address, got);
      written += static_cast<std::uint32_t>(got);
      if (got < buffer.bytes.size()) break;
    }
    if (written == 0 && !input_.at_end()) return;
    queue.push(*waiting_, written);
    waiting_.reset();
    if (written != 0) return;
  }
}

void Console::transmit(Queue& queue) {
  while (const auto chain = queue.pop()) {
    for (const Buffer& buffer : chain->readable) output_.put(buffer.bytes);
    queue.push(*chain, 0);
  }
}

}  // namespace hartbeat::virtio

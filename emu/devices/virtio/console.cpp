#include "emu/devices/virtio/console.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hartbeat::virtio {
namespace {

constexpr std::uint32_t receive_queue = 0;

}  // namespace

Console::Console(HostOutput& output, HostInput& input, ConsoleOptions options, Board& board)
    : output_(output), input_(input), options_(std::move(options)), board_(board) {
  store_size();
}

// Also once when a driver has come: Linux's reads the size only then.
void Console::reset() {
  waiting_.reset();
  store_size();
}

void Console::store_size() {
  size_ = options_.window ? options_.window() : WindowSize{};
  std::memcpy(&config_[0], &size_.columns, 2);
  std::memcpy(&config_[2], &size_.rows, 2);
  size_is_news_ = options_.window != nullptr;
}

bool Console::take_config_change() {
  if (options_.window && options_.window() != size_) store_size();
  return std::exchange(size_is_news_, false);
}

void Console::queue_stopped(std::uint32_t index) {
  if (index == receive_queue) waiting_.reset();
}

void Console::notified(std::uint32_t index, Queue& queue) {
  if (index != receive_queue) return transmit(queue);
  posting_ = true;
  if (options_.foreign) return;
  receive(queue, options_.wait ? HostInput::Wait::until_ready : HostInput::Wait::briefly);
}

// Buffers that were posted together are served one by one: the guest has taken note of one before the next
// one waits.
void Console::acknowledged(std::span<Queue> queues) {
  if (options_.foreign) return;
  receive(queues[receive_queue], options_.wait ? HostInput::Wait::until_ready : HostInput::Wait::none);
}

void Console::poll(std::span<Queue> queues) {
  if (!options_.foreign || !posting_) receive(queues[receive_queue], HostInput::Wait::none);
  posting_ = false;
  poll_without_driver();
}

bool Console::wants_polling() const {
  return !options_.wait && (input_.live() || (options_.foreign && !(input_.at_end() && ahead_.empty())));
}

// A terminal is looked at even for a guest that does not listen: Ctrl-A x is to end it all the same.
void Console::poll_without_driver() {
  if (!input_.is_terminal() || ahead_.size() >= ahead_bytes) return;
  std::array<std::uint8_t, 256> bytes;
  const std::size_t got = input_.read(bytes, HostInput::Wait::none);
  ahead_.insert(ahead_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got));
}

std::size_t Console::take(std::span<std::uint8_t> into, HostInput::Wait wait) {
  if (ahead_.empty()) return input_.read(into, wait);
  const std::size_t count = std::min(into.size(), ahead_.size());
  const auto end = ahead_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(ahead_.begin(), end, into.begin());
  ahead_.erase(ahead_.begin(), end);
  return count;
}

void Console::receive(Queue& queue, HostInput::Wait wait) {
  while (!queue.broken()) {
    if (!waiting_) waiting_ = queue.pop();
    if (!waiting_) return;
    input_.wanted();
    std::uint32_t written = 0;
    for (const Buffer& buffer : waiting_->writable) {
      const std::size_t got = take(buffer.bytes, written == 0 ? wait : HostInput::Wait::none);
      if (got != 0) board_.memory_written(buffer.address, got);
      written += static_cast<std::uint32_t>(got);
      if (got < buffer.bytes.size()) break;
    }
    if (written == 0 && (options_.foreign || !input_.at_end())) return;
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

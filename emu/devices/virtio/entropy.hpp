// Entropy device (virtio 1.2, section 5.4): a seeded generator, so that two runs draw the same numbers.
#pragma once

#include "emu/devices/virtio/device.hpp"

namespace hartbeat::virtio {

class Entropy final : public Device {
 public:
  Entropy(std::uint64_t seed, Board& board) : state_(seed), board_(board) {}
  std::uint32_t id() const override { return 4; }
  std::uint64_t features() const override { return 0; }
  std::uint32_t queues() const override { return 1; }
  std::uint16_t queue_size() const override { return 64; }
  std::span<const std::uint8_t> config() const override { return {}; }
  void notified(std::uint32_t index, Queue& queue) override;

 private:
  std::uint64_t next();

  std::uint64_t state_;
  Board& board_;
};

}  // namespace hartbeat::virtio

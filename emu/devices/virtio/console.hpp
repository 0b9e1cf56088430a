// Console device (virtio 1.2, section 5.3) with one port: a receive queue and a transmit queue.
#pragma once

#include "emu/devices/host_stream.hpp"
#include "emu/devices/virtio/device.hpp"

namespace hartbeat::virtio {

class Console final : public Device {
 public:
  // `wait`: a posted receive buffer is a request for input, for which a slow host is waited for (in host time
  // only; the guest cannot tell). Otherwise input arrives when it is there. At the end of the input every
  // posted buffer comes back with length 0.
  Console(HostOutput& output, HostInput& input, bool wait, Board& board)
      : output_(output), input_(input), wait_(wait), board_(board) {}
  std::uint32_t id() const override { return 3; }
  std::uint64_t features() const override { return 0; }
  std::uint32_t queues() const override { return 2; }
  std::uint16_t queue_size() const override { return 64; }
  std::span<const std::uint8_t> config() const override { return {}; }
  void notified(std::uint32_t index, Queue& queue) override;
  void acknowledged(std::span<Queue> queues) override;
  bool wants_polling() const override { return !wait_ && input_.live(); }
  void poll(std::span<Queue> queues) override;
  void reset() override { waiting_.reset(); }

 private:
  void receive(Queue& queue, HostInput::Wait wait);
  void transmit(Queue& queue);

  HostOutput& output_;
  HostInput& input_;
  bool wait_;
  Board& board_;
  std::optional<Chain> waiting_;  // a posted buffer that no input has come for
};

}  // namespace hartbeat::virtio

// Network device (virtio 1.2, section 5.1) with one receive and one transmit queue; the other end of its wire is the host's.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "emu/devices/virtio/device.hpp"

namespace hartbeat::virtio {

// The other end of the wire. Frames begin with the Ethernet header and have no checksum behind.
class EthernetLink {
 public:
  virtual ~EthernetLink() = default;
  // May drop it, as a wire may.
  virtual void send(std::span<const std::uint8_t> frame) = 0;
  // The next frame for the guest; empty when there is none.
  virtual std::vector<std::uint8_t> receive() = 0;
  // Lets the host's side work, for at most this long when there is nothing to do.
  virtual void work(std::chrono::milliseconds limit) = 0;
};

class Network final : public Device {
 public:
  // `legacy`: the header before a frame is that of old drivers, without the number of buffers (5.1.6.1).
  Network(std::shared_ptr<EthernetLink> link, bool legacy, Board& board)
      : link_(std::move(link)), header_bytes_(legacy ? 10 : 12), board_(board) {}
  std::uint32_t id() const override { return 1; }
  std::uint64_t features() const override { return feature_mac; }
  std::uint32_t queues() const override { return 2; }
  std::uint16_t queue_size() const override { return 256; }
  std::span<const std::uint8_t> config() const override { return mac; }
  void notified(std::uint32_t index, Queue& queue) override;
  void queue_stopped(std::uint32_t index) override;
  bool wants_polling() const override { return true; }
  void poll(std::span<Queue> queues) override;
  bool wait_for_host(std::chrono::milliseconds limit) override;
  void reset() override { waiting_.reset(); }

 private:
  static constexpr std::uint64_t feature_mac = 1 << 5;
  // QEMU's first.
  static constexpr std::array<std::uint8_t, 6> mac{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

  void transmit(const Chain& chain);
  void deliver(Queue& queue);
  // False when the chain is too short for the frame, which is then lost.
  bool fill(const Chain& chain, std::span<const std::uint8_t> frame);

  std::shared_ptr<EthernetLink> link_;
  std::size_t header_bytes_;
  Board& board_;
  std::optional<Chain> waiting_;  // a posted buffer that no frame has come for
};

}  // namespace hartbeat::virtio

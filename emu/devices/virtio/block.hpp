// Block device (virtio 1.2, section 5.2) over a DiskImage. Requests complete at once.
#pragma once

#include <array>
#include <memory>

#include "emu/devices/virtio/device.hpp"
#include "emu/devices/virtio/disk_image.hpp"

namespace hartbeat::virtio {

class Block final : public Device {
 public:
  Block(std::shared_ptr<DiskImage> image, Board& board);
  std::uint32_t id() const override { return 2; }
  std::uint64_t features() const override;
  std::uint32_t queues() const override { return 1; }
  std::uint16_t queue_size() const override { return 256; }
  std::span<const std::uint8_t> config() const override { return config_; }
  void notified(std::uint32_t index, Queue& queue) override;

 private:
  enum Status : std::uint8_t { ok = 0, io_error = 1, unsupported = 2 };
  struct Request;

  std::uint32_t serve(const Chain& chain);
  Status transfer_in(const Request& request, std::uint32_t& written);
  Status transfer_out(const Request& request);
  Status identify(const Request& request, std::uint32_t& written);
  bool inside(std::uint64_t sector, std::uint64_t bytes) const;

  std::shared_ptr<DiskImage> image_;
  std::array<std::uint8_t, 60> config_{};
  Board& board_;
};

}  // namespace hartbeat::virtio

// What differs between virtio devices; the transport is shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "emu/devices/virtio/queue.hpp"

namespace hartbeat::virtio {

class Device {
 public:
  virtual ~Device() = default;
  virtual std::uint32_t id() const = 0;        // virtio 1.2, section 5
  virtual std::uint64_t features() const = 0;  // the device's own; the transport adds the common ones
  virtual std::uint32_t queues() const = 0;
  virtual std::uint16_t queue_size() const = 0;  // largest, a power of two
  virtual std::span<const std::uint8_t> config() const = 0;
  // The driver has made chains available: serve them. The transport then sees to the interrupt.
  virtual void notified(std::uint32_t index, Queue& queue) = 0;
  // The driver has taken the queue away, and with it every chain that was taken from it.
  virtual void queue_stopped(std::uint32_t) {}
  // The driver has acknowledged the interrupt; work that waits for its attention may go on.
  virtual void acknowledged(std::span<Queue>) {}
  // Time to look for host input; true when it should be asked again.
  virtual bool wants_polling() const { return false; }
  virtual void poll(std::span<Queue>) {}
  // The same, when there is no driver that could be given any.
  virtual void poll_without_driver() {}
  // Whether config() has changed since the last call (2.5). Asked while a driver is there, after each poll.
  virtual bool take_config_change() { return false; }
  // Nothing else is to be done: waits for the host for at most `limit`. False: this device has nothing to wait for.
  virtual bool wait_for_host(std::chrono::milliseconds) { return false; }
  virtual void reset() {}
};

}  // namespace hartbeat::virtio

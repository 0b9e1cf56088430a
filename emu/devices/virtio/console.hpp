// Console device (virtio 1.2, section 5.3) with one port: a receive queue and a transmit queue.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "emu/devices/host_stream.hpp"
#include "emu/devices/virtio/device.hpp"

namespace hartbeat::virtio {

// Of a window, in characters.
struct WindowSize {
  std::uint16_t columns = 0, rows = 0;
  bool operator==(const WindowSize&) const = default;
};

struct ConsoleOptions {
  // A posted receive buffer is a request for input, for which a slow host is waited for (in host time only; the guest
  // cannot tell). Otherwise input arrives when it is there.
  bool wait = true;
  // The driver is another system's. At the end of the input its buffers do not come back with length 0, which it would take
  // for a reason to post them again; and input comes when it has posted no buffer for a while (of guest time): Linux's
  // throws away what comes while it still sets itself up.
  bool foreign = false;
  // Asked for the window's size from time to time; the driver is told when it changes (F_SIZE). None: no size.
  std::function<WindowSize()> window;
};

class Console final : public Device {
 public:
  Console(HostOutput& output, HostInput& input, ConsoleOptions options, Board& board);
  std::uint32_t id() const override { return 3; }
  std::uint64_t features() const override { return options_.window ? feature_size : 0; }
  std::uint32_t queues() const override { return 2; }
  std::uint16_t queue_size() const override { return 64; }
  std::span<const std::uint8_t> config() const override { return config_; }
  void notified(std::uint32_t index, Queue& queue) override;
  void acknowledged(std::span<Queue> queues) override;
  bool wants_polling() const override;
  void poll(std::span<Queue> queues) override;
  void poll_without_driver() override;
  bool take_config_change() override;
  void queue_stopped(std::uint32_t index) override;
  void reset() override;

 private:
  static constexpr std::uint64_t feature_size = 1;
  static constexpr std::size_t ahead_bytes = 4096;

  void receive(Queue& queue, HostInput::Wait wait);
  std::size_t take(std::span<std::uint8_t> into, HostInput::Wait wait);
  void store_size();
  void transmit(Queue& queue);

  HostOutput& output_;
  HostInput& input_;
  ConsoleOptions options_;
  Board& board_;
  std::optional<Chain> waiting_;           // a posted buffer that no input has come for
  std::vector<std::uint8_t> ahead_;        // typed before the guest asked for it
  bool posting_ = false;                   // a foreign driver has, since the last poll
  WindowSize size_;                        // as config_ has it
  bool size_is_news_ = false;              // the driver has not been told of it
  std::array<std::uint8_t, 12> config_{};  // cols, rows, max_nr_ports, emerg_wr
};

}  // namespace hartbeat::virtio

// The virtio-mmio transport (virtio 1.2, section 4.2): one slot of the board with its device, or an empty
// slot.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "emu/devices/board.hpp"
#include "emu/devices/plic.hpp"
#include "emu/devices/virtio/device.hpp"

namespace hartbeat::virtio {

class Transport {
 public:
  static constexpr PhysAddr first_base{0x1000'1000};
  static constexpr std::uint64_t size = 0x1000;
  static constexpr unsigned slots = 8, first_interrupt = 1;

  // No device: the slot answers with device id 0 (4.2.3.1.1). `legacy`: version 1 registers (4.2.4), for old
  // drivers.
  Transport(std::unique_ptr<Device> device, bool legacy, InterruptLine line, Ram& ram, Board& board);

  bool read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value);
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now);

  bool wants_polling() const { return device_ && device_->wants_polling(); }
  void poll();
  bool wait_for_host(std::chrono::milliseconds limit) { return device_ && device_->wait_for_host(limit); }

 private:
  std::uint32_t read_register(std::uint64_t offset) const;
  void write_register(std::uint64_t offset, std::uint32_t value);
  void write_queue_register(std::uint64_t offset, std::uint32_t value);
  void write_legacy_register(std::uint64_t offset, std::uint32_t value);
  std::uint64_t read_config(std::uint64_t offset, unsigned size) const;
  std::uint64_t offered() const;
  void write_status(std::uint32_t value);
  void enable_queue();
  void stop_queue();
  void place_legacy_queue(std::uint32_t page_number);
  void notify(std::uint32_t index);
  void after_service();
  void reset();
  void update_line();

  std::unique_ptr<Device> device_;
  bool legacy_;
  InterruptLine line_;
  std::vector<Queue> queues_;
  std::uint64_t driver_features_ = 0;
  std::uint32_t device_features_select_ = 0, driver_features_select_ = 0, queue_select_ = 0;
  std::uint32_t status_ = 0, interrupt_status_ = 0;
  std::uint32_t config_generation_ = 0;  // 2.5.1: one more whenever the device's configuration has changed
  std::uint32_t guest_page_size_ = 4096, queue_align_ = 4096, queue_page_ = 0;  // legacy
};

}  // namespace hartbeat::virtio

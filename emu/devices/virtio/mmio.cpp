#include "emu/devices/virtio/mmio.hpp"

#include <cstring>

namespace hartbeat::virtio {
namespace {

// Registers (4.2.2, table 4.1; the legacy ones 4.2.4).
enum Register : std::uint64_t {
  magic_value = 0x000,
  version = 0x004,
  device_id = 0x008,
  vendor_id = 0x00c,
  device_features = 0x010,
  device_features_sel = 0x014,
  driver_features = 0x020,
  driver_features_sel = 0x024,
  guest_page_size = 0x028,
  queue_sel = 0x030,
  queue_num_max = 0x034,
  queue_num = 0x038,
  queue_align = 0x03c,
  queue_pfn = 0x040,
  queue_ready = 0x044,
  queue_notify = 0x050,
  interrupt_status = 0x060,
  interrupt_ack = 0x064,
  status = 0x070,
  queue_desc_low = 0x080,
  queue_desc_high = 0x084,
  queue_driver_low = 0x090,
  queue_driver_high = 0x094,
  queue_device_low = 0x0a0,
  queue_device_high = 0x0a4,
  shm_len_low = 0x0b0,
  shm_base_high = 0x0bc,
  config_generation = 0x0fc,
  config_space = 0x100,
};

constexpr std::uint32_t magic = 0x7472'6976;   // "virt"
constexpr std::uint32_t vendor = 0x554d'4551;  // QEMU's; drivers written for its board ask for it
constexpr std::uint64_t feature_indirect = std::uint64_t{1} << 28,
                        feature_event_index = std::uint64_t{1} << 29,
                        feature_version_1 = std::uint64_t{1} << 32;
constexpr std::uint32_t status_driver_ok = 4, status_features_ok = 8, status_needs_reset = 0x40;
constexpr std::uint32_t interrupt_used = 1, interrupt_config = 2;

void set_low(PhysAddr& address, std::uint32_t value) {
  address.value = (address.value & ~0xffff'ffffULL) | value;
}
void set_high(PhysAddr& address, std::uint32_t value) {
  address.value = (address.value & 0xffff'ffffULL) | std::uint64_t{value} << 32;
}

}  // namespace

Transport::Transport(std::unique_ptr<Device> device, bool legacy, InterruptLine line, Ram& ram, Board& board)
    : device_(std::move(device)), legacy_(legacy), line_(line) {
  if (!device_) return;
  for (std::uint32_t i = 0; i < device_->queues(); ++i)
    queues_.emplace_back(ram, board, device_->queue_size());
}

bool Transport::read(std::uint64_t offset, unsigned size, Cycle, std::uint64_t& value) {
  if (offset >= config_space) {
    value = read_config(offset - config_space, size);
  } else {
    value = size == 4 ? read_register(offset) : 0;  // 4.2.2.2: registers are accessed by aligned words only
  }
  return true;
}

// No device here has a configuration field that the driver may write.
bool Transport::write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle) {
  if (device_ && offset < config_space && size == 4)
    write_register(offset, static_cast<std::uint32_t>(value));
  return true;
}

std::uint64_t Transport::offered() const {
  const std::uint64_t common = feature_indirect | feature_event_index | (legacy_ ? 0 : feature_version_1);
  return device_->features() | common;
}

std::uint32_t Transport::read_register(std::uint64_t offset) const {
  switch (offset) {
    case magic_value: return magic;
    case version: return legacy_ ? 1 : 2;
    case device_id: return device_ ? device_->id() : 0;
    case vendor_id: return vendor;
    default: break;
  }
  if (!device_) return 0;
  const Queue* queue = queue_select_ < queues_.size() ? &queues_[queue_select_] : nullptr;
  switch (offset) {
    case device_features:
      return device_features_select_ < 2
                 ? static_cast<std::uint32_t>(offered() >> (32 * device_features_select_))
                 : 0;
    case queue_num_max: return queue != nullptr ? queue->max_size() : 0;
    case queue_ready: return !legacy_ && queue != nullptr && queue->enabled();
    case queue_pfn: return legacy_ && queue != nullptr && queue->enabled() ? queue_page_ : 0;
    case interrupt_status: return interrupt_status_;
    case status: return status_;
    case config_generation: return legacy_ ? 0 : config_generation_;
    default:
      return offset >= shm_len_low && offset <= shm_base_high ? ~std::uint32_t{0} : 0;  // no shared memory
  }
}

std::uint64_t Transport::read_config(std::uint64_t offset, unsigned size) const {
  std::uint64_t value = 0;
  if (!device_) return 0;
  const std::span<const std::uint8_t> config = device_->config();
  for (unsigned i = 0; i < size && offset + i < config.size(); ++i) {
    value |= std::uint64_t{config[offset + i]} << (8 * i);
  }
  return value;
}

void Transport::write_register(std::uint64_t offset, std::uint32_t value) {
  switch (offset) {
    case device_features_sel: device_features_select_ = value; break;
    case driver_features_sel: driver_features_select_ = value; break;
    case driver_features:
      if (driver_features_select_ < 2 && (status_ & status_features_ok) == 0) {
        const unsigned shift = 32 * driver_features_select_;
        driver_features_ = (driver_features_ & ~(0xffff'ffffULL << shift)) | std::uint64_t{value} << shift;
      }
      break;
    case queue_sel: queue_select_ = value; break;
    case queue_notify: notify(value); break;
    case interrupt_ack:
      interrupt_status_ &= ~value;
      update_line();
      if (value != 0 && (status_ & status_driver_ok) != 0) {
        device_->acknowledged(queues_);
        after_service();
      }
      break;
    case status: write_status(value); break;
    default:
      if (queue_select_ >= queues_.size()) break;
      if (legacy_)
        write_legacy_register(offset, value);
      else
        write_queue_register(offset, value);
  }
}

// The areas of an enabled queue are fixed (4.2.2.2).
void Transport::write_queue_register(std::uint64_t offset, std::uint32_t value) {
  Queue& queue = queues_[queue_select_];
  if (offset == queue_ready) return (value & 1) != 0 ? enable_queue() : stop_queue();
  if (queue.enabled()) return;
  switch (offset) {
    case queue_num: queue.set_size(value); break;
    case queue_desc_low: set_low(queue.descriptors, value); break;
    case queue_desc_high: set_high(queue.descriptors, value); break;
    case queue_driver_low: set_low(queue.available, value); break;
    case queue_driver_high: set_high(queue.available, value); break;
    case queue_device_low: set_low(queue.used, value); break;
    case queue_device_high: set_high(queue.used, value); break;
    default: break;
  }
}

void Transport::write_legacy_register(std::uint64_t offset, std::uint32_t value) {
  switch (offset) {
    case guest_page_size: guest_page_size_ = value; break;
    case queue_num: queues_[queue_select_].set_size(value); break;
    case queue_align: queue_align_ = value; break;
    case queue_pfn: place_legacy_queue(value); break;
    default: break;
  }
}

void Transport::stop_queue() {
  queues_[queue_select_].disable();
  device_->queue_stopped(queue_select_);
}

void Transport::enable_queue() {
  Queue& queue = queues_[queue_select_];
  if (queue.enabled()) return;
  queue.set_event_index((driver_features_ & feature_event_index) != 0);
  queue.enable();
  after_service();
}

// 2.7.2: one contiguous area; the used ring begins at the next multiple of QueueAlign.
void Transport::place_legacy_queue(std::uint32_t page_number) {
  Queue& queue = queues_[queue_select_];
  queue_page_ = page_number;
  stop_queue();
  if (page_number == 0) return;
  const std::uint64_t base = std::uint64_t{page_number} * guest_page_size_,
                      align = queue_align_ == 0 ? 1 : queue_align_;
  queue.descriptors = PhysAddr{base};
  queue.available = PhysAddr{base + 16 * std::uint64_t{queue.size()}};
  queue.used =
      PhysAddr{(queue.available.value + 6 + 2 * std::uint64_t{queue.size()} + align - 1) / align * align};
  enable_queue();
}

// 3.1.1: features are accepted, or not, when the driver sets FEATURES_OK. A driver that does not accept VERSION_1 but
// drives the modern registers (xv6) is served, as QEMU does: 6.3.2 lets the device refuse it, and asks for no refusal.
void Transport::write_status(std::uint32_t value) {
  if ((value & 0xff) == 0) return reset();
  std::uint32_t next = (value & 0xff) | (status_ & status_needs_reset);
  const bool asks = (next & status_features_ok) != 0 && (status_ & status_features_ok) == 0;
  const bool wrong = (driver_features_ & ~offered()) != 0;
  if (asks && wrong) next &= ~status_features_ok;
  status_ = next;
}

void Transport::notify(std::uint32_t index) {
  if (index >= queues_.size() || (status_ & status_driver_ok) == 0 || (status_ & status_needs_reset) != 0)
    return;
  device_->notified(index, queues_[index]);
  after_service();
}

void Transport::poll() {
  if ((status_ & status_driver_ok) == 0 || (status_ & status_needs_reset) != 0)
    return device_->poll_without_driver();
  device_->poll(queues_);
  if (device_->take_config_change()) {
    ++config_generation_;
    interrupt_status_ |= interrupt_config;
  }
  after_service();
}

// Interrupts for what was served; a broken queue means DEVICE_NEEDS_RESET and a configuration interrupt
// (2.1.2).
void Transport::after_service() {
  for (Queue& queue : queues_) {
    if (queue.take_interrupt()) interrupt_status_ |= interrupt_used;
    if (queue.broken() && (status_ & status_needs_reset) == 0) {
      status_ |= status_needs_reset;
      if ((status_ & status_driver_ok) != 0) interrupt_status_ |= interrupt_config;
    }
  }
  update_line();
}

void Transport::reset() {
  for (Queue& queue : queues_) queue.reset();
  driver_features_ = 0;
  device_features_select_ = driver_features_select_ = queue_select_ = 0;
  status_ = interrupt_status_ = 0;
  guest_page_size_ = queue_align_ = 4096;
  queue_page_ = 0;
  device_->reset();
  update_line();
}

void Transport::update_line() { line_.set(interrupt_status_ != 0); }

}  // namespace hartbeat::virtio

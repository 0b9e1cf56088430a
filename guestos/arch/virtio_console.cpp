#include "guestos/arch/virtio_console.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

// Register offsets (virtio 1.2, table 4.1).
constexpr u32 reg_magic = 0x00, reg_version = 0x04, reg_device = 0x08, reg_driver_features = 0x20,
              reg_driver_features_select = 0x24, reg_queue_select = 0x30, reg_queue_size_max = 0x34,
              reg_queue_size = 0x38, reg_queue_ready = 0x44, reg_queue_notify = 0x50,
              reg_interrupt_status = 0x60, reg_interrupt_ack = 0x64, reg_status = 0x70,
              reg_queue_descriptors = 0x80, reg_queue_driver = 0x90, reg_queue_device = 0xa0;
constexpr u32 magic = 0x74726976, console_device = 3;
constexpr u32 status_acknowledge = 1, status_driver = 2, status_driver_ok = 4, status_features_ok = 8;
constexpr u16 descriptor_write = 2;

}  // namespace

u32 VirtioConsole::read_register(u32 offset) const { return *direct<volatile u32>(slot_.address + offset); }
void VirtioConsole::write_register(u32 offset, u32 value) {
  device_fence();
  *direct<volatile u32>(slot_.address + offset) = value;
  device_fence();
}

bool VirtioConsole::set_up_queue(u32 number, Queue& queue) {
  write_register(reg_queue_select, number);
  if (read_register(reg_queue_size_max) < queue_size) return false;
  write_register(reg_queue_size, queue_size);
  auto set_address = [&](u32 offset, const void* place) {
    const u64 physical = physical_of(place);
    write_register(offset, static_cast<u32>(physical));
    write_register(offset + 4, static_cast<u32>(physical >> 32));
  };
  set_address(reg_queue_descriptors, queue.descriptors);
  set_address(reg_queue_driver, &queue.available);
  set_address(reg_queue_device, &queue.used);
  write_register(reg_queue_ready, 1);
  return true;
}

bool VirtioConsole::open(VirtioSlot slot) {
  slot_ = slot;
  if (read_register(reg_magic) != magic || read_register(reg_version) != 2 ||
      read_register(reg_device) != console_device)
    return false;
  write_register(reg_status, 0);
  write_register(reg_status, status_acknowledge | status_driver);
  write_register(reg_driver_features_select, 0);
  write_register(reg_driver_features, 0);
  write_register(reg_driver_features_select, 1);
  write_register(reg_driver_features, 1);  // VIRTIO_F_VERSION_1
  write_register(reg_status, status_acknowledge | status_driver | status_features_ok);
  if ((read_register(reg_status) & status_features_ok) == 0) return false;
  if (!set_up_queue(0, receive_) || !set_up_queue(1, transmit_)) return false;
  transmit_.available.flags = 1;  // VRING_AVAIL_F_NO_INTERRUPT: completion is polled
  write_register(reg_status, status_acknowledge | status_driver | status_features_ok | status_driver_ok);
  return true;
}

void VirtioConsole::submit(u32 number, Queue& queue, u64 physical, u32 length, u16 flags) {
  queue.descriptors[0] = {physical, length, flags, 0};
  queue.available.ring[queue.available.index % queue_size] = 0;
  memory_fence();
  queue.available.index = static_cast<u16>(queue.available.index + 1);
  write_register(reg_queue_notify, number);
}

void VirtioConsole::write(const char* bytes, u64 size) {
  SpinGuard guard(transmit_lock_);
  while (size != 0) {
    const u64 part = min_of(size, buffer_size);
    memcpy(output_, bytes, part);
    submit(1, transmit_, physical_of(output_), static_cast<u32>(part), 0);
    const volatile u16& used = transmit_.used.index;
    while (used != transmit_.available.index) continue;
    memory_fence();
    bytes += part;
    size -= part;
  }
}

void VirtioConsole::post() {
  if (posted_ || end_ || input_start_ != input_end_) return;
  posted_ = true;
  submit(0, receive_, physical_of(input_), buffer_size, descriptor_write);
}

bool VirtioConsole::poll() {
  if (end_ || input_start_ != input_end_) return true;
  if (!posted_ || *const_cast<volatile u16*>(&receive_.used.index) == receive_seen_) return false;
  memory_fence();
  const u64 length = receive_.used.ring[receive_seen_ % queue_size].length;
  receive_seen_ = static_cast<u16>(receive_seen_ + 1);
  posted_ = false;
  end_ = length == 0;
  input_start_ = 0;
  input_end_ = min_of(length, buffer_size);
  return true;
}

u64 VirtioConsole::take(char* to, u64 size) {
  const u64 part = min_of(size, input_end_ - input_start_);
  memcpy(to, input_ + input_start_, part);
  input_start_ += part;
  return part;
}

void VirtioConsole::acknowledge() {
  const u32 status = read_register(reg_interrupt_status);
  if (status != 0) write_register(reg_interrupt_ack, status);
}

}  // namespace guestos

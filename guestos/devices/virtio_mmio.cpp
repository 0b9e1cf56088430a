#include "guestos/devices/virtio_mmio.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/lib/memory.hpp"
#include "guestos/mm/frames.hpp"

namespace guestos {

namespace {

// Register offsets (virtio 1.2, tables 4.1 and 4.2).
constexpr u32 reg_magic = 0x00, reg_version = 0x04, reg_device = 0x08, reg_device_features = 0x10,
              reg_device_features_select = 0x14, reg_driver_features = 0x20,
              reg_driver_features_select = 0x24, reg_guest_page_size = 0x28, reg_queue_select = 0x30,
              reg_queue_size_max = 0x34, reg_queue_size = 0x38, reg_queue_align = 0x3c, reg_queue_page = 0x40,
              reg_queue_ready = 0x44, reg_queue_notify = 0x50, reg_interrupt_status = 0x60,
              reg_interrupt_ack = 0x64, reg_status = 0x70, reg_queue_descriptors = 0x80,
              reg_queue_driver = 0x90, reg_queue_device = 0xa0, reg_config = 0x100;
constexpr u32 magic = 0x74726976;
constexpr u32 status_acknowledge = 1, status_driver = 2, status_driver_ok = 4, status_features_ok = 8;

}  // namespace

VirtioQueue* make_queue() {
  static_assert(sizeof(VirtioQueue) == 2 * page_size);
  const FrameNumber frames = allocate_frames(1, FrameState::boot);
  if (frames == no_frame) return nullptr;
  memset(direct_page(frames), 0, sizeof(VirtioQueue));
  return direct_page<VirtioQueue>(frames);
}

u32 VirtioDevice::read_register(u32 offset) const { return *direct<volatile u32>(slot_.address + offset); }

void VirtioDevice::write_register(u32 offset, u32 value) {
  device_fence();
  *direct<volatile u32>(slot_.address + offset) = value;
  device_fence();
}

void VirtioDevice::write_address(u32 offset, const void* place) {
  write_register(offset, static_cast<u32>(physical_of(place)));
  write_register(offset + 4, static_cast<u32>(physical_of(place) >> 32));
}

u64 VirtioDevice::config(u32 offset) const {
  return read_register(reg_config + offset) | u64{read_register(reg_config + offset + 4)} << 32;
}

bool VirtioDevice::open(VirtioSlot slot, u32 device_id, u32 wanted) {
  slot_ = slot;
  if (read_register(reg_magic) != magic || read_register(reg_device) != device_id) return false;
  const u32 version = read_register(reg_version);
  if (version != 1 && version != 2) return false;
  legacy_ = version == 1;
  write_register(reg_status, 0);
  write_register(reg_status, status_acknowledge | status_driver);
  write_register(reg_device_features_select, 0);
  features_ = read_register(reg_device_features) & wanted;
  write_register(reg_driver_features_select, 0);
  write_register(reg_driver_features, features_);
  if (legacy_) {
    write_register(reg_guest_page_size, page_size);
    return true;
  }
  write_register(reg_driver_features_select, 1);
  write_register(reg_driver_features, 1);  // VIRTIO_F_VERSION_1
  write_register(reg_status, status_acknowledge | status_driver | status_features_ok);
  return (read_register(reg_status) & status_features_ok) != 0;
}

bool VirtioDevice::set_up_queue(u32 number, VirtioQueue& queue) {
  write_register(reg_queue_select, number);
  if (read_register(reg_queue_size_max) < VirtioQueue::size) return false;
  write_register(reg_queue_size, VirtioQueue::size);
  if (legacy_) {
    write_register(reg_queue_align, page_size);
    write_register(reg_queue_page, static_cast<u32>(physical_of(&queue) >> page_bits));
    return true;
  }
  write_address(reg_queue_descriptors, queue.descriptors);
  write_address(reg_queue_driver, &queue.available);
  write_address(reg_queue_device, &queue.used);
  write_register(reg_queue_ready, 1);
  return true;
}

void VirtioDevice::start() { write_register(reg_status, read_register(reg_status) | status_driver_ok); }

void VirtioDevice::submit(u32 number, VirtioQueue& queue) {
  queue.available.ring[queue.available.index % VirtioQueue::size] = 0;
  memory_fence();
  queue.available.index = static_cast<u16>(queue.available.index + 1);
  write_register(reg_queue_notify, number);
}

u32 VirtioDevice::acknowledge() {
  const u32 status = read_register(reg_interrupt_status);
  if (status != 0) write_register(reg_interrupt_ack, status);
  return status;
}

}  // namespace guestos

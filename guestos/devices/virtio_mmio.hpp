// What every virtio driver needs: the registers of a device on MMIO (virtio 1.2, section 4.2; the legacy interface,
// which QEMU offers by default, section 4.2.4) and a split queue (2.7) of which one request at a time is in use.
#pragma once

#include "guestos/arch/boot_info.hpp"

namespace guestos {

// Laid out so that both interfaces can take it: legacy devices want the used ring on the next page.
struct alignas(page_size) VirtioQueue {
  static constexpr u32 size = 32;
  static constexpr u16 device_writes = 2, more_follows = 1;
  struct Descriptor {
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
  };
  Descriptor descriptors[size];
  struct {
    u16 flags;
    u16 index;
    u16 ring[size];
  } available;
  struct alignas(page_size) {
    u16 flags;
    u16 index;
    struct {
      u32 id;
      u32 length;
    } ring[size];
  } used;

  // Nobody is interrupted by this queue: its completions are polled.
  void without_interrupts() { available.flags = 1; }
  u16 used_index() const { return *const_cast<const volatile u16*>(&used.index); }
};

// A zeroed queue that is never given back; nullptr when memory is exhausted.
VirtioQueue* make_queue();

class VirtioDevice {
 public:
  // Resets the device and takes no feature but VIRTIO_F_VERSION_1 and those of `wanted`, the device's own, that it has.
  // False: no such device is in the slot.
  bool open(VirtioSlot slot, u32 device_id, u32 wanted = 0);
  u32 features() const { return features_; }
  bool set_up_queue(u32 number, VirtioQueue& queue);
  void start();
  // The descriptors from the first on are a request.
  void submit(u32 number, VirtioQueue& queue);
  u64 config(u32 offset) const;  // 8 bytes
  u32 interrupt() const { return slot_.interrupt; }
  // What the interrupt was for: bits of these.
  static constexpr u32 used_buffer = 1, config_changed = 2;
  u32 acknowledge();

 private:
  u32 read_register(u32 offset) const;
  void write_register(u32 offset, u32 value);
  void write_address(u32 offset, const void* place);

  VirtioSlot slot_;
  u32 features_ = 0;
  bool legacy_ = false;
};

}  // namespace guestos

// A virtio console on MMIO (virtio 1.2, sections 4.2 and 5.3), modern interface, one port, two small split
// queues.
#pragma once

#include "guestos/arch/boot_info.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

class VirtioConsole {
 public:
  // False: no console of the modern interface is in this slot.
  bool open(VirtioSlot slot);
  u32 interrupt() const { return slot_.interrupt; }
  void write(const char* bytes, u64 size);

  // Receiving: `post` offers the device one buffer unless one is out; `poll` tells whether it has come back;
  // `take` copies what it brought. A returned buffer of length 0 is the end of the input, for good.
  void post();
  bool poll();
  u64 take(char* to, u64 size);
  bool at_end() const { return end_; }
  void acknowledge();

 private:
  static constexpr u32 queue_size = 8;
  struct Descriptor {
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
  };
  struct Available {
    u16 flags;
    u16 index;
    u16 ring[queue_size];
  };
  struct Used {
    u16 flags;
    u16 index;
    struct {
      u32 id;
      u32 length;
    } ring[queue_size];
  };
  struct alignas(16) Queue {
    Descriptor descriptors[queue_size];
    Available available;
    alignas(16) Used used;
  };

  u32 read_register(u32 offset) const;
  void write_register(u32 offset, u32 value);
  bool set_up_queue(u32 number, Queue& queue);
  void submit(u32 number, Queue& queue, u64 physical, u32 length, u16 flags);

  static constexpr u64 buffer_size = 1024;
  VirtioSlot slot_;
  SpinLock transmit_lock_;
  Queue receive_ = {};
  Queue transmit_ = {};
  u16 receive_seen_ = 0;
  bool posted_ = false;
  bool end_ = false;
  u64 input_start_ = 0;
  u64 input_end_ = 0;
  char input_[buffer_size] = {};
  char output_[buffer_size] = {};
};

}  // namespace guestos

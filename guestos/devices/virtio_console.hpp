// A virtio console (virtio 1.2, section 5.3), one port.
#pragma once

#include "guestos/devices/virtio_mmio.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

class VirtioConsole {
 public:
  // False: no console is in this slot.
  bool open(VirtioSlot slot);
  u32 interrupt() const { return device_.interrupt(); }
  void write(const char* bytes, u64 size);

  // Receiving: `post` offers the device one buffer unless one is out; `poll` tells whether it has come back;
  // `take` copies what it brought. A returned buffer of length 0 is the end of the input, for good.
  void post();
  bool poll();
  u64 take(char* to, u64 size);
  // True: the window's size may be another one than before.
  bool acknowledge() { return (device_.acknowledge() & VirtioDevice::config_changed) != 0; }
  // False: the console has no window.
  bool window_size(u16& columns, u16& rows) const;

 private:
  static constexpr u64 buffer_size = 1024;
  VirtioDevice device_;
  SpinLock transmit_lock_;
  VirtioQueue* receive_ = nullptr;
  VirtioQueue* transmit_ = nullptr;
  u16 receive_seen_ = 0;
  bool posted_ = false;
  bool end_ = false;
  u64 input_start_ = 0;
  u64 input_end_ = 0;
  char input_[buffer_size] = {};
  char output_[buffer_size] = {};
};

}  // namespace guestos

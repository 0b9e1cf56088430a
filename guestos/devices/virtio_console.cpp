#include "guestos/devices/virtio_console.hpp"

#include "guestos/arch/csr.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

static constexpr u32 console_device = 3, receive_number = 0, transmit_number = 1, feature_size = 1;

bool VirtioConsole::open(VirtioSlot slot) {
  if (!device_.open(slot, console_device, feature_size)) return false;
  receive_ = make_queue();
  transmit_ = make_queue();
  if (receive_ == nullptr || transmit_ == nullptr || !device_.set_up_queue(receive_number, *receive_) ||
      !device_.set_up_queue(transmit_number, *transmit_))
    return false;
  transmit_->without_interrupts();
  device_.start();
  return true;
}

void VirtioConsole::write(const char* bytes, u64 size) {
  SpinGuard guard(transmit_lock_);
  while (size != 0) {
    const u64 part = min_of(size, buffer_size);
    memcpy(output_, bytes, part);
    transmit_->descriptors[0] = {physical_of(output_), static_cast<u32>(part), 0, 0};
    device_.submit(transmit_number, *transmit_);
    while (transmit_->used_index() != transmit_->available.index) continue;
    memory_fence();
    bytes += part;
    size -= part;
  }
}

void VirtioConsole::post() {
  if (posted_ || end_ || input_start_ != input_end_) return;
  posted_ = true;
  receive_->descriptors[0] = {physical_of(input_), buffer_size, VirtioQueue::device_writes, 0};
  device_.submit(receive_number, *receive_);
}

bool VirtioConsole::poll() {
  if (end_ || input_start_ != input_end_) return true;
  if (!posted_ || receive_->used_index() == receive_seen_) return false;
  memory_fence();
  const u64 length = receive_->used.ring[receive_seen_ % VirtioQueue::size].length;
  receive_seen_ = static_cast<u16>(receive_seen_ + 1);
  posted_ = false;
  end_ = length == 0;
  input_start_ = 0;
  input_end_ = min_of(length, buffer_size);
  return true;
}

bool VirtioConsole::window_size(u16& columns, u16& rows) const {
  if ((device_.features() & feature_size) == 0) return false;
  const u64 config = device_.config(0);
  columns = static_cast<u16>(config);
  rows = static_cast<u16>(config >> 16);
  return true;
}

u64 VirtioConsole::take(char* to, u64 size) {
  const u64 part = min_of(size, input_end_ - input_start_);
  memcpy(to, input_ + input_start_, part);
  input_start_ += part;
  return part;
}

}  // namespace guestos

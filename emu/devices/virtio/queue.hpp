// A split virtqueue (virtio 1.2, section 2.7), seen from the device. Everything in it was written by the
// guest and is checked: a ring or buffer outside RAM, a loop, or an impossible index breaks the queue and
// never the emulator.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "emu/devices/board.hpp"
#include "emu/devices/ram.hpp"

namespace hartbeat::virtio {

// One piece of guest RAM.
struct Buffer {
  PhysAddr address;
  std::span<std::uint8_t> bytes;
};

// One request: the buffers of a descriptor chain, those the device reads and those it writes.
struct Chain {
  std::uint16_t head = 0;
  std::vector<Buffer> readable;
  std::vector<Buffer> writable;
};

class Queue {
 public:
  Queue(Ram& ram, Board& board, std::uint16_t max_size) : ram_(ram), board_(board), max_size_(max_size) {}

  std::uint16_t max_size() const { return max_size_; }
  std::uint16_t size() const { return size_; }
  // A power of two up to max_size; anything else breaks the queue when it is enabled. Fixed while it is.
  void set_size(std::uint32_t size) {
    if (enabled_) return;
    size_ = size > max_size_ ? std::uint16_t{0} : static_cast<std::uint16_t>(size);
  }

  PhysAddr descriptors{}, available{}, used{};  // the three areas, as the driver has set them

  // False: the areas or the size are impossible.
  bool enable();
  // The next enable() begins at the rings' beginning.
  void disable();
  bool enabled() const { return enabled_; }
  void set_event_index(bool on) { event_index_ = on; }
  void reset();

  // Takes the next available chain. Nothing when there is none, or when the queue is broken (broken() tells).
  std::optional<Chain> pop();
  // Returns a chain, which was taken since the queue was enabled; `written` bytes of its writable buffers are the device's.
  void push(const Chain& chain, std::uint32_t written);
  // Whether the driver wants an interrupt for what was pushed since the last call (2.7.7).
  bool take_interrupt();
  bool broken() const { return broken_; }

 private:
  struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
  };
  struct Table {
    PhysAddr base;
    std::uint32_t entries;
    bool indirect;
  };
  template <class T>
  T load(std::uint64_t address) const;
  template <class T>
  void store(std::uint64_t address, T value);
  bool areas_valid() const;
  bool collect(Chain& chain, Table table, std::uint32_t index);
  bool add_buffer(Chain& chain, const Descriptor& descriptor);
  std::optional<Table> indirect_table(const Descriptor& descriptor) const;

  Ram& ram_;
  Board& board_;
  std::uint16_t max_size_;
  std::uint16_t size_ = 0;
  std::uint16_t next_available_ = 0, next_used_ = 0, signalled_used_ = 0;
  bool enabled_ = false, broken_ = false, event_index_ = false, pushed_ = false;
};

}  // namespace hartbeat::virtio

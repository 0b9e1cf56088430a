#include "emu/devices/virtio/queue.hpp"

#include <bit>
#include <cstring>

namespace hartbeat::virtio {
namespace {

constexpr std::uint16_t flag_next = 1, flag_write = 2, flag_indirect = 4;  // of a descriptor (2.7.5)
constexpr std::uint16_t no_interrupt = 1;                                  // of the available ring (2.7.6)
constexpr std::uint64_t descriptor_bytes = 16;
constexpr std::uint32_t longest_chain = 1024;  // descriptors of an indirect table; as much as QEMU takes

// True when moving from `old` to `now` passes `event` (2.7.7.2, modulo 2^16).
bool passes(std::uint16_t event, std::uint16_t now, std::uint16_t old) {
  return static_cast<std::uint16_t>(now - event - 1) < static_cast<std::uint16_t>(now - old);
}

}  // namespace

template <class T>
T Queue::load(std::uint64_t address) const {
  T value;
  std::memcpy(&value, ram_.host(PhysAddr{address}), sizeof value);
  return value;
}

template <class T>
void Queue::store(std::uint64_t address, T value) {
  std::memcpy(ram_.host(PhysAddr{address}), &value, sizeof value);
  board_.memory_written(PhysAddr{address}, sizeof value);
}

void Queue::disable() {
  next_available_ = next_used_ = signalled_used_ = 0;
  enabled_ = pushed_ = false;
}

void Queue::reset() {
  disable();
  size_ = 0;
  descriptors = available = used = PhysAddr{};
  broken_ = event_index_ = false;
}

// Alignments of 2.7; with the event index each ring has one more entry of two bytes.
bool Queue::areas_valid() const {
  const std::uint64_t n = size_;
  return std::has_single_bit(n) && descriptors.value % 16 == 0 && available.value % 2 == 0 &&
         used.value % 4 == 0 && ram_.contains(descriptors, descriptor_bytes * n) &&
         ram_.contains(available, 6 + 2 * n) && ram_.contains(used, 6 + 8 * n);
}

bool Queue::enable() {
  enabled_ = areas_valid();
  broken_ = !enabled_;
  return enabled_;
}

std::optional<Chain> Queue::pop() {
  if (!enabled_ || broken_) return std::nullopt;
  const auto index = load<std::uint16_t>(available.value + 2);
  const std::uint16_t waiting = index - next_available_;
  if (waiting == 0) return std::nullopt;
  Chain chain;
  chain.head = load<std::uint16_t>(available.value + 4 + 2 * (next_available_ % size_));
  broken_ =
      waiting > size_ || chain.head >= size_ || !collect(chain, {descriptors, size_, false}, chain.head);
  if (broken_) return std::nullopt;
  ++next_available_;
  if (event_index_) store<std::uint16_t>(used.value + 4 + 8 * std::uint64_t{size_}, next_available_);
  return chain;
}

// Follows a chain. A chain is never longer than its table has entries, so a loop is noticed after so many
// steps.
bool Queue::collect(Chain& chain, Table table, std::uint32_t index) {
  for (std::uint32_t steps = 0; steps < table.entries; ++steps) {
    if (index >= table.entries) return false;
    const auto descriptor = load<Descriptor>(table.base.value + descriptor_bytes * index);
    if ((descriptor.flags & flag_indirect) != 0) {
      if (table.indirect || (descriptor.flags & flag_next) != 0) return false;  // 2.7.5.3.1
      const auto inner = indirect_table(descriptor);
      return inner && collect(chain, *inner, 0);
    }
    if (!add_buffer(chain, descriptor)) return false;
    if ((descriptor.flags & flag_next) == 0) return true;
    index = descriptor.next;
  }
  return false;
}

std::optional<Queue::Table> Queue::indirect_table(const Descriptor& descriptor) const {
  const std::uint32_t entries = descriptor.length / descriptor_bytes;
  const bool whole = descriptor.length % descriptor_bytes == 0 && entries > 0 && entries <= longest_chain;
  if (!whole || !ram_.contains(PhysAddr{descriptor.address}, descriptor.length)) return std::nullopt;
  return Table{PhysAddr{descriptor.address}, entries, true};
}

bool Queue::add_buffer(Chain& chain, const Descriptor& descriptor) {
  const PhysAddr address{descriptor.address};
  if (!ram_.contains(address, descriptor.length)) return false;
  const bool write = (descriptor.flags & flag_write) != 0;
  if (!write && !chain.writable.empty()) return false;  // 2.7.4.2: what the device reads comes first
  (write ? chain.writable : chain.readable).push_back({address, ram_.bytes(address, descriptor.length)});
  return true;
}

void Queue::push(const Chain& chain, std::uint32_t written) {
  const std::uint64_t slot =
      used.value + 4 + 8 * std::uint64_t{static_cast<std::uint16_t>(next_used_ % size_)};
  store<std::uint32_t>(slot, chain.head);
  store<std::uint32_t>(slot + 4, written);
  ++next_used_;
  store<std::uint16_t>(used.value + 2, next_used_);
  pushed_ = true;
}

bool Queue::take_interrupt() {
  if (!pushed_) return false;
  pushed_ = false;
  const std::uint16_t old = signalled_used_;
  signalled_used_ = next_used_;
  if (event_index_)
    return passes(load<std::uint16_t>(available.value + 4 + 2 * std::uint64_t{size_}), next_used_, old);
  return (load<std::uint16_t>(available.value) & no_interrupt) == 0;
}

}  // namespace hartbeat::virtio

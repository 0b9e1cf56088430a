// A virtio driver for tests, as honest or as hostile as the test wants: it writes rings and descriptors by
// hand.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>

#include "emu/devices/virtio/mmio.hpp"
#include "tests/unit/recording_board.hpp"

namespace hartbeat::test {

class VirtioDriver {
 public:
  static constexpr std::uint64_t base = 0x8000'0000, ram_bytes = 1 << 20;
  static constexpr std::uint64_t descriptors = base + 0x1000, available = base + 0x2000, used = base + 0x3000;
  static constexpr std::uint64_t buffers = base + 0x1'0000;
  static constexpr std::uint16_t next = 1, write = 2, indirect = 4;

  template <class Make>
  explicit VirtioDriver(Make make, bool legacy = false)
      : transport(make(board), legacy, InterruptLine(plic, 1), ram, board) {
    plic.write(4, 4, 1, Cycle{0});
    plic.write(0x2080, 4, 2, Cycle{0});
  }

  std::uint32_t reg(std::uint64_t offset) {
    std::uint64_t value = 0;
    REQUIRE(transport.read(offset, 4, Cycle{0}, value));
    return static_cast<std::uint32_t>(value);
  }
  void reg(std::uint64_t offset, std::uint64_t value) {
    REQUIRE(transport.write(offset, 4, value & 0xffff'ffff, Cycle{0}));
  }
  template <class T>
  T peek(std::uint64_t address) const {
    T value;
    std::memcpy(&value, ram.host(PhysAddr{address}), sizeof value);
    return value;
  }
  template <class T>
  void poke(std::uint64_t address, T value) {
    std::memcpy(ram.host(PhysAddr{address}), &value, sizeof value);
  }
  void poke_text(std::uint64_t address, const std::string& text) {
    std::memcpy(ram.host(PhysAddr{address}), text.data(), text.size());
  }
  std::string peek_text(std::uint64_t address, std::size_t length) const {
    return {reinterpret_cast<const char*>(ram.host(PhysAddr{address})), length};
  }

  // The initialisation sequence of virtio 1.2, section 3.1.1.
  void start(std::uint16_t size = 8, std::uint64_t features = std::uint64_t{1} << 32) {
    reg(0x070, 0);
    reg(0x070, 3);
    reg(0x024, 1);
    reg(0x020, features >> 32);
    reg(0x024, 0);
    reg(0x020, features);
    reg(0x070, 11);
    REQUIRE((reg(0x070) & 8) != 0);
    place_queue(0, size);
    reg(0x070, 15);
  }
  void place_queue(std::uint32_t index, std::uint16_t size) {
    const std::uint64_t shift = 0x4000 * std::uint64_t{index};
    size_ = size;
    reg(0x030, index);
    reg(0x038, size);
    reg(0x080, descriptors + shift);
    reg(0x084, 0);
    reg(0x090, available + shift);
    reg(0x094, 0);
    reg(0x0a0, used + shift);
    reg(0x0a4, 0);
    reg(0x044, 1);
  }
  void describe(unsigned slot, std::uint64_t address, std::uint32_t length, std::uint16_t flags,
                std::uint16_t link = 0, std::uint64_t table = descriptors) {
    poke(table + 16 * slot, address);
    poke(table + 16 * slot + 8, length);
    poke(table + 16 * slot + 12, flags);
    poke(table + 16 * slot + 14, link);
  }
  void offer(std::uint16_t head, std::uint32_t queue = 0) {
    const std::uint64_t shift = 0x4000 * std::uint64_t{queue};
    const auto index = peek<std::uint16_t>(available + shift + 2);
    poke(available + shift + 4 + 2 * (index % size_), head);
    poke(available + shift + 2, static_cast<std::uint16_t>(index + 1));
  }
  void notify(std::uint32_t queue = 0) { reg(0x050, queue); }
  std::uint16_t used_index(std::uint32_t queue = 0) const {
    return peek<std::uint16_t>(used + 0x4000 * queue + 2);
  }
  std::uint32_t used_length(unsigned slot, std::uint32_t queue = 0) const {
    return peek<std::uint32_t>(used + 0x4000 * queue + 4 + 8 * slot + 4);
  }
  bool needs_reset() { return (reg(0x070) & 0x40) != 0; }
  bool interrupted() const { return board.level(0, Plic::seip); }

  RecordingBoard board;
  Plic plic{1, board};
  Ram ram{PhysAddr{base}, ram_bytes};
  virtio::Transport transport;

 private:
  std::uint16_t size_ = 8;
};

}  // namespace hartbeat::test

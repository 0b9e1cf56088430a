#include <catch2/catch.hpp>
#include <deque>

#include "emu/devices/virtio/network.hpp"
#include "tests/unit/virtio_driver.hpp"

using namespace hartbeat;
using Driver = hartbeat::test::VirtioDriver;

namespace {

constexpr std::uint32_t receive = 0, transmit = 1;
constexpr std::uint64_t data = Driver::buffers;

struct Wire final : virtio::EthernetLink {
  void send(std::span<const std::uint8_t> frame) override { sent.emplace_back(frame.begin(), frame.end()); }
  std::vector<std::uint8_t> receive() override {
    if (coming.empty()) return {};
    std::vector<std::uint8_t> frame = coming.front();
    coming.pop_front();
    return frame;
  }
  void work(std::chrono::milliseconds) override { ++worked; }

  std::vector<std::vector<std::uint8_t>> sent;
  std::deque<std::vector<std::uint8_t>> coming;
  unsigned worked = 0;
};

struct NetworkDriver {
  explicit NetworkDriver(bool legacy = false)
      : driver(
            [this, legacy](Board& board) { return std::make_unique<virtio::Network>(wire, legacy, board); }) {
    driver.start();
    driver.place_queue(transmit, 8);
  }
  // Table of the transmit queue's descriptors.
  static constexpr std::uint64_t table = Driver::descriptors + 0x4000;

  std::shared_ptr<Wire> wire = std::make_shared<Wire>();
  Driver driver;
};

}  // namespace

TEST_CASE("a frame loses its header, or keeps it, on its way out of the guest") {
  const bool legacy = GENERATE(false, true);
  NetworkDriver network(legacy);
  const std::uint32_t header = legacy ? 10 : 12;
  network.driver.poke_text(data, std::string(header, 'h') + std::string(60, 'f'));
  // Split inside the header and inside the frame.
  network.driver.describe(0, data, 4, Driver::next, 1, NetworkDriver::table);
  network.driver.describe(1, data + 4, 20, Driver::next, 2, NetworkDriver::table);
  network.driver.describe(2, data + 24, header + 60 - 24, 0, 0, NetworkDriver::table);
  network.driver.offer(0, transmit);
  network.driver.notify(transmit);
  REQUIRE(network.wire->sent.size() == 1);
  CHECK(network.wire->sent[0] == std::vector<std::uint8_t>(60, 'f'));
  CHECK(network.driver.used_index(transmit) == 1);
}

TEST_CASE("what is too short or too long for a frame is sent or is not given back") {
  const std::uint32_t bytes = GENERATE(0u, 12u, 25u, 12u + 1515u, 0x8000u);
  NetworkDriver network;
  network.driver.describe(0, data, bytes, 0, 0, NetworkDriver::table);
  network.driver.offer(0, transmit);
  network.driver.notify(transmit);
  CHECK(network.wire->sent.empty());
  CHECK((network.driver.used_index(transmit) == 1 || network.driver.needs_reset()));
}

TEST_CASE("a frame for the guest waits for a buffer, and a buffer for a frame") {
  NetworkDriver network;
  network.wire->coming.emplace_back(60, std::uint8_t{'x'});
  network.driver.transport.poll();
  CHECK(network.driver.used_index(receive) == 0);
  network.driver.describe(0, data, 100, Driver::write | Driver::next, 1);
  network.driver.describe(1, data + 0x1000, 1500, Driver::write);
  network.driver.offer(0);
  network.driver.notify(receive);
  network.driver.transport.poll();
  REQUIRE(network.driver.used_index(receive) == 1);
  CHECK(network.driver.used_length(0) == 72);
  CHECK(network.driver.peek_text(data, 12) == std::string("\0\0\0\0\0\0\0\0\0\0\1\0", 12));
  CHECK(network.driver.peek_text(data + 12, 60) == std::string(60, 'x'));
  CHECK(network.driver.interrupted());
  network.driver.offer(0);
  network.driver.transport.poll();
  CHECK(network.driver.used_index(receive) == 1);
  network.wire->coming.emplace_back(200, std::uint8_t{'y'});
  network.driver.transport.poll();
  CHECK(network.driver.used_index(receive) == 2);
  CHECK(network.driver.peek_text(data + 0x1000, 112) == std::string(112, 'y'));
}

TEST_CASE("a frame that is too long for its buffer is written beyond it, or takes the buffer with it") {
  NetworkDriver network;
  network.driver.describe(0, data, 64, Driver::write);
  network.driver.offer(0);
  network.wire->coming.emplace_back(1514, std::uint8_t{'x'});
  network.driver.transport.poll();
  CHECK(network.driver.used_index(receive) == 0);
  CHECK(network.driver.peek<std::uint64_t>(data + 64) == 0);
  network.wire->coming.emplace_back(52, std::uint8_t{'z'});
  network.driver.transport.poll();
  CHECK(network.driver.used_length(0) == 64);
}

TEST_CASE("a broken receive queue, or a reset with a buffer in hand, is fatal") {
  NetworkDriver network;
  network.driver.describe(0, 0x10, 64, Driver::write);  // no RAM there
  network.driver.offer(0);
  network.wire->coming.emplace_back(60, std::uint8_t{'x'});
  network.driver.transport.poll();
  CHECK(network.driver.needs_reset());
  network.driver.start();
  network.wire->coming.emplace_back(60, std::uint8_t{'x'});
  network.driver.transport.poll();
  CHECK(network.wire->worked == 2);
}

TEST_CASE("a frame comes into a buffer of a queue that has been stopped") {
  NetworkDriver network;
  Driver& driver = network.driver;
  driver.describe(0, data, 100, Driver::write);
  driver.offer(0, receive);
  driver.transport.poll();
  driver.reg(0x030, receive);
  driver.reg(0x044, 0);
  driver.reg(0x038, 0);
  network.wire->coming.push_back(std::vector<std::uint8_t>(60, 'f'));
  driver.transport.poll();
  CHECK(driver.peek_text(data, 72) == std::string(72, '\0'));
  CHECK(driver.used_index(receive) == 0);
}

#include <catch2/catch.hpp>
#include <cstring>

#include "emu/devices/platform.hpp"
#include "tests/unit/host_pipe.hpp"
#include "tests/unit/recording_board.hpp"

using namespace hartbeat;
using hartbeat::test::HostPipe;
using hartbeat::test::RecordingBoard;

namespace {

constexpr std::uint64_t tohost = 0x8000'1000, fromhost = 0x8000'1040;

struct Machine {
  Machine() { platform.enable_htif(PhysAddr{tohost}, PhysAddr{fromhost}); }
  void store(std::uint64_t address, std::uint64_t value, unsigned size = 8) {
    std::memcpy(platform.ram().host(PhysAddr{address}), &value, size);
    platform.memory_stored(PhysAddr{address}, size);
  }
  std::uint64_t load(std::uint64_t address) {
    std::uint64_t value = 0;
    std::memcpy(&value, platform.ram().host(PhysAddr{address}), 8);
    return value;
  }
  static PlatformConfig config(int output) {
    PlatformConfig config;
    config.memory = 1 << 20;
    config.uart_output = output;
    return config;
  }
  HostPipe pipe;
  RecordingBoard board;
  Platform platform{config(pipe.writer()), board};
};

}  // namespace

TEST_CASE("tohost = 1 is a pass and (n << 1) | 1 is failure n") {
  Machine machine;
  machine.store(0x8000'2000, 1);
  CHECK_FALSE(machine.board.status.has_value());
  machine.store(tohost, 1, 4);
  CHECK(machine.board.status == 0);
  machine.store(tohost, 5 << 1 | 1);
  CHECK(machine.board.status == 5);
}

TEST_CASE("the HTIF console prints and the request is taken back") {
  Machine machine;
  machine.store(tohost, 0x0101'0000'0000'0000 | 'A');
  machine.store(tohost, 0x0101'0000'0000'0000 | '\n');
  CHECK(machine.pipe.received() == "A\n");
  CHECK(machine.load(tohost) == 0);
}

TEST_CASE("a proxied write prints, answers and survives a buffer outside RAM") {
  Machine machine;
  const std::uint64_t block = 0x8000'3000, text = 0x8000'4000;
  std::memcpy(machine.platform.ram().host(PhysAddr{text}), "ok\n", 3);
  const auto call = [&](std::uint64_t number, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    const std::uint64_t words[4] = {number, a, b, c};
    std::memcpy(machine.platform.ram().host(PhysAddr{block}), words, sizeof words);
    machine.store(fromhost, 0);
    machine.store(tohost, block);
    CHECK(machine.load(fromhost) == 1);
    return static_cast<std::int64_t>(machine.load(block));
  };
  CHECK(call(64, 1, text, 3) == 3);
  CHECK(machine.pipe.received() == "ok\n");
  CHECK(call(64, 1, 0x10, 3) == -14);
  CHECK(call(64, 7, text, 3) == -9);
  CHECK(call(1234, 0, 0, 0) == -38);
  machine.store(tohost, 0x10);  // a block outside RAM is ignored
  CHECK_FALSE(machine.board.status.has_value());
  call(93, 42, 0, 0);
  CHECK(machine.board.status == 42);
}

TEST_CASE("the finisher ends the run with the status that was written") {
  Machine machine;
  std::uint64_t value = 1;
  REQUIRE(machine.platform.write(PhysAddr{0x10'0000}, 4, 0x5555, Cycle{0}));
  CHECK(machine.board.status == 0);
  REQUIRE(machine.platform.write(PhysAddr{0x10'0000}, 4, 7 << 16 | 0x3333, Cycle{0}));
  CHECK(machine.board.status == 7);
  REQUIRE(machine.platform.write(PhysAddr{0x10'0000}, 4, 0x3333, Cycle{0}));
  CHECK(machine.board.status == 1);
  REQUIRE(machine.platform.write(PhysAddr{0x10'0000}, 4, 0x7777, Cycle{0}));
  CHECK(machine.board.was_reset);
  REQUIRE(machine.platform.read(PhysAddr{0x10'0000}, 4, Cycle{0}, value));
  CHECK(value == 0);
}

TEST_CASE("the real-time clock starts at its configured epoch and advances with guest time") {
  Machine machine;
  const auto seconds = [&](std::uint64_t cycle) {
    std::uint64_t low = 0, high = 0;
    REQUIRE(machine.platform.read(PhysAddr{0x10'1000}, 4, Cycle{cycle}, low));
    REQUIRE(machine.platform.read(PhysAddr{0x10'1004}, 4, Cycle{cycle}, high));
    return (high << 32 | low) / 1'000'000'000;
  };
  CHECK(seconds(0) == 1'767'225'600);
  CHECK(seconds(5'000'000'000) == 1'767'225'605);
}

TEST_CASE("the real-time clock's alarm interrupts when it is reached, and only while enabled") {
  Machine machine;
  Platform& platform = machine.platform;
  const auto write = [&](std::uint64_t offset, std::uint64_t value) {
    REQUIRE(platform.write(PhysAddr{0x10'1000 + offset}, 4, value, Cycle{0}));
  };
  REQUIRE(platform.write(PhysAddr{0xc00'0000 + 4 * 11}, 4, 1, Cycle{0}));
  REQUIRE(platform.write(PhysAddr{0xc00'2080}, 4, 1 << 11, Cycle{0}));
  const std::uint64_t at = 1'767'225'600ULL * 1'000'000'000 + 5000;
  write(0x10, 1);
  write(0x0c, at >> 32);
  write(0x08, at & 0xffff'ffff);
  CHECK(platform.next_event() == Cycle{5000});
  platform.advance(Cycle{4999});
  CHECK_FALSE(machine.board.level(0, Plic::seip));
  platform.advance(Cycle{5000});
  CHECK(machine.board.level(0, Plic::seip));
}

TEST_CASE("the boot ROM can be read and fetched from, and a store to it is a fault") {
  Machine machine;
  const std::uint8_t code[] = {1, 2, 3, 4};
  machine.platform.boot_rom().load(code);
  std::uint64_t value = 0;
  REQUIRE(machine.platform.read(PhysAddr{0x1000}, 4, Cycle{0}, value));
  CHECK(value == 0x0403'0201);
  CHECK_FALSE(machine.platform.write(PhysAddr{0x1000}, 4, 0, Cycle{0}));
  CHECK(machine.platform.fetchable(PhysAddr{0x1000}, 4) != nullptr);
  CHECK(machine.platform.fetchable(PhysAddr{0x8000'0000}, 4) != nullptr);
  CHECK(machine.platform.fetchable(PhysAddr{0x1000'0000}, 4) == nullptr);
}

TEST_CASE("all eight virtio slots answer, and nothing does between the devices") {
  Machine machine;
  std::uint64_t value = 0;
  for (std::uint64_t slot = 0; slot < 8; ++slot) {
    REQUIRE(machine.platform.read(PhysAddr{0x1000'1000 + 0x1000 * slot}, 4, Cycle{0}, value));
    CHECK(value == 0x7472'6976);
  }
  CHECK_FALSE(machine.platform.read(PhysAddr{0x1000'9000}, 4, Cycle{0}, value));
  CHECK_FALSE(machine.platform.read(PhysAddr{0}, 4, Cycle{0}, value));
  CHECK_FALSE(machine.platform.read(PhysAddr{0x8000'0000}, 4, Cycle{0}, value));
}

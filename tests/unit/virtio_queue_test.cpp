// The queue and the transport against drivers that lie. The entropy device is the simplest one to ask.
#include <catch2/catch.hpp>
#include <random>

#include "emu/devices/virtio/entropy.hpp"
#include "tests/unit/virtio_driver.hpp"

using namespace hartbeat;
using Driver = hartbeat::test::VirtioDriver;

namespace {

std::unique_ptr<virtio::Device> entropy(Board& board) { return std::make_unique<virtio::Entropy>(1, board); }

}  // namespace

TEST_CASE("a chain of buffers is filled, returned and announced by an interrupt") {
  Driver driver(entropy);
  driver.start();
  driver.describe(0, Driver::buffers, 16, Driver::write | Driver::next, 3);
  driver.describe(3, Driver::buffers + 0x100, 5, Driver::write);
  driver.offer(0);
  driver.notify();
  CHECK(driver.used_index() == 1);
  CHECK(driver.used_length(0) == 21);
  CHECK(driver.peek<std::uint64_t>(Driver::buffers) != 0);
  CHECK(driver.peek<std::uint64_t>(Driver::buffers + 0x100) != 0);
  CHECK(driver.peek<std::uint8_t>(Driver::buffers + 0x105) == 0);
  CHECK(driver.board.saw_write_to(Driver::buffers + 4));
  CHECK(driver.interrupted());
  CHECK(driver.reg(0x060) == 1);
  driver.reg(0x064, 1);
  CHECK(driver.reg(0x060) == 0);
}

TEST_CASE("the same seed gives the same random numbers") {
  std::string first, second;
  for (std::string* text : {&first, &second}) {
    Driver driver(entropy);
    driver.start();
    driver.describe(0, Driver::buffers, 64, Driver::write);
    driver.offer(0);
    driver.notify();
    *text = driver.peek_text(Driver::buffers, 64);
  }
  CHECK(first == second);
}

TEST_CASE("an indirect table is followed") {
  Driver driver(entropy);
  driver.start();
  const std::uint64_t table = Driver::base + 0x8000;
  driver.describe(0, Driver::buffers, 8, Driver::write | Driver::next, 1, table);
  driver.describe(1, Driver::buffers + 64, 8, Driver::write, 0, table);
  driver.describe(0, table, 32, Driver::indirect);
  driver.offer(0);
  driver.notify();
  CHECK(driver.used_length(0) == 16);
  CHECK_FALSE(driver.needs_reset());
}

TEST_CASE("a queue that lies makes the device ask for a reset, not the emulator crash") {
  Driver driver(entropy);
  driver.start();
  const std::uint64_t table = Driver::base + 0x8000;
  SECTION("a buffer outside RAM") { driver.describe(0, 0x1000, 16, Driver::write); }
  SECTION("a buffer that begins in RAM and ends outside") {
    driver.describe(0, Driver::base + Driver::ram_bytes - 8, 16, Driver::write);
  }
  SECTION("a buffer whose end wraps around") { driver.describe(0, ~std::uint64_t{0} - 7, 16, Driver::write); }
  SECTION("a descriptor that links to itself") {
    driver.describe(0, Driver::buffers, 16, Driver::write | Driver::next, 0);
  }
  SECTION("a loop of two") {
    driver.describe(0, Driver::buffers, 16, Driver::write | Driver::next, 1);
    driver.describe(1, Driver::buffers, 16, Driver::write | Driver::next, 0);
  }
  SECTION("a link outside the table") {
    driver.describe(0, Driver::buffers, 16, Driver::write | Driver::next, 8);
  }
  SECTION("a readable buffer behind a writable one") {
    driver.describe(0, Driver::buffers, 16, Driver::write | Driver::next, 1);
    driver.describe(1, Driver::buffers, 16, 0);
  }
  SECTION("an indirect table outside RAM") { driver.describe(0, 0x1000, 32, Driver::indirect); }
  SECTION("an indirect table of a broken size") { driver.describe(0, table, 24, Driver::indirect); }
  SECTION("an empty indirect table") { driver.describe(0, table, 0, Driver::indirect); }
  SECTION("an enormous indirect table") { driver.describe(0, Driver::base, 16 * 2048, Driver::indirect); }
  SECTION("an indirect table that goes on behind itself") {
    driver.describe(0, table, 32, Driver::indirect | Driver::next, 1);
  }
  SECTION("an indirect table in an indirect table") {
    driver.describe(0, table, 32, Driver::indirect, 0, table);
    driver.describe(0, table, 32, Driver::indirect);
  }
  SECTION("an indirect loop") {
    driver.describe(0, Driver::buffers, 4, Driver::write | Driver::next, 0, table);
    driver.describe(0, table, 32, Driver::indirect);
  }
  driver.offer(0);
  driver.notify();
  CHECK(driver.needs_reset());
  CHECK((driver.reg(0x060) & 2) == 2);
  CHECK(driver.used_index() == 0);
  driver.notify();
  CHECK(driver.used_index() == 0);
  SECTION("and works again after the reset") {
    driver.poke<std::uint16_t>(Driver::available + 2, 0);
    driver.start();
    CHECK_FALSE(driver.needs_reset());
    driver.describe(0, Driver::buffers, 16, Driver::write);
    driver.offer(0);
    driver.notify();
    CHECK(driver.used_index() == 1);
  }
}

TEST_CASE("an impossible available ring makes the device ask for a reset") {
  Driver driver(entropy);
  driver.start();
  driver.describe(0, Driver::buffers, 16, Driver::write);
  SECTION("more entries than the queue has") { driver.poke<std::uint16_t>(Driver::available + 2, 9); }
  SECTION("a head outside the table") { driver.offer(8); }
  driver.notify();
  CHECK(driver.needs_reset());
}

TEST_CASE("a queue that cannot be placed is refused when it is enabled") {
  Driver driver(entropy);
  driver.start();
  driver.reg(0x030, 0);
  driver.reg(0x044, 0);
  SECTION("descriptors outside RAM") { driver.reg(0x080, 0x1000); }
  SECTION("descriptors misaligned") { driver.reg(0x080, Driver::descriptors + 8); }
  SECTION("available ring outside RAM") { driver.reg(0x094, 1); }
  SECTION("used ring across RAM's end") { driver.reg(0x0a0, Driver::base + Driver::ram_bytes - 8); }
  SECTION("a size that is no power of two") { driver.reg(0x038, 6); }
  SECTION("a size of zero") { driver.reg(0x038, 0); }
  SECTION("a size above the largest") { driver.reg(0x038, 128); }
  driver.reg(0x044, 1);
  CHECK(driver.needs_reset());
  CHECK(driver.reg(0x044) == 0);
}

TEST_CASE("a queue that is stopped begins anew, with other rings, when it is started again") {
  Driver driver(entropy);
  driver.start();
  driver.describe(0, Driver::buffers, 16, Driver::write);
  driver.offer(0);
  driver.notify();
  REQUIRE(driver.used_index() == 1);
  driver.reg(0x030, 0);
  driver.reg(0x044, 0);
  CHECK(driver.reg(0x044) == 0);
  driver.poke<std::uint16_t>(Driver::available + 2, 0);
  driver.poke<std::uint16_t>(Driver::used + 2, 0);
  driver.reg(0x044, 1);
  driver.offer(0);
  driver.notify();
  CHECK(driver.used_index() == 1);
  CHECK_FALSE(driver.needs_reset());
}

TEST_CASE("random garbage in rings and registers never crashes the emulator") {
  const bool legacy = GENERATE(false, true);
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    Driver driver(entropy, legacy);
    driver.start(8, (legacy ? 0 : std::uint64_t{1} << 32) | (random() % 2) << 29);
    const auto place = [&] { driver.reg(0x040, Driver::descriptors / 4096 + random() % 300); };
    if (legacy) place();
    for (std::uint64_t at = Driver::descriptors; at < Driver::descriptors + 128; at += 8) {
      driver.poke<std::uint64_t>(at, random() % 4 == 0 ? random() : Driver::base + random() % 0x2'0000);
    }
    driver.poke<std::uint16_t>(Driver::available + 2, static_cast<std::uint16_t>(random() % 12));
    for (int i = 0; i < 8; ++i) driver.poke<std::uint16_t>(Driver::available + 4 + 2 * i, random() % 10);
    for (int i = 0; i < 40; ++i)
      driver.reg(4 * (random() % 80), random() % 3 == 0 ? random() : random() % 16);
    driver.notify();
    if (legacy) place();
    driver.notify();
  }
  SUCCEED();
}

TEST_CASE("no interrupt is raised when the driver asks for none") {
  Driver driver(entropy);
  SECTION("by the flag in the available ring") {
    driver.start();
    driver.poke<std::uint16_t>(Driver::available, 1);
  }
  SECTION("by an event index that is further on") {
    driver.start(8, std::uint64_t{1} << 32 | std::uint64_t{1} << 29);
    driver.poke<std::uint16_t>(Driver::available + 4 + 2 * 8, 1);
  }
  driver.describe(0, Driver::buffers, 16, Driver::write);
  driver.offer(0);
  driver.notify();
  CHECK(driver.used_index() == 1);
  CHECK_FALSE(driver.interrupted());
}

TEST_CASE("an event index is signalled exactly when it is passed") {
  Driver driver(entropy);
  driver.start(8, std::uint64_t{1} << 32 | std::uint64_t{1} << 29);
  driver.poke<std::uint16_t>(Driver::available + 4 + 2 * 8, 1);
  driver.describe(0, Driver::buffers, 16, Driver::write);
  driver.offer(0);
  driver.notify();
  CHECK_FALSE(driver.interrupted());
  driver.offer(0);
  driver.notify();
  CHECK(driver.interrupted());
  CHECK(driver.peek<std::uint16_t>(Driver::used + 4 + 8 * 8) == 2);  // avail_event: tell me of the next one
}

TEST_CASE("the identification registers say what a driver must find") {
  Driver driver(entropy);
  CHECK(driver.reg(0x000) == 0x74726976);
  CHECK(driver.reg(0x004) == 2);
  CHECK(driver.reg(0x008) == 4);
  CHECK(driver.reg(0x034) == 64);
  driver.reg(0x014, 1);
  CHECK((driver.reg(0x010) & 1) == 1);  // VERSION_1
  CHECK(driver.reg(0x0b0) == 0xffff'ffff);
  driver.reg(0x030, 1);
  CHECK(driver.reg(0x034) == 0);
}

TEST_CASE("features that were not offered are not accepted") {
  Driver driver(entropy);
  driver.reg(0x070, 3);
  driver.reg(0x024, 1);
  driver.reg(0x020, 1);
  driver.reg(0x024, 0);
  driver.reg(0x020, 1);
  driver.reg(0x070, 11);
  CHECK((driver.reg(0x070) & 8) == 0);
}

TEST_CASE("a driver of the modern registers that never looks at VERSION_1 is served, as xv6 needs it") {
  Driver driver(entropy);
  driver.start(8, 0);  // requires FEATURES_OK to stay
  CHECK(driver.reg(0x070) == 15);
}

TEST_CASE("an empty slot has device id 0 and ignores everything") {
  Driver driver([](Board&) { return std::unique_ptr<virtio::Device>(); });
  CHECK(driver.reg(0x000) == 0x74726976);
  CHECK(driver.reg(0x008) == 0);
  for (std::uint64_t offset = 0; offset < 0x200; offset += 4) {
    driver.reg(offset, 0xffff'ffff);
    driver.reg(offset);
  }
  CHECK_FALSE(driver.interrupted());
}

TEST_CASE("a legacy driver places its queue by page number") {
  Driver driver(entropy, true);
  CHECK(driver.reg(0x004) == 1);
  driver.reg(0x070, 3);
  driver.reg(0x028, 4096);
  driver.reg(0x030, 0);
  driver.reg(0x038, 8);
  driver.reg(0x03c, 4096);
  driver.reg(0x040, Driver::descriptors / 4096);
  CHECK(driver.reg(0x040) == Driver::descriptors / 4096);
  driver.reg(0x070, 7);
  const std::uint64_t available = Driver::descriptors + 128;
  driver.describe(0, Driver::buffers, 16, Driver::write);
  driver.poke<std::uint16_t>(available + 4, 0);
  driver.poke<std::uint16_t>(available + 2, 1);
  driver.notify();
  CHECK(driver.peek<std::uint16_t>(Driver::descriptors + 4096 + 2) == 1);
  CHECK(driver.interrupted());
}

TEST_CASE("a legacy driver that moves or resizes its queue while it is in use reaches what is not RAM") {
  Driver driver(entropy, true);
  driver.reg(0x070, 7);
  driver.reg(0x038, 8);
  driver.reg(0x040, Driver::descriptors / 4096);
  const std::uint64_t available = Driver::descriptors + 128;
  driver.describe(0, Driver::buffers, 16, Driver::write);
  driver.poke<std::uint16_t>(available + 2, 1);
  SECTION("a page outside RAM is refused") {
    driver.reg(0x040, 1);
    CHECK(driver.needs_reset());
    driver.notify();
  }
  SECTION("the last page of RAM has no room") {
    driver.reg(0x040, (Driver::base + Driver::ram_bytes) / 4096 - 1);
    CHECK(driver.needs_reset());
    driver.notify();
  }
  SECTION("a size that is none has no effect") {
    driver.reg(0x038, 0);
    driver.notify();
    CHECK(driver.peek<std::uint16_t>(Driver::descriptors + 4096 + 2) == 1);
    CHECK_FALSE(driver.needs_reset());
  }
}

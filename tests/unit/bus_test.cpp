#include "emu/devices/bus.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "emu/devices/mmio.hpp"
#include "emu/devices/ram.hpp"

using namespace hartbeat;

namespace {

// Answers with its own offset and refuses writes beyond 0x80.
struct Probe {
  std::uint64_t last = 0;
  bool read(std::uint64_t offset, unsigned, Cycle, std::uint64_t& value) {
    value = offset;
    return true;
  }
  bool write(std::uint64_t offset, unsigned, std::uint64_t value, Cycle) {
    last = value;
    return offset < 0x80;
  }
};

}  // namespace

TEST_CASE("an access reaches the device that owns its address, at its offset") {
  Bus bus;
  std::vector<Probe> probes(3);
  bus.add("b", PhysAddr{0x2000}, 0x100, mmio_of(probes[1]));
  bus.add("a", PhysAddr{0x1000}, 0x100, mmio_of(probes[0]));
  bus.add("c", PhysAddr{0x2100}, 0x100, mmio_of(probes[2]));
  std::uint64_t value = 0;
  for (const std::uint64_t address : {0x1000, 0x10f8, 0x2000, 0x20f8, 0x2100, 0x21f8, 0x1008}) {
    CAPTURE(address);
    REQUIRE(bus.read(PhysAddr{address}, 8, Cycle{0}, value));
    CHECK(value == (address & 0xff));
  }
  REQUIRE(bus.write(PhysAddr{0x2010}, 4, 7, Cycle{0}));
  CHECK(probes[1].last == 7);
  CHECK(bus.name_at(PhysAddr{0x20ff}) == "b");
  CHECK(bus.name_at(PhysAddr{0x2200}).empty());
}

TEST_CASE("an access that nobody answers is refused") {
  Bus bus;
  Probe probe;
  bus.add("a", PhysAddr{0x1000}, 0x100, mmio_of(probe));
  std::uint64_t value = 0;
  CHECK_FALSE(bus.read(PhysAddr{0xff8}, 8, Cycle{0}, value));
  CHECK_FALSE(bus.read(PhysAddr{0x1100}, 4, Cycle{0}, value));
  CHECK_FALSE(bus.read(PhysAddr{~std::uint64_t{0}}, 1, Cycle{0}, value));
  CHECK_FALSE(bus.read(PhysAddr{0}, 1, Cycle{0}, value));
  CHECK_FALSE(bus.write(PhysAddr{0x1100}, 4, 1, Cycle{0}));
  SECTION("also when it is misaligned") { CHECK_FALSE(bus.read(PhysAddr{0x1002}, 4, Cycle{0}, value)); }
  SECTION("also when the device refuses it") { CHECK_FALSE(bus.write(PhysAddr{0x1080}, 4, 1, Cycle{0})); }
}

TEST_CASE("an access that leaves the region's end is refused") {
  Bus bus;
  Probe probe;
  bus.add("odd", PhysAddr{0x1000}, 0x104, mmio_of(probe));
  std::uint64_t value = 0;
  CHECK(bus.read(PhysAddr{0x1100}, 4, Cycle{0}, value));
  CHECK_FALSE(bus.read(PhysAddr{0x1100}, 8, Cycle{0}, value));
}

TEST_CASE("a device sees a written value without bits beyond the access") {
  Bus bus;
  Probe probe;
  bus.add("a", PhysAddr{0x1000}, 0x100, mmio_of(probe));
  REQUIRE(bus.write(PhysAddr{0x1000}, 1, 0x1ff, Cycle{0}));
  CHECK(probe.last == 0xff);
  REQUIRE(bus.write(PhysAddr{0x1000}, 8, ~std::uint64_t{0}, Cycle{0}));
  CHECK(probe.last == ~std::uint64_t{0});
}

TEST_CASE("overlapping regions are a mistake that the builder hears of") {
  Bus bus;
  Probe probe;
  bus.add("a", PhysAddr{0x1000}, 0x100, mmio_of(probe));
  CHECK_THROWS_AS(bus.add("b", PhysAddr{0x10ff}, 1, mmio_of(probe)), std::logic_error);
  CHECK_THROWS_AS(bus.add("b", PhysAddr{0xf80}, 0x81, mmio_of(probe)), std::logic_error);
  CHECK_THROWS_AS(bus.add("b", PhysAddr{0x3000}, 0, mmio_of(probe)), std::logic_error);
  CHECK_NOTHROW(bus.add("b", PhysAddr{0xf80}, 0x80, mmio_of(probe)));
}

TEST_CASE("8 GiB of RAM cost nothing until they are touched, and bounds are exact") {
  const Ram ram(PhysAddr{0x8000'0000}, std::uint64_t{8} << 30);
  const PhysAddr last{0x8000'0000 + (std::uint64_t{8} << 30) - 1};
  *ram.host(last) = 0x5a;
  CHECK(*ram.host(last) == 0x5a);
  CHECK(*ram.host(PhysAddr{0x8000'0000}) == 0);
  CHECK(ram.contains(last, 1));
  CHECK_FALSE(ram.contains(last, 2));
  CHECK_FALSE(ram.contains(PhysAddr{0x7fff'ffff}, 1));
  CHECK_FALSE(ram.contains(PhysAddr{0x7fff'ffff}, 8));
  CHECK_FALSE(ram.contains(PhysAddr{0x8000'0000}, ~std::uint64_t{0}));
  CHECK_FALSE(ram.contains(PhysAddr{~std::uint64_t{0}}, 2));
}

#include <catch2/catch.hpp>

#include "emu/devices/goldfish_rtc.hpp"
#include "tests/unit/recording_board.hpp"

using namespace hartbeat;

namespace {

// Registers of the binding google,goldfish-rtc.
enum : std::uint64_t {
  time_low = 0x00,
  time_high = 0x04,
  alarm_low = 0x08,
  alarm_high = 0x0c,
  irq_enabled = 0x10,
  clear_alarm = 0x14,
  alarm_status = 0x18,
  clear_interrupt = 0x1c,
};
constexpr std::uint64_t claim = 0x20'1004;  // of hart 0's S-mode in the PLIC
constexpr std::uint64_t second = 1'000'000'000;

struct Clock {
  Clock() {
    plic.write(4 * GoldfishRtc::interrupt, 4, 1, Cycle{0});
    plic.write(0x2080, 4, 1 << GoldfishRtc::interrupt, Cycle{0});
  }
  std::uint64_t read(std::uint64_t offset, Cycle now) {
    std::uint64_t value = 0;
    REQUIRE(rtc.read(offset, 4, now, value));
    return value;
  }
  void write(std::uint64_t offset, std::uint64_t value, Cycle now) {
    REQUIRE(rtc.write(offset, 4, value, now));
  }
  std::uint64_t time(Cycle now) {
    const std::uint64_t low = read(time_low, now);
    return read(time_high, now) << 32 | low;
  }
  void set_alarm(std::uint64_t nanoseconds) {
    write(alarm_high, nanoseconds >> 32, Cycle{0});
    write(alarm_low, nanoseconds & 0xffff'ffff, Cycle{0});
  }
  bool interrupts() const { return board.level(0, Plic::seip); }

  hartbeat::test::RecordingBoard board;
  Plic plic{1, board};
  GoldfishRtc rtc{1000, 1'000'000'000, InterruptLine(plic, GoldfishRtc::interrupt), board};
};

}  // namespace

TEST_CASE("the clock does not start at its epoch or does not follow guest time") {
  Clock clock;
  CHECK(clock.time(Cycle{0}) == 1000 * second);
  CHECK(clock.time(Cycle{7 * second + 3}) == 1007 * second + 3);
}

TEST_CASE("the upper half of the time is not that of the lower half that was read") {
  Clock clock;
  const Cycle before{(std::uint64_t{1} << 32) * 300 - 1000 * second - 1};
  const std::uint64_t low = clock.read(time_low, before);
  CHECK(low == 0xffff'ffff);
  CHECK(clock.read(time_high, Cycle{before.value + 1}) == 299);
}

TEST_CASE("the time that was set is lost") {
  Clock clock;
  clock.write(time_high, 5, Cycle{100});
  clock.write(time_low, 77, Cycle{100});
  CHECK(clock.time(Cycle{100}) == (std::uint64_t{5} << 32 | 77));
}

TEST_CASE("an alarm comes early, not at all, or without having been asked for") {
  Clock clock;
  const bool enabled = GENERATE(false, true);
  clock.write(irq_enabled, enabled ? 1 : 0, Cycle{0});
  clock.set_alarm(1002 * second);
  CHECK(clock.rtc.next_event() == Cycle{2 * second});
  CHECK(clock.read(alarm_status, Cycle{1}) == 1);
  clock.rtc.advance(Cycle{2 * second - 1});
  CHECK_FALSE(clock.interrupts());
  clock.rtc.advance(Cycle{2 * second});
  CHECK(clock.interrupts() == enabled);
  CHECK(clock.read(alarm_status, Cycle{2 * second}) == 0);
  std::uint64_t claimed = 0;
  REQUIRE(clock.plic.read(claim, 4, Cycle{0}, claimed));
  CHECK(claimed == (enabled ? GoldfishRtc::interrupt : 0));
  clock.write(clear_interrupt, 1, Cycle{2 * second});
  clock.plic.write(claim, 4, claimed, Cycle{0});
  CHECK_FALSE(clock.interrupts());
}

TEST_CASE("an alarm that was cleared comes") {
  Clock clock;
  clock.write(irq_enabled, 1, Cycle{0});
  clock.set_alarm(1002 * second);
  clock.write(clear_alarm, 1, Cycle{0});
  clock.rtc.advance(Cycle{3 * second});
  CHECK_FALSE(clock.interrupts());
}

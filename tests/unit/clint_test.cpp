#include "emu/devices/clint.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/recording_board.hpp"

using namespace hartbeat;
using hartbeat::test::RecordingBoard;

namespace {

constexpr std::uint64_t tick = 100;  // cycles per mtime tick at 1 GHz and 10 MHz

std::uint64_t read(Clint& clint, std::uint64_t offset, unsigned size, std::uint64_t now) {
  std::uint64_t value = 0xdead;
  REQUIRE(clint.read(offset, size, Cycle{now}, value));
  return value;
}

}  // namespace

TEST_CASE("mtime counts timebase ticks of the accessing hart's clock exactly") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  CHECK(clint.mtime(Cycle{99}) == 0);
  CHECK(clint.mtime(Cycle{100}) == 1);
  Clint thirds(1, 32'768, 1'000'000'000, board);
  const std::uint64_t year = 31'536'000ULL * 1'000'000'000;
  CHECK(thirds.mtime(Cycle{year}) == 31'536'000ULL * 32'768);
  CHECK(thirds.mtime(Cycle{year - 1}) == 31'536'000ULL * 32'768 - 1);
  Clint equal(1, 50'000'000, 50'000'000, board);
  CHECK(equal.mtime(Cycle{12'345}) == 12'345);
}

TEST_CASE("MTIP rises in the cycle in which mtime reaches mtimecmp, not before") {
  RecordingBoard board;
  Clint clint(2, 10'000'000, 1'000'000'000, board);
  CHECK(clint.next_event() == never);
  REQUIRE(clint.write(Clint::mtimecmp_offset + 8, 8, 50, Cycle{0}));
  CHECK(board.events_moved == 1);
  CHECK(clint.next_event() == Cycle{50 * tick});
  clint.advance(Cycle{50 * tick - 1});
  CHECK_FALSE(board.level(1, Clint::mtip));
  clint.advance(Cycle{50 * tick});
  CHECK(board.level(1, Clint::mtip));
  CHECK_FALSE(board.level(0, Clint::mtip));
  CHECK(clint.next_event() == never);
  SECTION("and falls as soon as mtimecmp is in the future") {
    REQUIRE(clint.write(Clint::mtimecmp_offset + 8, 8, 70, Cycle{60 * tick}));
    CHECK_FALSE(board.level(1, Clint::mtip));
    CHECK(clint.next_event() == Cycle{70 * tick});
  }
}

TEST_CASE("a compare value in the past raises MTIP at once") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  REQUIRE(clint.write(Clint::mtimecmp_offset, 8, 3, Cycle{1000}));
  CHECK(board.level(0, Clint::mtip));
}

TEST_CASE("mtimecmp can be written in halves") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  REQUIRE(clint.write(Clint::mtimecmp_offset, 4, 0x1234'5678, Cycle{0}));
  REQUIRE(clint.write(Clint::mtimecmp_offset + 4, 4, 1, Cycle{0}));
  CHECK(read(clint, Clint::mtimecmp_offset, 8, 0) == 0x1'1234'5678);
  CHECK(read(clint, Clint::mtimecmp_offset + 4, 4, 0) == 1);
  CHECK(clint.next_event() == Cycle{0x1'1234'5678 * tick});
}

TEST_CASE("writing mtime moves every timer, forwards and backwards") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  REQUIRE(clint.write(Clint::mtimecmp_offset, 8, 1000, Cycle{0}));
  REQUIRE(clint.write(Clint::mtime_offset, 8, 990, Cycle{500}));
  CHECK(read(clint, Clint::mtime_offset, 8, 500) == 990);
  CHECK(clint.next_event() == Cycle{500 + 10 * tick});
  REQUIRE(clint.write(Clint::mtime_offset, 8, 2000, Cycle{600}));
  CHECK(board.level(0, Clint::mtip));
  REQUIRE(clint.write(Clint::mtime_offset, 8, 0, Cycle{700}));
  CHECK_FALSE(board.level(0, Clint::mtip));
  CHECK(clint.next_event() == Cycle{700 + 1000 * tick});
}

TEST_CASE("a timer that is due after the end of time never fires") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  REQUIRE(clint.write(Clint::mtimecmp_offset, 8, ~std::uint64_t{0} - 1, Cycle{0}));
  CHECK(clint.next_event() == never);
  CHECK_FALSE(board.level(0, Clint::mtip));
}

TEST_CASE("MSIP reaches its hart at once and reads back") {
  RecordingBoard board;
  Clint clint(3, 10'000'000, 1'000'000'000, board);
  REQUIRE(clint.write(4, 4, 1, Cycle{0}));
  CHECK(board.level(1, Clint::msip));
  CHECK_FALSE(board.level(0, Clint::msip));
  CHECK(read(clint, 4, 4, 0) == 1);
  CHECK(read(clint, 0, 8, 0) == 0x1'0000'0000);
  REQUIRE(clint.write(4, 4, 0xfffe, Cycle{0}));  // only bit 0 exists
  CHECK_FALSE(board.level(1, Clint::msip));
  SECTION("registers of harts that do not exist read as zero and ignore writes") {
    REQUIRE(clint.write(12, 4, 1, Cycle{0}));
    CHECK(read(clint, 12, 4, 0) == 0);
    CHECK(board.levels.size() == 1);
  }
}

TEST_CASE("bytes of CLINT registers are not accessible") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  std::uint64_t value = 0;
  CHECK_FALSE(clint.read(Clint::mtime_offset, 1, Cycle{0}, value));
  CHECK_FALSE(clint.write(0, 2, 1, Cycle{0}));
}

TEST_CASE("SSWI raises SSIP of the addressed hart and never lowers it") {
  RecordingBoard board;
  Sswi sswi(2, board);
  REQUIRE(sswi.write(4, 4, 1, Cycle{0}));
  CHECK(board.level(1, Clint::ssip));
  REQUIRE(sswi.write(4, 4, 0, Cycle{0}));
  CHECK(board.level(1, Clint::ssip));
  std::uint64_t value = 1;
  REQUIRE(sswi.read(4, 4, Cycle{0}, value));
  CHECK(value == 0);
  REQUIRE(sswi.write(8, 4, 1, Cycle{0}));
  CHECK(board.levels.size() == 1);
}

TEST_CASE("what lies behind mtime reads as zero and takes nothing") {
  RecordingBoard board;
  Clint clint(1, 10'000'000, 1'000'000'000, board);
  for (const std::uint64_t offset :
       {Clint::mtime_offset + 8, Clint::mtime_offset + 96, std::uint64_t{0xFFF8}}) {
    REQUIRE(clint.write(offset, 8, 12'345, Cycle{1000}));
    CHECK(read(clint, offset, 8, 1000) == 0);
  }
  CHECK(clint.mtime(Cycle{1000}) == 10);
}

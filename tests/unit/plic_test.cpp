#include "emu/devices/plic.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/recording_board.hpp"

using namespace hartbeat;
using hartbeat::test::RecordingBoard;

namespace {

struct Fixture {
  RecordingBoard board;
  Plic plic{2, board};

  std::uint32_t read(std::uint64_t offset) {
    std::uint64_t value = 0;
    REQUIRE(plic.read(offset, 4, Cycle{0}, value));
    return static_cast<std::uint32_t>(value);
  }
  void write(std::uint64_t offset, std::uint32_t value) { REQUIRE(plic.write(offset, 4, value, Cycle{0})); }
  void priority(unsigned source, std::uint32_t value) { write(4 * source, value); }
  void enable(unsigned context, unsigned source) {
    const std::uint64_t at = 0x2000 + 0x80 * context + 4 * (source / 32);
    write(at, read(at) | 1U << source % 32);
  }
  void threshold(unsigned context, std::uint32_t value) { write(0x20'0000 + 0x1000 * context, value); }
  std::uint32_t claim(unsigned context) { return read(0x20'0004 + 0x1000 * context); }
  void complete(unsigned context, std::uint32_t source) { write(0x20'0004 + 0x1000 * context, source); }
  bool pending(unsigned source) { return (read(0x1000 + 4 * (source / 32)) >> source % 32 & 1) != 0; }
};
constexpr unsigned m0 = 0, s0 = 1, s1 = 3;

}  // namespace

TEST_CASE_METHOD(Fixture, "an interrupt goes to the contexts that enable it, M-mode or S-mode of each hart") {
  priority(10, 1);
  enable(s1, 10);
  plic.set_level(10, true);
  CHECK(board.level(1, Plic::seip));
  CHECK_FALSE(board.level(1, Plic::meip));
  CHECK_FALSE(board.level(0, Plic::seip));
  enable(m0, 10);
  CHECK(board.level(0, Plic::meip));
}

TEST_CASE_METHOD(Fixture, "the highest priority is claimed first, ties by the smallest source") {
  for (const unsigned source : {40, 7, 12, 90}) {
    priority(source, source == 40 ? 5 : 2);
    enable(s0, source);
    plic.set_level(source, true);
  }
  CHECK(claim(s0) == 40);
  CHECK(claim(s0) == 7);
  CHECK(claim(s0) == 12);
  CHECK(claim(s0) == 90);
  CHECK(claim(s0) == 0);
  CHECK_FALSE(board.level(0, Plic::seip));
}

TEST_CASE_METHOD(Fixture, "an interrupt at or below the threshold does not interrupt, but can be claimed") {
  priority(3, 4);
  enable(s0, 3);
  threshold(s0, 4);
  plic.set_level(3, true);
  CHECK_FALSE(board.level(0, Plic::seip));
  threshold(s0, 3);
  CHECK(board.level(0, Plic::seip));
  threshold(s0, 7);
  CHECK(claim(s0) == 3);
}

TEST_CASE_METHOD(Fixture, "priority 0 never interrupts and cannot be claimed") {
  enable(s0, 3);
  plic.set_level(3, true);
  CHECK_FALSE(board.level(0, Plic::seip));
  CHECK(claim(s0) == 0);
  CHECK(pending(3));
  priority(3, 1);
  CHECK(board.level(0, Plic::seip));
}

TEST_CASE_METHOD(
    Fixture, "a source is not delivered again before it is completed, and again after if its wire is high") {
  priority(1, 1);
  enable(s0, 1);
  enable(s1, 1);
  plic.set_level(1, true);
  CHECK(claim(s0) == 1);
  CHECK(claim(s1) == 0);
  plic.set_level(1, false);
  plic.set_level(1, true);
  CHECK(claim(s1) == 0);
  complete(s0, 1);
  CHECK(board.level(0, Plic::seip));
  CHECK(claim(s1) == 1);
  plic.set_level(1, false);
  complete(s1, 1);
  CHECK_FALSE(pending(1));
  CHECK_FALSE(board.level(1, Plic::seip));
}

TEST_CASE_METHOD(Fixture, "a request that was forwarded stays pending when its wire falls") {
  priority(1, 1);
  enable(s0, 1);
  plic.set_level(1, true);
  plic.set_level(1, false);
  CHECK(pending(1));
  CHECK(claim(s0) == 1);
  complete(s0, 1);
  CHECK(claim(s0) == 0);
}

TEST_CASE_METHOD(Fixture, "a completion by a context that has not enabled the source is ignored") {
  priority(1, 1);
  enable(s0, 1);
  plic.set_level(1, true);
  CHECK(claim(s0) == 1);
  complete(s1, 1);
  CHECK(claim(s0) == 0);
  complete(s0, 0);
  complete(s0, 5000);
  CHECK(claim(s0) == 0);
  complete(s0, 1);
  CHECK(claim(s0) == 1);
}

TEST_CASE_METHOD(Fixture, "registers keep only the bits that exist") {
  priority(5, 0xffff'ffff);
  CHECK(read(4 * 5) == Plic::max_priority);
  priority(0, 7);
  CHECK(read(0) == 0);
  write(0x2000, 0xffff'ffff);
  CHECK(read(0x2000) == 0xffff'fffe);  // source 0 does not exist
  write(0x1000, 0xffff'ffff);
  CHECK(read(0x1000) == 0);  // pending is read-only
  CHECK(read(4 * 200) == 0);
  CHECK(read(0x2000 + 0x80 * 70) == 0);
  CHECK(read(0x20'0000 + 0x1000 * 70) == 0);
  std::uint64_t value = 0;
  CHECK_FALSE(plic.read(0x1000, 8, Cycle{0}, value));
}

#include "emu/devices/uart16550.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/host_pipe.hpp"
#include "tests/unit/recording_board.hpp"

using namespace hartbeat;
using hartbeat::test::HostFile;
using hartbeat::test::HostPipe;
using hartbeat::test::RecordingBoard;

namespace {

enum : std::uint64_t { rbr = 0, ier = 1, iir = 2, fcr = 2, lcr = 3, mcr = 4, lsr = 5, msr = 6, scr = 7 };

struct Serial {
  explicit Serial(int input) : in(input) {
    plic.write(4 * 10, 4, 1, Cycle{0});
    plic.write(0x2080, 4, 1 << 10, Cycle{0});
  }
  std::uint8_t read(std::uint64_t offset) {
    std::uint64_t value = 0;
    REQUIRE(uart.read(offset, 1, Cycle{0}, value));
    return static_cast<std::uint8_t>(value);
  }
  void write(std::uint64_t offset, std::uint8_t value) { REQUIRE(uart.write(offset, 1, value, Cycle{0})); }
  // The level of the wire, seen through a PLIC whose claims are always completed.
  bool interrupts() {
    std::uint64_t claimed = 0;
    plic.read(0x20'1004, 4, Cycle{0}, claimed);
    plic.write(0x20'1004, 4, claimed, Cycle{0});
    plic.read(0x20'1004, 4, Cycle{0}, claimed);
    plic.write(0x20'1004, 4, claimed, Cycle{0});
    return claimed == 10;
  }
  // Whether one request is there; it is served.
  bool requests() {
    std::uint64_t claimed = 0;
    plic.read(0x20'1004, 4, Cycle{0}, claimed);
    plic.write(0x20'1004, 4, claimed, Cycle{0});
    return claimed == 10;
  }
  RecordingBoard board;
  Plic plic{1, board};
  HostPipe pipe;
  HostOutput out{pipe.writer()};
  HostInput in;
  Uart16550 uart{InterruptLine(plic, 10), out, in};
};

}  // namespace

TEST_CASE("what the guest transmits comes out at a line feed or a flush, unchanged") {
  Serial serial(-1);
  for (const char c : std::string("hi")) serial.write(rbr, static_cast<std::uint8_t>(c));
  CHECK(serial.pipe.received().empty());
  serial.write(rbr, '\n');
  CHECK(serial.pipe.received() == "hi\n");
  serial.write(rbr, 0xff);
  serial.out.flush();
  CHECK(serial.pipe.received() == "\xff");
}

TEST_CASE("the transmitter is always ready and the receiver has data exactly while there is some") {
  HostFile file("ab");
  Serial serial(file.descriptor());
  CHECK(serial.read(lsr) == 0x61);
  CHECK(serial.read(rbr) == 'a');
  CHECK(serial.read(lsr) == 0x61);
  CHECK(serial.read(rbr) == 'b');
  CHECK(serial.read(lsr) == 0x60);
  CHECK(serial.read(rbr) == 0);
}

TEST_CASE("the divisor latch hides the data and interrupt registers") {
  Serial serial(-1);
  serial.write(ier, 0x05);
  serial.write(lcr, 0x83);
  serial.write(rbr, 0x21);
  serial.write(ier, 0x43);
  CHECK(serial.read(rbr) == 0x21);
  CHECK(serial.read(ier) == 0x43);
  serial.write(lcr, 0x03);
  CHECK(serial.read(ier) == 0x05);
  serial.out.flush();
  CHECK(serial.pipe.received().empty());
}

TEST_CASE("the received-data interrupt is raised by data and lowered by reading it") {
  HostFile file("xy");
  Serial serial(file.descriptor());
  CHECK_FALSE(serial.interrupts());
  serial.write(ier, 1);
  CHECK(serial.interrupts());
  CHECK((serial.read(iir) & 0x0f) == 0x04);
  CHECK(serial.read(rbr) == 'x');
  CHECK(serial.interrupts());
  CHECK(serial.read(rbr) == 'y');
  CHECK_FALSE(serial.interrupts());
  CHECK((serial.read(iir) & 0x0f) == 0x01);
}

TEST_CASE("with FIFOs a trigger level that is not reached is a character time-out") {
  HostFile file("abcdefgh");
  Serial serial(file.descriptor());
  serial.write(fcr, 0xc1);
  serial.write(ier, 1);
  CHECK(serial.read(iir) == 0xcc);
  serial.write(fcr, 0x41);
  CHECK(serial.read(iir) == 0xc4);
}

TEST_CASE("the transmitter-empty interrupt is acknowledged by reading IIR and comes back after a character") {
  Serial serial(-1);
  serial.write(ier, 2);
  CHECK(serial.requests());
  CHECK((serial.read(iir) & 0x0f) == 0x02);
  CHECK((serial.read(iir) & 0x0f) == 0x01);
  CHECK_FALSE(serial.requests());
  serial.write(rbr, 'x');
  CHECK(serial.requests());
  serial.write(ier, 0);
  CHECK_FALSE(serial.requests());
}

TEST_CASE(
    "a driver that never reads IIR is interrupted once for each character, not without end, as xv6 needs "
    "it") {
  Serial serial(-1);
  serial.write(ier, 2);
  CHECK(serial.requests());
  CHECK_FALSE(serial.requests());
  // A character sent while the request is in service is remembered until it is completed.
  serial.write(rbr, 'x');
  std::uint64_t claimed = 0;
  serial.plic.read(0x20'1004, 4, Cycle{0}, claimed);
  CHECK(claimed == 10);
  serial.write(rbr, 'y');
  CHECK_FALSE(serial.requests());
  serial.plic.write(0x20'1004, 4, claimed, Cycle{0});
  CHECK(serial.requests());
  CHECK_FALSE(serial.requests());
}

TEST_CASE("loop-back returns characters and modem lines, and nothing leaves the machine") {
  Serial serial(-1);
  CHECK((serial.read(msr) & 0xf0) == 0xb0);
  serial.write(mcr, 0x1a);  // RTS, OUT2
  CHECK((serial.read(msr) & 0xf0) == 0x90);
  CHECK((serial.read(msr) & 0x0f) == 0);
  serial.write(rbr, 'q');
  CHECK(serial.read(rbr) == 'q');
  serial.write(rbr, '1');
  serial.write(rbr, '2');
  CHECK((serial.read(lsr) & 0x03) == 0x03);  // overrun
  CHECK((serial.read(lsr) & 0x02) == 0);
  serial.out.flush();
  CHECK(serial.pipe.received().empty());
}

TEST_CASE("the scratch register keeps its value") {
  Serial serial(-1);
  serial.write(scr, 0x5a);
  CHECK(serial.read(scr) == 0x5a);
}

TEST_CASE("a guest that only transmits never waits for a silent writer on standard input") {
  HostPipe silent;
  Serial serial(silent.reader());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    CHECK((serial.read(lsr) & 1) == 0);
    serial.write(rbr, 'x');
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(200));
}

TEST_CASE("a guest that polls for input gets what a pipe holds, then its end") {
  HostPipe input;
  input.send("k");
  Serial serial(input.reader());
  CHECK((serial.read(lsr) & 1) == 1);
  CHECK(serial.read(rbr) == 'k');
  input.close_writer();
  CHECK((serial.read(lsr) & 1) == 0);
  CHECK((serial.read(lsr) & 1) == 0);
  CHECK(serial.in.at_end());
}

TEST_CASE("an input whose writer has gone is waited for as if more could come") {
  HostPipe pipe;
  HostInput input(pipe.reader());
  pipe.send("x");
  pipe.close_writer();
  input.wait_for_data(std::chrono::milliseconds(1));
  REQUIRE(input.live());  // there is a byte to read yet
  std::uint8_t byte = 0;
  REQUIRE(input.read({&byte, 1}, HostInput::Wait::none) == 1);
  input.wait_for_data(std::chrono::milliseconds(1));
  REQUIRE(!input.live());
}

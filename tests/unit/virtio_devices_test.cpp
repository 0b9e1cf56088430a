#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "emu/devices/virtio/block.hpp"
#include "emu/devices/virtio/console.hpp"
#include "tests/unit/host_pipe.hpp"
#include "tests/unit/virtio_driver.hpp"

using namespace hartbeat;
using hartbeat::test::HostFile;
using hartbeat::test::HostPipe;
using Driver = hartbeat::test::VirtioDriver;

namespace {

constexpr std::uint64_t header = Driver::buffers, data = Driver::buffers + 0x1000,
                        status = Driver::buffers + 0x9000;

auto block(int descriptor, std::uint64_t bytes, bool write_through) {
  return [=](Board& board) -> std::unique_ptr<virtio::Device> {
    auto image = std::make_shared<virtio::DiskImage>(::dup(descriptor), bytes, write_through);
    return std::make_unique<virtio::Block>(std::move(image), board);
  };
}

// One request; returns its status byte (0xee: the device has not written it).
unsigned request(Driver& driver, std::uint32_t type, std::uint64_t sector, std::uint32_t bytes,
                 bool device_writes) {
  driver.poke<std::uint32_t>(header, type);
  driver.poke<std::uint64_t>(header + 8, sector);
  driver.poke<std::uint8_t>(status, 0xee);
  driver.describe(0, header, 16, Driver::next, 1);
  driver.describe(1, data, bytes, Driver::next | (device_writes ? Driver::write : 0), 2);
  driver.describe(2, status, 1, Driver::write);
  driver.offer(0);
  driver.notify();
  return driver.peek<std::uint8_t>(status);
}

}  // namespace

TEST_CASE("a disk's sectors are read from the file, and its padding is zero") {
  HostFile file(std::string(512, 'a') + std::string(512, 'b') + "tail");
  Driver driver(block(file.descriptor(), 1028, false));
  driver.start();
  CHECK(driver.reg(0x100) == 3);  // capacity
  CHECK(request(driver, 0, 1, 1024, true) == 0);
  CHECK(driver.used_length(0) == 1025);
  CHECK(driver.peek_text(data, 512) == std::string(512, 'b'));
  CHECK(driver.peek_text(data + 512, 5) == std::string("tail\0", 5));
  CHECK(driver.board.saw_write_to(data));
}

TEST_CASE("what the guest writes to a disk is read back but does not reach the file") {
  const std::string content(8192, 'a');
  HostFile file(content);
  Driver driver(block(file.descriptor(), 8192, false));
  driver.start();
  driver.poke_text(data, std::string(512, 'Z'));
  CHECK(request(driver, 1, 9, 512, false) == 0);
  CHECK(request(driver, 0, 8, 1536, true) == 0);
  CHECK(driver.peek_text(data, 1536) ==
        std::string(512, 'a') + std::string(512, 'Z') + std::string(512, 'a'));
  CHECK(file.content() == content);
}

TEST_CASE("with rw what the guest writes reaches the file") {
  HostFile file(std::string(1024, 'a'));
  Driver driver(block(file.descriptor(), 1024, true));
  driver.start();
  driver.poke_text(data, std::string(512, 'Z'));
  CHECK(request(driver, 1, 1, 512, false) == 0);
  CHECK(request(driver, 4, 0, 0, false) == 0);
  CHECK(file.content() == std::string(512, 'a') + std::string(512, 'Z'));
}

TEST_CASE("what was cut off a disk's file reads as zeros, or is written and makes the file grow") {
  const bool write_through = GENERATE(false, true);
  HostFile file(std::string(16384, 'a'));
  Driver driver(block(file.descriptor(), 16384, write_through));
  driver.start();
  CHECK(request(driver, 0, 16, 512, true) == 0);
  REQUIRE(::ftruncate(file.descriptor(), 4096) == 0);
  CHECK(request(driver, 0, 16, 512, true) == 1);  // VIRTIO_BLK_S_IOERR
  CHECK(request(driver, 0, 7, 1024, true) == 1);
  CHECK(request(driver, 1, 16, 512, false) == 1);
  CHECK(request(driver, 0, 7, 512, true) == 0);
  CHECK(::lseek(file.descriptor(), 0, SEEK_END) == 4096);
}

TEST_CASE("a request outside the disk or of broken length is an I/O error") {
  HostFile file(std::string(1024, 'a'));
  Driver driver(block(file.descriptor(), 1024, false));
  driver.start();
  CHECK(request(driver, 0, 2, 512, true) == 1);
  CHECK(request(driver, 0, 1, 1024, true) == 1);
  CHECK(request(driver, 0, ~std::uint64_t{0}, 512, true) == 1);
  CHECK(request(driver, 1, 2, 512, false) == 1);
  CHECK(request(driver, 0, 0, 100, true) == 1);
  CHECK(request(driver, 77, 0, 512, true) == 2);
  CHECK(request(driver, 8, 0, 20, true) == 0);
  CHECK(driver.peek_text(data, 9) == std::string("hartbeat\0", 9));
}

TEST_CASE("a disk request without header or status is returned, and the next one is served") {
  HostFile file(std::string(1024, 'a'));
  Driver driver(block(file.descriptor(), 1024, false));
  driver.start();
  driver.describe(5, data, 8, 0);
  driver.offer(5);
  driver.describe(6, header, 16, 0);
  driver.offer(6);
  driver.notify();
  CHECK(driver.used_index() == 2);
  CHECK(driver.used_length(0) == 0);
  CHECK(request(driver, 0, 0, 512, true) == 0);
}

TEST_CASE("a disk header may be split over buffers") {
  HostFile file(std::string(512, 'q'));
  Driver driver(block(file.descriptor(), 512, false));
  driver.start();
  driver.poke<std::uint64_t>(header, 0);
  driver.poke<std::uint64_t>(header + 0x100, 0);
  driver.describe(0, header, 8, Driver::next, 1);
  driver.describe(1, header + 0x100, 8, Driver::next, 2);
  driver.describe(2, data, 513, Driver::write);
  driver.offer(0);
  driver.notify();
  CHECK(driver.peek_text(data, 512) == std::string(512, 'q'));
  CHECK(driver.peek<std::uint8_t>(data + 512) == 0);
}

namespace {

struct ConsoleDriver {
  ConsoleDriver(int input, bool wait, std::uint64_t features = 0)
      : ConsoleDriver(input, virtio::ConsoleOptions{wait, false, nullptr}, features) {}
  ConsoleDriver(int input, const virtio::ConsoleOptions& options, std::uint64_t features = 0)
      : in(input), driver([this, options](Board& board) -> std::unique_ptr<virtio::Device> {
          return std::make_unique<virtio::Console>(out, in, options, board);
        }) {
    driver.start(8, std::uint64_t{1} << 32 | features);
    driver.place_queue(1, 8);
  }
  void post(unsigned slot, std::uint32_t bytes) {
    driver.describe(slot, data + 0x100 * slot, bytes, Driver::write);
    driver.offer(static_cast<std::uint16_t>(slot));
  }
  HostPipe pipe;
  HostOutput out{pipe.writer()};
  HostInput in;
  Driver driver;
};

}  // namespace

TEST_CASE("a console writes the guest's bytes in order, over buffers and chains") {
  ConsoleDriver console(-1, true);
  Driver& driver = console.driver;
  driver.poke_text(data, "hello world\n");
  const std::uint64_t table = Driver::descriptors + 0x4000;
  driver.describe(0, data, 6, Driver::next, 1, table);
  driver.describe(1, data + 6, 6, 0, 0, table);
  driver.offer(0, 1);
  driver.notify(1);
  CHECK(console.pipe.received() == "hello world\n");
  CHECK(driver.used_index(1) == 1);
  CHECK(driver.used_length(0, 1) == 0);
}

TEST_CASE("a console takes input only for posted buffers, one at a time, and returns length 0 at its end") {
  HostPipe input;
  input.send("abcdef");
  input.close_writer();
  ConsoleDriver console(input.reader(), true);
  Driver& driver = console.driver;
  console.post(0, 4);
  console.post(1, 4);
  driver.notify(0);
  CHECK(driver.used_index() == 1);
  CHECK(driver.used_length(0) == 4);
  CHECK(driver.peek_text(data, 4) == "abcd");
  driver.reg(0x064, 1);
  CHECK(driver.used_index() == 2);
  CHECK(driver.used_length(1) == 2);
  CHECK(driver.peek_text(data + 0x100, 2) == "ef");
  console.post(2, 4);
  console.post(3, 4);
  driver.notify(0);
  CHECK(driver.used_index() == 4);
  CHECK(driver.used_length(2) == 0);
  CHECK(driver.used_length(3) == 0);
}

TEST_CASE("a console that does not wait delivers input when it is polled") {
  HostPipe input;
  ConsoleDriver console(input.reader(), false);
  Driver& driver = console.driver;
  console.post(0, 4);
  driver.notify(0);
  CHECK(driver.used_index() == 0);
  CHECK(driver.transport.wants_polling());
  input.send("xy");
  driver.transport.poll();
  CHECK(driver.used_index() == 1);
  CHECK(driver.peek_text(data, 2) == "xy");
  CHECK(driver.interrupted());
}

namespace {

constexpr std::uint64_t feature_size = 1;  // VIRTIO_CONSOLE_F_SIZE

// A pseudo-terminal: what is typed at one end is the input of the other.
class HostTerminal {
 public:
  HostTerminal() {
    REQUIRE(::openpty(&keyboard_, &device_, nullptr, nullptr, nullptr) == 0);
    termios settings{};
    REQUIRE(::tcgetattr(device_, &settings) == 0);
    ::cfmakeraw(&settings);
    REQUIRE(::tcsetattr(device_, TCSANOW, &settings) == 0);
  }
  ~HostTerminal() {
    ::close(keyboard_);
    ::close(device_);
  }
  HostTerminal(const HostTerminal&) = delete;
  HostTerminal& operator=(const HostTerminal&) = delete;
  int device() const { return device_; }
  void type(const std::string& text) {
    REQUIRE(::write(keyboard_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

 private:
  int keyboard_ = -1, device_ = -1;
};

}  // namespace

TEST_CASE("a console's driver is told of its window's size once at the start and whenever it changes") {
  HostPipe input;
  virtio::WindowSize window{132, 43};
  ConsoleDriver console(input.reader(), {false, false, [&window] { return window; }}, feature_size);
  Driver& driver = console.driver;
  CHECK((driver.reg(0x010) & feature_size) != 0);
  CHECK(driver.reg(0x100) == (43U << 16 | 132));
  driver.transport.poll();
  CHECK(driver.reg(0x060) == 2);
  CHECK(driver.interrupted());
  driver.reg(0x064, 2);
  driver.transport.poll();
  CHECK(driver.reg(0x060) == 0);
  const std::uint32_t generation = driver.reg(0x0fc);
  window = {80, 24};
  CHECK(driver.reg(0x100) == (43U << 16 | 132));  // not before the driver is told
  driver.transport.poll();
  CHECK(driver.reg(0x100) == (24U << 16 | 80));
  CHECK(driver.reg(0x060) == 2);
  CHECK(driver.reg(0x0fc) != generation);
  driver.reg(0x070, 0);
  CHECK(driver.reg(0x060) == 0);
}

TEST_CASE("a console without a window has no size and never a configuration interrupt") {
  HostPipe input;
  ConsoleDriver console(input.reader(), false);
  CHECK((console.driver.reg(0x010) & feature_size) == 0);
  CHECK(console.driver.reg(0x100) == 0);
  console.driver.transport.poll();
  CHECK(console.driver.reg(0x060) == 0);
}

TEST_CASE(
    "what is typed before a console's guest listens is not lost, and keys of the emulator work then, too") {
  HostTerminal terminal;
  ConsoleDriver console(terminal.device(), false);
  Driver& driver = console.driver;
  std::string keys;
  console.in.on_escape([&keys](std::uint8_t key) {
    keys += static_cast<char>(key);
    return true;
  });
  terminal.type("ab\x01hc");
  driver.transport.poll();
  CHECK(keys == "h");
  driver.reg(0x070, 0);
  terminal.type("d");
  driver.transport.poll();
  driver.start();
  console.post(0, 2);
  driver.notify(0);
  CHECK(driver.peek_text(data, 2) == "ab");
  console.post(1, 8);
  driver.notify(0);
  CHECK(driver.used_length(1) == 2);
  CHECK(driver.peek_text(data + 0x100, 2) == "cd");
}

TEST_CASE("a foreign driver gets input while it sets itself up, or its buffers back at the end") {
  HostFile input("early");
  ConsoleDriver console(input.descriptor(), {false, true, nullptr});
  Driver& driver = console.driver;
  CHECK(driver.transport.wants_polling());
  console.post(0, 8);
  driver.notify(0);
  driver.transport.poll();
  console.post(1, 8);
  driver.notify(0);
  driver.transport.poll();
  CHECK(driver.used_index() == 0);
  driver.transport.poll();
  CHECK(driver.used_index() == 1);
  CHECK(driver.peek_text(data, 5) == "early");
  driver.reg(0x064, 1);
  driver.transport.poll();
  driver.transport.poll();
  CHECK(driver.used_index() == 1);
  CHECK_FALSE(driver.transport.wants_polling());
}

TEST_CASE("a buffer that was posted to a queue which has been stopped since is written to") {
  HostPipe input;
  ConsoleDriver console(input.reader(), false);
  Driver& driver = console.driver;
  console.post(0, 4);
  driver.notify(0);
  driver.reg(0x030, 0);
  driver.reg(0x044, 0);
  const std::uint64_t elsewhere = GENERATE(std::uint64_t{Driver::used}, std::uint64_t{0x1000});
  driver.reg(0x0a0, elsewhere);
  driver.reg(0x038, 0);
  input.send("late");
  driver.transport.poll();
  CHECK(driver.peek_text(data, 4) == std::string(4, '\0'));
  CHECK(driver.used_index() == 0);
}

#include "guestos/firmware/console.hpp"

#include "guestos/firmware/mmio.hpp"

namespace hartbeat::firmware {
namespace {

// Registers and bits of the NS16550A data sheet.
enum Register : unsigned {
  data = 0,
  interrupt_enable = 1,
  fifo_control = 2,
  line_control = 3,
  line_status = 5
};
enum Divisor : unsigned { divisor_low = 0, divisor_high = 1 };
constexpr std::uint8_t line_8n1 = 0x03;
constexpr std::uint8_t divisor_access = 0x80;
constexpr std::uint8_t fifos_on = 0x01;
constexpr std::uint8_t data_ready = 0x01;
constexpr std::uint8_t transmitter_empty = 0x20;
constexpr std::uint32_t baud_rate = 115200;

}  // namespace

Console::Lock::Lock(Console& console) : console_(console) {
  while (console_.locked_.exchange(1, std::memory_order_acquire) != 0) {
  }
}

Console::Lock::~Lock() { console_.locked_.store(0, std::memory_order_release); }

std::uint8_t Console::read(unsigned number) const {
  const std::uint64_t address = uart_.address + (std::uint64_t{number} << uart_.register_shift);
  if (uart_.register_width == 4) return static_cast<std::uint8_t>(mmio_read<std::uint32_t>(address));
  return mmio_read<std::uint8_t>(address);
}

void Console::write(unsigned number, std::uint8_t value) const {
  const std::uint64_t address = uart_.address + (std::uint64_t{number} << uart_.register_shift);
  if (uart_.register_width == 4) {
    mmio_write<std::uint32_t>(address, value);
  } else {
    mmio_write<std::uint8_t>(address, value);
  }
}

void Console::start(const UartDescription& uart) {
  uart_ = uart;
  if (!present()) return;
  write(interrupt_enable, 0);
  if (const std::uint32_t divisor = uart_.clock_hertz / (16 * baud_rate); divisor != 0) {
    write(line_control, divisor_access);
    write(divisor_low, static_cast<std::uint8_t>(divisor));
    write(divisor_high, static_cast<std::uint8_t>(divisor >> 8));
  }
  write(line_control, line_8n1);
  write(fifo_control, fifos_on);
}

void Console::put(std::uint8_t byte) {
  if (!present()) return;
  while ((read(line_status) & transmitter_empty) == 0) {
  }
  write(data, byte);
}

std::optional<std::uint8_t> Console::get() {
  if (!present() || (read(line_status) & data_ready) == 0) return std::nullopt;
  return read(data);
}

void Console::print(std::string_view text) {
  for (const char character : text) {
    if (character == '\n') put('\r');
    put(static_cast<std::uint8_t>(character));
  }
}

void Console::print_hex(std::uint64_t value) {
  print("0x");
  bool leading = true;
  for (int shift = 60; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 0xf;
    leading = leading && digit == 0 && shift != 0;
    if (!leading) put(static_cast<std::uint8_t>(digit < 10 ? '0' + digit : 'a' + digit - 10));
  }
}

}  // namespace hartbeat::firmware

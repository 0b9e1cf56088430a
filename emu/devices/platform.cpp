#include "emu/devices/platform.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "emu/devices/mmio.hpp"

namespace hartbeat {
namespace {

constexpr std::uint64_t polls_per_second = 1000;  // of guest time

}  // namespace

Platform::Platform(const PlatformConfig& config, Board& board)
    : ram_(PlatformConfig::ram_base, config.memory),
      board_(board),
      uart_output_(config.uart_output),
      uart_input_(config.uart_input),
      finisher_(board),
      clint_(config.harts, config.timebase_hz, config.clock_hz, board),
      sswi_(config.harts, board),
      plic_(config.harts, board),
      rtc_(config.rtc_epoch, config.clock_hz, InterruptLine(plic_, GoldfishRtc::interrupt), board),
      uart_(InterruptLine(plic_, Uart16550::interrupt), uart_output_, uart_input_),
      poll_interval_(std::max<std::uint64_t>(1, config.clock_hz / polls_per_second)),
      next_poll_(uart_input_.live() ? Cycle{poll_interval_} : never) {
  uart_input_.on_wait([this] { flush(); });
  if (uart_input_.is_terminal()) uart_input_.on_quit([this] { board_.power_off(0); });
  map_devices();
}

Platform::~Platform() { flush(); }

void Platform::map_devices() {
  bus_.add("boot-rom", BootRom::base, BootRom::size, mmio_of(boot_rom_));
  bus_.add("finisher", Finisher::base, Finisher::size, mmio_of(finisher_));
  bus_.add("rtc", GoldfishRtc::base, GoldfishRtc::size, mmio_of(rtc_));
  bus_.add("clint", Clint::base, Clint::size, mmio_of(clint_));
  bus_.add("sswi", Sswi::base, Sswi::size, mmio_of(sswi_));
  bus_.add("plic", Plic::base, Plic::size, mmio_of(plic_));
  bus_.add("uart", Uart16550::base, Uart16550::size, mmio_of(uart_));
}

const std::uint8_t* Platform::fetchable(PhysAddr address, std::uint64_t length) const {
  if (ram_.contains(address, length)) return ram_.host(address);
  return boot_rom_.contains(address, length) ? boot_rom_.host(address) : nullptr;
}

Cycle Platform::next_event() const { return std::min({clint_.next_event(), rtc_.next_event(), next_poll_}); }

void Platform::advance(Cycle now, bool idle) {
  clint_.advance(now);
  rtc_.advance(now);
  if (next_poll_ <= now) poll_input(now, idle);
}

bool Platform::wants_polling() const { return uart_.wants_polling(); }

void Platform::poll_input(Cycle now, bool idle) {
  if (wants_polling()) {
    if (idle) uart_input_.wait_for_data(std::chrono::milliseconds(1000 / polls_per_second));
    uart_.poll();
  }
  next_poll_ = uart_input_.live() ? Cycle{now.value + poll_interval_} : never;
}

void Platform::enable_htif(PhysAddr tohost, PhysAddr fromhost) {
  if (ram_.contains(tohost, 8)) htif_.emplace(tohost, fromhost, ram_, uart_output_, uart_input_, board_);
}

std::optional<PhysAddr> Platform::tohost() const {
  return htif_ ? std::optional(htif_->tohost()) : std::nullopt;
}

void Platform::memory_stored(PhysAddr address, unsigned size) {
  if (!htif_) return;
  const std::uint64_t tohost = htif_->tohost().value;
  if (address.value + size <= tohost || address.value >= tohost + 8) return;
  std::uint64_t value = 0;
  std::memcpy(&value, ram_.host(htif_->tohost()), sizeof value);
  htif_->written(value);
}

void Platform::flush() { uart_output_.flush(); }

}  // namespace hartbeat

#include "emu/devices/platform.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "emu/devices/mmio.hpp"
#include "emu/devices/virtio/block.hpp"
#include "emu/devices/virtio/entropy.hpp"

namespace hartbeat {
namespace {

constexpr std::uint64_t polls_per_second = 1000;  // of guest time

}  // namespace

Platform::Platform(const PlatformConfig& config, Board& board)
    : ram_(PlatformConfig::ram_base, config.memory),
      board_(board),
      finisher_(board),
      clint_(config.harts, config.timebase_hz, config.clock_hz, board),
      sswi_(config.harts, board),
      plic_(config.harts, board),
      rtc_(config.rtc_epoch, config.clock_hz, InterruptLine(plic_, GoldfishRtc::interrupt), board),
      uart_(InterruptLine(plic_, Uart16550::interrupt), add_output(config.uart_output, config),
            add_input(config.uart_input, config)),
      poll_interval_(std::max<std::uint64_t>(1, config.clock_hz / polls_per_second)),
      next_poll_(never) {
  map_devices();
  plug_virtio(config);
  if (live_input()) next_poll_ = Cycle{poll_interval_};
}

HostOutput& Platform::add_output(int descriptor, const PlatformConfig& config) {
  HostOutput& output = outputs_.emplace_back(descriptor);
  output.on_write(config.before_output);
  return output;
}

HostInput& Platform::add_input(int descriptor, const PlatformConfig& config) {
  HostInput& input = inputs_.emplace_back(descriptor);
  input.on_wait([this] { flush(); });
  input.on_signal(config.gives_up_waiting);
  return input;
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

std::unique_ptr<virtio::Device> Platform::make_device(const VirtioSlot& slot, const PlatformConfig& config) {
  if (const auto* console = std::get_if<ConsoleSlot>(&slot)) {
    return std::make_unique<virtio::Console>(add_output(console->output, config),
                                             add_input(console->input, config), console->options, board_);
  }
  if (const auto* disk = std::get_if<DiskSlot>(&slot)) {
    return std::make_unique<virtio::Block>(disk->image, board_);
  }
  if (const auto* network = std::get_if<NetworkSlot>(&slot)) {
    return std::make_unique<virtio::Network>(network->link, config.virtio_legacy, board_);
  }
  return std::holds_alternative<EntropySlot>(slot) ? std::make_unique<virtio::Entropy>(config.seed, board_)
                                                   : nullptr;
}

// Every slot is there, as on QEMU's board; those without a device say so.
void Platform::plug_virtio(const PlatformConfig& config) {
  using virtio::Transport;
  for (unsigned i = 0; i < Transport::slots; ++i) {
    const VirtioSlot slot = i < config.virtio.size() ? config.virtio[i] : VirtioSlot{};
    virtio_.push_back(std::make_unique<Transport>(make_device(slot, config), config.virtio_legacy,
                                                  InterruptLine(plic_, Transport::first_interrupt + i), ram_,
                                                  board_));
    bus_.add("virtio", PhysAddr{Transport::first_base.value + i * Transport::size}, Transport::size,
             mmio_of(*virtio_.back()));
  }
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

// Whether input may come that no device is going to wait for.
bool Platform::live_input() const {
  return inputs_.front().live() || std::any_of(virtio_.begin(), virtio_.end(), [](const auto& transport) {
           return transport->wants_polling();
         });
}

// One thing is waited for: the others are looked at a moment later.
void Platform::wait_for_host() {
  constexpr std::chrono::milliseconds limit(1000 / polls_per_second);
  const auto waits = [limit](const auto& transport) { return transport->wait_for_host(limit); };
  if (std::any_of(virtio_.begin(), virtio_.end(), waits)) return;
  const auto live =
      std::find_if(inputs_.begin(), inputs_.end(), [](HostInput& input) { return input.live(); });
  if (live != inputs_.end()) live->wait_for_data(limit);
}

void Platform::poll_input(Cycle now, bool idle) {
  if (idle) wait_for_host();
  if (uart_.wants_polling()) uart_.poll();
  for (const auto& transport : virtio_) {
    if (transport->wants_polling()) transport->poll();
  }
  next_poll_ = live_input() ? Cycle{now.value + poll_interval_} : never;
}

void Platform::enable_htif(PhysAddr tohost, PhysAddr fromhost) {
  if (ram_.contains(tohost, 8))
    htif_.emplace(tohost, fromhost, ram_, outputs_.front(), inputs_.front(), board_);
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

void Platform::enable_escape_keys(std::function<bool(std::uint8_t key)> other) {
  const auto action = [this, other = std::move(other)](std::uint8_t key) {
    if (key != 'x') return other(key);
    board_.power_off(0);
    return true;
  };
  for (HostInput& input : inputs_) input.on_escape(action);
}

void Platform::on_input_wanted(const std::function<void()>& action) {
  for (HostInput& input : inputs_) input.on_wanted(action);
}

void Platform::flush() {
  for (HostOutput& output : outputs_) output.flush();
}

}  // namespace hartbeat

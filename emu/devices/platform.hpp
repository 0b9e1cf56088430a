// The board: RAM, the bus and every device at the addresses of QEMU's virt machine (DESIGN D2).
// It knows nothing of harts but what Board offers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "emu/devices/board.hpp"
#include "emu/devices/boot_rom.hpp"
#include "emu/devices/bus.hpp"
#include "emu/devices/clint.hpp"
#include "emu/devices/finisher.hpp"
#include "emu/devices/goldfish_rtc.hpp"
#include "emu/devices/host_stream.hpp"
#include "emu/devices/htif.hpp"
#include "emu/devices/plic.hpp"
#include "emu/devices/ram.hpp"
#include "emu/devices/uart16550.hpp"
#include "emu/devices/virtio/console.hpp"
#include "emu/devices/virtio/disk_image.hpp"
#include "emu/devices/virtio/mmio.hpp"
#include "emu/devices/virtio/network.hpp"

namespace hartbeat {

// What sits in a virtio-mmio slot.
struct ConsoleSlot {
  int input = -1, output = -1;  // host file descriptors; -1: none
  virtio::ConsoleOptions options;
};
struct EntropySlot {};
struct DiskSlot {
  std::shared_ptr<virtio::DiskImage> image;  // outlives the machine when it is to be started again
};
struct NetworkSlot {
  std::shared_ptr<virtio::EthernetLink> link;
};
using VirtioSlot = std::variant<std::monostate, ConsoleSlot, EntropySlot, DiskSlot, NetworkSlot>;

struct PlatformConfig {
  static constexpr PhysAddr ram_base{0x8000'0000};

  unsigned harts = 1;
  std::uint64_t memory = std::uint64_t{256} << 20;  // bytes of RAM, a multiple of the page size
  std::uint64_t clock_hz = 1'000'000'000;           // core cycles per second of guest time
  std::uint64_t timebase_hz = 10'000'000;           // mtime ticks per second of guest time
  std::uint64_t rtc_epoch = 1'767'225'600;          // seconds since 1970 at cycle 0 (2026-01-01)
  std::uint64_t seed = 1;                           // of the entropy device
  bool virtio_legacy = false;                       // version 1 of virtio-mmio, for old drivers
  std::vector<VirtioSlot> virtio;                   // slot 0 first, at most eight
  HostOutput::BeforeWrite before_output{};          // called before guest output goes to the host
  std::function<bool()> gives_up_waiting;           // asked when a host signal ends a wait for input
  int uart_input = -1, uart_output = 1;             // host file descriptors; -1: none
};

class Platform {
 public:
  // Throws std::bad_alloc when the host cannot reserve the RAM.
  Platform(const PlatformConfig& config, Board& board);
  ~Platform();

  Ram& ram() { return ram_; }
  const Ram& ram() const { return ram_; }
  BootRom& boot_rom() { return boot_rom_; }
  Bus& bus() { return bus_; }
  const Clint& clint() const { return clint_; }

  // Host bytes from which an instruction at `address` may be fetched (RAM or boot ROM), or null: fetch access
  // fault.
  const std::uint8_t* fetchable(PhysAddr address, std::uint64_t length) const;

  // One naturally aligned device access of 1, 2, 4 or 8 bytes at the time `now` of the accessing hart.
  // False: access fault. RAM is not reached through here.
  bool read(PhysAddr address, unsigned size, Cycle now, std::uint64_t& value) {
    return bus_.read(address, size, now, value);
  }
  bool write(PhysAddr address, unsigned size, std::uint64_t value, Cycle now) {
    return bus_.write(address, size, value, now);
  }

  // Time. A machine calls advance(now) as soon as the smallest clock of its harts reaches next_event();
  // devices then change their interrupt levels. `idle`: every hart sleeps, so waiting for host input for a
  // moment costs nothing.
  std::uint64_t mtime(Cycle now) const { return clint_.mtime(now); }
  Cycle next_event() const;
  void advance(Cycle now, bool idle = false);

  // HTIF, for images with the symbols `tohost` and `fromhost` ({0}: absent). Both must lie in RAM.
  void enable_htif(PhysAddr tohost, PhysAddr fromhost);
  // The doubleword to watch, if any. Whoever stores to RAM there calls memory_stored afterwards.
  std::optional<PhysAddr> tohost() const;
  // A store of `size` bytes to RAM at `address` has been done. Cheap when it does not touch tohost.
  void memory_stored(PhysAddr address, unsigned size);

  // In a raw terminal, the keys of QEMU's console (otherwise they are input like any other): Ctrl-A x ends the run with status 0, Ctrl-A and another key asks `other`, which says whether the key was its own.
  void enable_escape_keys(std::function<bool(std::uint8_t key)> other);
  // Calls `action` when the guest asks one of its consoles for input, once for each.
  void on_input_wanted(const std::function<void()>& action);

  // Writes everything out that the guest has printed.
  void flush();

 private:
  void map_devices();
  HostOutput& add_output(int descriptor, const PlatformConfig& config);
  HostInput& add_input(int descriptor, const PlatformConfig& config);
  void plug_virtio(const PlatformConfig& config);
  std::unique_ptr<virtio::Device> make_device(const VirtioSlot& slot, const PlatformConfig& config);
  void poll_input(Cycle now, bool idle);
  void wait_for_host();
  bool live_input() const;

  Ram ram_;
  BootRom boot_rom_;
  Bus bus_;
  Board& board_;
  std::deque<HostOutput> outputs_;  // the UART's first; devices keep references
  std::deque<HostInput> inputs_;
  Finisher finisher_;
  Clint clint_;
  Sswi sswi_;
  Plic plic_;
  GoldfishRtc rtc_;
  Uart16550 uart_;
  std::vector<std::unique_ptr<virtio::Transport>> virtio_;
  std::optional<Htif> htif_;
  std::uint64_t poll_interval_;  // cycles between two looks at live input
  Cycle next_poll_;
};

}  // namespace hartbeat

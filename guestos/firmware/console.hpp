// The console: an NS16550A, polled. Shared by all harts; the lock is held for one byte or one message, never
// while anything is waited for that needs another hart.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "guestos/firmware/platform.hpp"

namespace hartbeat::firmware {

class Console {
 public:
  class Lock {
   public:
    explicit Lock(Console& console);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    Console& console_;
  };

  // Resets the UART to 115200 baud, 8N1, FIFOs on, no interrupts.
  void start(const UartDescription& uart);
  bool present() const { return uart_.address != 0; }

  // Callers hold a Lock.
  void put(std::uint8_t byte);
  std::optional<std::uint8_t> get();

  // For the firmware's own last words: a message ends in "\n", written as CR LF.
  void print(std::string_view text);
  void print_hex(std::uint64_t value);

 private:
  std::uint8_t read(unsigned number) const;
  void write(unsigned number, std::uint8_t value) const;

  UartDescription uart_;
  std::atomic<std::uint32_t> locked_{0};
};

}  // namespace hartbeat::firmware

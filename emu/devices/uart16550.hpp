// NS16550A serial port (National Semiconductor PC16550D data sheet, June 1995), one byte per register.
// Characters leave at once: the transmitter is always empty, and the line's speed is not modelled.
#pragma once

#include <cstdint>
#include <deque>

#include "emu/devices/board.hpp"
#include "emu/devices/host_stream.hpp"
#include "emu/devices/plic.hpp"

namespace hartbeat {

class Uart16550 {
 public:
  static constexpr PhysAddr base{0x1000'0000};
  static constexpr std::uint64_t size = 0x100;
  static constexpr unsigned interrupt = 10;

  Uart16550(InterruptLine line, HostOutput& output, HostInput& input)
      : line_(line), output_(output), input_(input) {}

  bool read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value);
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now);

  // The guest waits for input by interrupt and more may come.
  bool wants_polling() const;
  // Looks for input without waiting.
  void poll();

 private:
  static constexpr std::size_t fifo_depth = 16;

  std::uint8_t read_register(unsigned index);
  void write_register(unsigned index, std::uint8_t value);
  void write_ier(std::uint8_t value);
  void write_fcr(std::uint8_t value);
  void write_mcr(std::uint8_t value);
  std::uint8_t receive();
  std::uint8_t line_status();
  void transmit(std::uint8_t byte);
  void refill(HostInput::Wait wait);
  std::size_t trigger_level() const;
  std::uint8_t interrupt_identification() const;
  void update_interrupt();
  void announce_transmitter(bool is_empty);

  std::uint8_t ier_ = 0, fcr_ = 0, lcr_ = 0, mcr_ = 0, scr_ = 0;
  std::uint8_t msr_ = 0xb0;  // carrier, data set ready and clear to send: a terminal is there
  std::uint8_t dll_ = 0x0c, dlm_ = 0;
  bool thr_empty_interrupt_ = false;
  bool overrun_ = false;
  bool status_was_empty_ = false;  // the last LSR read said "nothing received" and nothing was sent since
  std::deque<std::uint8_t> fifo_;
  InterruptLine line_;
  HostOutput& output_;
  HostInput& input_;
};

}  // namespace hartbeat

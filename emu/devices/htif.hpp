// HTIF: the host-target interface of riscv-tests and Spike's proxy kernel, through two words of guest memory.
// A test ends by storing an odd value to `tohost`; an even one asks for a small service.
#pragma once

#include <cstdint>

#include "emu/devices/board.hpp"
#include "emu/devices/host_stream.hpp"
#include "emu/devices/ram.hpp"

namespace hartbeat {

class Htif {
 public:
  // Both words lie in RAM (8 bytes each); `fromhost` may be absent ({0}).
  Htif(PhysAddr tohost, PhysAddr fromhost, Ram& ram, HostOutput& output, HostInput& input, Board& board)
      : tohost_(tohost), fromhost_(fromhost), ram_(ram), output_(output), input_(input), board_(board) {}

  PhysAddr tohost() const { return tohost_; }

  // The guest has stored to `tohost`, which now holds `value`:
  //   bit 0 set (device 0)          the run ends with status value >> 1 (riscv-tests: 0 is a pass, else the
  //   test's number) device 1, command 1           writes the low byte to the console; command 0 reads one
  //   device 0, even                address of eight doublewords: a proxied system call (write and exit)
  // Afterwards `tohost` is 0 and, for a service, `fromhost` holds the answer.
  void written(std::uint64_t value);

 private:
  void system_call(PhysAddr block);
  std::uint64_t write_call(std::uint64_t fd, PhysAddr buffer, std::uint64_t length);
  void answer(std::uint64_t value);
  std::uint64_t load(PhysAddr address) const;
  void store(PhysAddr address, std::uint64_t value);

  PhysAddr tohost_, fromhost_;
  Ram& ram_;
  HostOutput& output_;
  HostInput& input_;
  Board& board_;
};

}  // namespace hartbeat

// One program on the machine `cva6` under the cycle model.
#pragma once

#include <cstdint>
#include <string>

#include "emu/timing/retirement.hpp"

namespace hartbeat::accuracy {

struct GuestRun {
  std::string output;       // what the UART printed
  std::uint64_t total = 0;  // cycle in which the last store (to tohost) was accepted by memory
  std::uint64_t instret = 0;
  std::uint64_t unattributed = 0;  // cycles that the stall accounting lost; 0
  std::uint64_t divergences = 0;   // times the model's front end was not where the program was; 0
  bool finished = false;           // the program ended by itself
  double seconds = 0;              // host CPU time
};

// Runs an ELF at one memory latency; `trace`, if any, hears every commit.
GuestRun run_guest(const std::string& elf, unsigned latency, timing::TraceSink* trace);

}  // namespace hartbeat::accuracy

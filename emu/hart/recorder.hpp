// What one observed instruction did: filled by the observed view, read by traces and cycle models.
#pragma once

#include <array>
#include <cstdint>

#include "emu/hart/events.hpp"

namespace hartbeat {

struct Recorder {
  std::array<MemoryEffect, 4> memory{};
  std::array<CsrEffect, 4> csrs{};
  std::uint8_t memory_count = 0;
  std::uint8_t csr_count = 0;
  RetireEvent event;  // told from here; the view fills in what is written to rd, tell_retired the rest
  RetireSink* sink = nullptr;  // the hart's (Listener::retirements_of), while it runs under a cycle model

  void clear() {
    memory_count = csr_count = 0;
    event.writes_x = event.writes_f = false;
  }
  void memory_effect(const MemoryEffect& effect) {
    if (memory_count < memory.size()) memory[memory_count++] = effect;
  }
  void csr_effect(std::uint16_t address, std::uint64_t value) {
    if (csr_count < csrs.size()) csrs[csr_count++] = {address, value};
  }
};

}  // namespace hartbeat

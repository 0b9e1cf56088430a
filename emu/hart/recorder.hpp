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
  bool wrote_x = false, wrote_f = false;
  std::uint64_t rd_value = 0;
  std::uint32_t fflags_raised = 0;

  void clear() {
    memory_count = csr_count = 0;
    wrote_x = wrote_f = false;
    fflags_raised = 0;
  }
  void memory_effect(const MemoryEffect& effect) {
    if (memory_count < memory.size()) memory[memory_count++] = effect;
  }
  void csr_effect(std::uint16_t address, std::uint64_t value) {
    if (csr_count < csrs.size()) csrs[csr_count++] = {address, value};
  }
};

}  // namespace hartbeat
